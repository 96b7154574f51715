"""Sign-in through the API, against a fake Cognito."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from fakes import refusal

from cognito_gw.errors import CgwError, Missing
from cognito_gw.oauth.app_client import AppClient
from cognito_gw.oauth.sign_in import SignIn, SignInRefused
from cognito_gw.oauth.token_endpoint import Renewal
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


def challenge(name, available=None, **parameters):
    """Return a response of Cognito with a challenge."""
    parameters = {"USER_ID_FOR_SRP": "sub-1"} | parameters
    answer = {
        "ChallengeName": name,
        "Session": "one",
        "ChallengeParameters": parameters,
    }
    return answer | ({"AvailableChallenges": available} if available else {})


NEW_PASSWORD = challenge("NEW_PASSWORD_REQUIRED")
MFA_SETUP = challenge("MFA_SETUP", MFAS_CAN_SETUP='["SOFTWARE_TOKEN_MFA"]')
SENT = {"CODE_DELIVERY_DESTINATION": "a***@e***"}


class FakeCognito:
    """Returns or raises its responses in turn, and records its requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def __getattr__(self, operation):
        def call(**sent):
            self.sent.append((operation, sent))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    @property
    def responses(self):
        """The responses to the challenges."""
        return [sent["ChallengeResponses"] for _, sent in self.sent[1:]]


class Ready:
    """Has a response to each prompt, and allows every retry."""

    def __init__(self, patience=0):
        self.patience = patience
        self.asked = []

    def password(self, user):
        return f"pw-{user}"

    def new_password(self, user):
        self.asked.append("new password")
        return f"new-{user}"

    def attribute(self, user, name):
        return f"{name} of {user}"

    def sent_code(self, _, source):
        self.asked.append(source)
        return "123456"

    def app_code(self, _):
        self.asked.append("app")
        return "654321"

    def choice(self, _, options):
        self.asked.append(tuple(options))
        return options[-1]

    def set_up_app(self, _, secret):
        self.asked.append(secret)
        return "111111"

    def again(self, code, words):
        self.asked.append((code, words))
        self.patience -= 1
        return self.patience >= 0


def sign_in(*answers, secret=None, patience=0):
    """Return a sign-in to a fake Cognito, and the fake."""
    cognito, ready = FakeCognito(*answers), Ready(patience)
    client = AppClient("eu-west-1_Pool", "client-1", secret, {})
    doing = SignIn(cognito, client, ready)
    doing.ready = ready
    return doing, cognito


def proof(user):
    """Return the SECRET_HASH as Cognito documents it."""
    digest = hmac.new(b"shh", f"{user}client-1".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def test_a_password_gives_tokens():
    """All three, with their lifetime."""
    doing, cognito = sign_in(RESULT)
    tokens = doing.with_password("alice")
    assert (tokens.access_token, tokens.id_token) == ("access", "id")
    assert tokens.refresh_token == "refresh"
    assert tokens.expires_in in (3599, 3600)
    assert cognito.sent == [
        (
            "initiate_auth",
            {
                "ClientId": "client-1",
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": "alice", "PASSWORD": "pw-alice"},
            },
        )
    ]


def test_srp_sends_no_password():
    """It sends a proof, under the user name that Cognito returns."""
    asked = challenge("PASSWORD_VERIFIER", SRP_B="2", SALT="1", SECRET_BLOCK="AAAA")
    del asked["Session"]  # AWS returns none here
    doing, cognito = sign_in(asked, RESULT)
    assert doing.with_srp("alice").id_token == "id"
    opening, answer = (sent for _, sent in cognito.sent)
    assert opening["AuthFlow"] == "USER_SRP_AUTH"
    assert opening["AuthParameters"].keys() == {"USERNAME", "SRP_A"}
    assert "Session" not in answer
    assert answer["ChallengeResponses"]["USERNAME"] == "sub-1"
    assert "pw-alice" not in str(cognito.sent)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"SRP_B": "0", "SALT": "1", "SECRET_BLOCK": "AAAA"},
        {"SRP_B": "2", "SALT": "?", "SECRET_BLOCK": "AAAA"},
        {"SRP_B": "2", "SALT": "1", "SECRET_BLOCK": "A"},
    ],
)
def test_a_side_of_srp_that_makes_no_sense_is_an_error(parameters):
    """From Cognito or from an emulator."""
    doing, _ = sign_in(challenge("PASSWORD_VERIFIER", **parameters))
    with pytest.raises(CgwError, match="SRP"):
        doing.with_srp("alice")


