"""Sign-in with a password, against a Cognito that answers as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from fakes import refusal

from cognito_gw.errors import Missing
from cognito_gw.oauth.sign_in import Client, SignIn, SignInRefused
from cognito_gw.oauth.tokens import Tokens

RESULT = {
    "AuthenticationResult": {
        "AccessToken": "access",
        "IdToken": "id",
        "RefreshToken": "refresh",
        "ExpiresIn": 3600,
        "TokenType": "Bearer",
    }
}
NEW_PASSWORD = {
    "ChallengeName": "NEW_PASSWORD_REQUIRED",
    "Session": "session",
    "ChallengeParameters": {"USER_ID_FOR_SRP": "sub-1"},
}


class FakeCognito:
    """Gives or raises its answers in turn, and notes what it is sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def initiate_auth(self, **sent):
        """Answer the beginning of a sign-in."""
        return self._answer(sent)

    def respond_to_auth_challenge(self, **sent):
        """Answer the answer to a challenge."""
        return self._answer(sent)

    def _answer(self, sent):
        self.sent.append(sent)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def sign_in(*answers, secret=None):
    """Return a sign-in to a fake Cognito, and the fake."""
    cognito = FakeCognito(*answers)
    return SignIn(
        cognito, Client("client-1", secret), lambda user: f"new-{user}"
    ), cognito


def proof(user):
    """The SECRET_HASH as Cognito documents it."""
    digest = hmac.new(b"shh", f"{user}client-1".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def test_a_password_gives_tokens():
    """All three, and how long they last."""
    doing, cognito = sign_in(RESULT)
    tokens = doing.with_password("alice", "pw")
    assert (tokens.access_token, tokens.id_token) == ("access", "id")
    assert tokens.refresh_token == "refresh"
    assert tokens.expires_in in (3599, 3600)
    assert cognito.sent == [
        {
            "ClientId": "client-1",
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "alice", "PASSWORD": "pw"},
        }
    ]


def test_a_client_with_a_secret_proves_that_it_knows_it():
    """With the name that Cognito uses for the user at that moment."""
    doing, cognito = sign_in(NEW_PASSWORD, RESULT, secret="shh")
    doing.with_password("alice", "pw")
    first, second = cognito.sent
    assert first["AuthParameters"]["SECRET_HASH"] == proof("alice")
    assert second["ChallengeResponses"]["SECRET_HASH"] == proof("sub-1")


def test_a_new_password_is_given_where_it_is_required():
    """In the same session, for the user as Cognito names it."""
    doing, cognito = sign_in(NEW_PASSWORD, RESULT)
    assert doing.with_password("alice", "pw").id_token == "id"
    assert cognito.sent[1] == {
        "ClientId": "client-1",
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": "session",
        "ChallengeResponses": {"USERNAME": "sub-1", "NEW_PASSWORD": "new-alice"},
    }


def test_a_challenge_that_cgw_does_not_know_is_named():
    """With another way in."""
    doing, _ = sign_in({"ChallengeName": "SMS_MFA"})
    with pytest.raises(Missing, match="Cognito asks for SMS_MFA") as caught:
        doing.with_password("alice", "pw")
    assert "hosted UI" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("NotAuthorizedException", "is the password"),
        ("UserNotFoundException", "`cgw user`"),
        ("UserNotConfirmedException", "confirm"),
        ("PasswordResetRequiredException", "new password"),
        ("InvalidParameterException", "`cgw client`"),
        ("ResourceNotFoundException", "`cgw status`"),
        ("TooManyRequestsException", ""),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_refusal_has_cognitos_words_and_our_advice(code, hint, is_late):
    """At the first call or in a challenge; the password is not in it."""
    first = [NEW_PASSWORD] if is_late else []
    doing, _ = sign_in(*first, refusal(code, "No, you do not."))
    with pytest.raises(SignInRefused) as caught:
        doing.with_password("alice", "hunter2")
    assert str(caught.value) == f"no tokens for alice: No, you do not. ({code})"
    assert hint in (caught.value.hint or "")
    assert caught.value.code == code


def test_a_refresh_keeps_the_refresh_token(jwt):
    """Cognito gives no new one; the proof is over the name in the token."""
    answer = {"AuthenticationResult": {"AccessToken": "new", "ExpiresIn": 60}}
    doing, cognito = sign_in(answer, secret="shh")
    old = Tokens(jwt(username="sub-1"), 0.0, refresh_token="refresh")
    tokens = doing.refreshed(old)
    assert (tokens.access_token, tokens.refresh_token) == ("new", "refresh")
    assert cognito.sent[0]["AuthFlow"] == "REFRESH_TOKEN_AUTH"
    assert cognito.sent[0]["AuthParameters"] == {
        "REFRESH_TOKEN": "refresh",
        "SECRET_HASH": proof("sub-1"),
    }


def test_a_rotated_refresh_token_is_taken():
    """Where the app client rotates them."""
    doing, _ = sign_in(RESULT)
    tokens = doing.refreshed(Tokens("old", 0.0, refresh_token="old"))
    assert tokens.refresh_token == "refresh"


def test_what_cannot_be_refreshed_is_none():
    """No refresh token, or one that Cognito does not take any more."""
    assert sign_in()[0].refreshed(Tokens("a", 0.0)) is None
    doing, _ = sign_in(refusal("NotAuthorizedException"))
    assert doing.refreshed(Tokens("a", 0.0, refresh_token="r")) is None


def test_a_secret_does_not_show_itself():
    """Not in a log, nor in a traceback."""
    assert "shh" not in repr(Client("client-1", "shh"))