def test_a_proof_that_nothing_has_begun_is_not_given():
    """It raises no traceback."""
    doing, _ = sign_in(challenge("PASSWORD_VERIFIER", SRP_B="2", SALT="1"))
    with pytest.raises(CgwError, match="out of order"):
        doing.with_password("alice")


def test_a_client_with_a_secret_proves_that_it_knows_it():
    """With the user name that Cognito uses at that step."""
    doing, cognito = sign_in(NEW_PASSWORD, RESULT, secret="shh")
    doing.with_password("alice")
    (_, first), (_, second) = cognito.sent
    assert first["AuthParameters"]["SECRET_HASH"] == proof("alice")
    assert second["ChallengeResponses"]["SECRET_HASH"] == proof("sub-1")


def test_a_secret_hash_is_as_aws_documents_it():
    """From AWS's library for .NET, AuthenticationCryptoTests.TestSecretHash."""
    client = AppClient("p", "age", "secret")
    expected = "qnR8UCqJggD55PohusaBNviGoOJ67HC6Btry4qXLVZc="
    assert client.proof("Mess") == {"SECRET_HASH": expected}


# A challenge, and the responses to it except the user name.
CASES = [
    (NEW_PASSWORD, {"NEW_PASSWORD": "new-alice"}),
    (
        challenge(
            "NEW_PASSWORD_REQUIRED",
            requiredAttributes=json.dumps(["userAttributes.name", "custom:a"]),
        ),
        {
            "NEW_PASSWORD": "new-alice",
            "userAttributes.name": "name of alice",
            "userAttributes.custom:a": "custom:a of alice",
        },
    ),
    (challenge("SOFTWARE_TOKEN_MFA"), {"SOFTWARE_TOKEN_MFA_CODE": "654321"}),
    (challenge("SMS_MFA"), {"SMS_MFA_CODE": "123456"}),
    (challenge("EMAIL_OTP"), {"EMAIL_OTP_CODE": "123456"}),
    (challenge("SMS_OTP"), {"SMS_OTP_CODE": "123456"}),
    (challenge("PASSWORD"), {"PASSWORD": "pw-alice"}),
    (
        challenge("SELECT_MFA_TYPE", MFAS_CAN_CHOOSE='["SMS_MFA", "EMAIL_OTP"]'),
        {"ANSWER": "EMAIL_OTP"},
    ),
    (challenge("SELECT_CHALLENGE", ["WEB_AUTHN", "SMS_OTP"]), {"ANSWER": "SMS_OTP"}),
    (
        challenge("SELECT_CHALLENGE", ["SMS_OTP", "PASSWORD"]),
        {"ANSWER": "PASSWORD", "PASSWORD": "pw-alice"},
    ),
]


@pytest.mark.parametrize(
    ("asked", "responses"), CASES, ids=lambda x: x.get("ChallengeName")
)
def test_a_challenge_is_answered(asked, responses):
    """In its session, for the user name that Cognito returned."""
    doing, cognito = sign_in(asked, RESULT)
    assert doing.with_choice("alice").id_token == "id"
    _, answer = cognito.sent[1]
    assert answer == {
        "ClientId": "client-1",
        "ChallengeName": asked["ChallengeName"],
        "Session": "one",
        "ChallengeResponses": {"USERNAME": "sub-1"} | responses,
    }
    assert doing.unanswered is None


@pytest.mark.parametrize("name", ["PASSWORD_SRP", "SELECT_CHALLENGE"])
def test_srp_may_begin_in_a_challenge(name):
    """If the user can choose among several methods."""
    verify = challenge("PASSWORD_VERIFIER", SRP_B="2", SALT="1", SECRET_BLOCK="AAAA")
    doing, cognito = sign_in(challenge(name, ["PASSWORD_SRP"]), verify, RESULT)
    doing.with_choice("alice")
    begun, proved = cognito.responses
    assert "SRP_A" in begun
    assert "PASSWORD_CLAIM_SIGNATURE" in proved


def test_challenges_follow_one_another():
    """Each uses the session of the last response; the returned user name is kept."""
    later = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "two"}
    doing, cognito = sign_in(NEW_PASSWORD, later, RESULT, secret="shh")
    doing.with_password("alice")
    _, last = cognito.sent[-1]
    assert last["Session"] == "two"
    assert last["ChallengeResponses"]["USERNAME"] == "sub-1"
    assert last["ChallengeResponses"]["SECRET_HASH"] == proof("sub-1")


def test_the_destination_of_a_code_is_shown():
    """As Cognito masks it."""
    doing, _ = sign_in(challenge("EMAIL_OTP", **SENT), RESULT)
    doing.with_password("alice")
    assert doing.ready.asked == ["the email that Cognito sent to a***@e***"]


def test_an_authenticator_app_is_set_up():
    """The session passes from the challenge to Associate, Verify and the response."""
    secret = {"SecretCode": "ABC", "Session": "two"}
    doing, cognito = sign_in(MFA_SETUP, secret, {"Session": "three"}, RESULT)
    assert doing.with_password("alice").access_token == "access"
    assert doing.ready.asked == ["ABC"]
    assert [name for name, _ in cognito.sent[1:]] == [
        "associate_software_token",
        "verify_software_token",
        "respond_to_auth_challenge",
    ]
    associate, verify, answer = (sent for _, sent in cognito.sent[1:])
    assert associate == {"Session": "one"}
    assert verify == {"Session": "two", "UserCode": "111111"}
    assert answer["Session"] == "three"
    assert answer["ChallengeResponses"] == {"USERNAME": "sub-1"}


def test_a_wrong_code_at_the_set_up_is_asked_for_again():
    """With the same secret, which the app already has."""
    secret = {"SecretCode": "ABC", "Session": "two"}
    wrong = refusal("EnableSoftwareTokenMFAException", "Code mismatch")
    doing, _ = sign_in(
        MFA_SETUP, secret, wrong, {"Session": "three"}, RESULT, patience=1
    )
    doing.with_password("alice")
    assert doing.ready.asked == [
        "ABC",
        ("EnableSoftwareTokenMFAException", "Code mismatch"),
        "ABC",
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (challenge("CUSTOM_CHALLENGE"), "Cognito asks for CUSTOM_CHALLENGE"),
        (challenge("WEB_AUTHN"), "Cognito asks for WEB_AUTHN"),
        (challenge("SELECT_CHALLENGE", ["WEB_AUTHN"]), "Cognito offers WEB_AUTHN"),
        (challenge("SELECT_CHALLENGE"), "Cognito offers nothing"),
        (challenge("MFA_SETUP", MFAS_CAN_SETUP='["SMS_MFA"]'), "one of SMS_MFA"),
    ],
)
def test_a_challenge_that_cgw_cannot_answer_is_named(asked, words):
    """With an alternative; exit code 3."""
    doing, _ = sign_in(asked)
    with pytest.raises(Missing, match=words) as caught:
        doing.with_password("alice")
    assert caught.value.hint


@pytest.mark.parametrize(
    "code",
    [
        "CodeMismatchException",
        "ExpiredCodeException",
        "InvalidPasswordException",
        "PasswordHistoryPolicyViolationException",
    ],
)
def test_a_refused_answer_is_asked_for_again(code):
    """In the same session while Cognito returns one, at most three times."""
    no = refusal(code, "Not this one.")
    doing, cognito = sign_in(NEW_PASSWORD, no, no, RESULT, patience=9)
    assert doing.with_password("alice").id_token == "id"
    assert {sent.get("Session") for _, sent in cognito.sent[1:]} == {"one"}
    doing, _ = sign_in(NEW_PASSWORD, no, no, no, RESULT, patience=9)
    with pytest.raises(SignInRefused, match=r"Not this one\."):
        doing.with_password("alice")
    doing, _ = sign_in(NEW_PASSWORD, no, RESULT)
    with pytest.raises(SignInRefused):
        doing.with_password("alice")
    assert doing.unanswered.name == "NEW_PASSWORD_REQUIRED"


@pytest.mark.parametrize(
    ("code", "words", "hint"),
    [
        ("NotAuthorizedException", "Incorrect username or password.", "the password"),
        ("NotAuthorizedException", "User is disabled.", "`cgw user enable`"),
        ("NotAuthorizedException", "Invalid session for the user.", "start again"),
        ("NotAuthorizedException", "SECRET_HASH was not received", "CLIENT_SECRET"),
        ("NotAuthorizedException", "Temporary password has expired", "`cgw user pass"),
        ("UserNotFoundException", "No.", "`cgw user`"),
        ("UserNotConfirmedException", "No.", "`cgw user confirm`"),
        ("PasswordResetRequiredException", "No.", "`cgw user password`"),
        ("InvalidParameterException", "No.", "`cgw client`"),
        ("ResourceNotFoundException", "No.", "`cgw status`"),
        ("TooManyRequestsException", "No.", ""),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_refusal_has_cognitos_words_and_our_advice(code, words, hint, is_late):
    """For the first call and for challenges; without the password."""
    first = [NEW_PASSWORD] if is_late else []
    doing, _ = sign_in(*first, refusal(code, words), patience=9)
    with pytest.raises(SignInRefused) as caught:
        doing.with_password("alice")
    assert str(caught.value) == f"no tokens for alice: {words} ({code})"
    assert hint in (caught.value.hint or "")
    assert caught.value.code == code
    assert "pw-alice" not in repr(caught.value)


def test_a_set_up_that_is_refused_says_so():
    """Associate can fail as well."""
    doing, _ = sign_in(MFA_SETUP, refusal("NotAuthorizedException", "Invalid session"))
    with pytest.raises(SignInRefused, match="Invalid session"):
        doing.with_password("alice")


def renewal(*answers, secret=None, **settings):
    """Return a refresher for a fake Cognito, and the fake."""
    cognito = FakeCognito(*answers)
    client = AppClient("p_1", "client-1", secret, settings)
    return Renewal(cognito, client), cognito


FRESH = {"AuthenticationResult": {"AccessToken": "new", "ExpiresIn": 60}}
ROTATING = {"RefreshTokenRotation": {"Feature": "ENABLED"}}
OLD = Tokens("old", 0.0, refresh_token="refresh")


def test_a_refresh_keeps_the_refresh_token(jwt):
    """Cognito returns no new one; the proof uses the user name in the token."""
    doing, cognito = renewal(FRESH, secret="shh")
    old = Tokens(jwt(username="sub-1"), 0.0, refresh_token="refresh")
    tokens = doing.refreshed(old)
    assert (tokens.access_token, tokens.refresh_token) == ("new", "refresh")
    ((_, sent),) = cognito.sent
    assert sent["AuthFlow"] == "REFRESH_TOKEN_AUTH"
    assert sent["AuthParameters"] == {
        "REFRESH_TOKEN": "refresh",
        "SECRET_HASH": proof("sub-1"),
    }


def test_a_rotated_refresh_token_takes_the_place_of_the_old():
    """Through the call that takes the client secret itself."""
    doing, cognito = renewal(RESULT, secret="shh", **ROTATING)
    old = Tokens("old", 0.0, refresh_token="old-refresh")
    assert doing.refreshed(old).refresh_token == "refresh"
    assert cognito.sent == [
        (
            "get_tokens_from_refresh_token",
            {
                "RefreshToken": "old-refresh",
                "ClientId": "client-1",
                "ClientSecret": "shh",
            },
        )
    ]


def test_where_rotation_is_not_known_both_ways_are_tried():
    """Cognito refuses the call that does not fit the client."""
    cognito = FakeCognito(refusal("InvalidParameterException"), FRESH)
    doing = Renewal(cognito, AppClient("p_1", "client-1"))
    assert doing.refreshed(OLD).access_token == "new"


def test_without_a_valid_refresh_token_the_result_is_none():
    """Without a refresh token, or with one that Cognito no longer accepts."""
    assert renewal()[0].refreshed(Tokens("a", 0.0)) is None
    doing, _ = renewal(refusal("NotAuthorizedException"))
    assert doing.refreshed(OLD) is None


def test_a_sign_in_is_revoked_where_the_client_lets_it_be():
    """With the plain secret, as RevokeToken requires."""
    doing, cognito = renewal({}, secret="shh")
    assert doing.revoke("refresh")
    assert cognito.sent == [
        (
            "revoke_token",
            {"Token": "refresh", "ClientId": "client-1", "ClientSecret": "shh"},
        )
    ]
    assert not renewal(refusal("UnsupportedOperationException"))[0].revoke("refresh")


def test_no_secret_shows_itself():
    """Neither logs nor tracebacks contain it."""
    client = AppClient("p", "client-1", "shh", {"ClientSecret": "shh"})
    doing, _ = sign_in(challenge("SMS_MFA", SALT="salt"), refusal("NotAuthorized"))
    with pytest.raises(SignInRefused):
        doing.with_password("alice")
    shown = repr(client) + repr(doing.unanswered)
    assert not [each for each in ("shh", "one", "salt") if each in shown]
