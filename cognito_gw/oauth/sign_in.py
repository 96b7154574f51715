"""Sign-in with a password (USER_PASSWORD_AUTH), its challenges, and refresh."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.faults import code_of, message_of
from cognito_gw.errors import CgwError, Missing
from cognito_gw.oauth.tokens import Tokens, claims_of

if TYPE_CHECKING:
    from collections.abc import Callable

_ADVICE = {
    "NotAuthorizedException": "is the password in the file still the user's? `cgw up` "
    "never resets one",
    "UserNotFoundException": "`cgw user` makes the users of the file",
    "UserNotConfirmedException": "confirm the sign-up with the code that was sent",
    "PasswordResetRequiredException": "set a new password with the code that was sent",
    "InvalidParameterException": "is the sign-in flow enabled for this app client? "
    "`cgw client` sets it as the file says",
    "ResourceNotFoundException": "`cgw status` shows whether the app client exists",
}


@dataclass(frozen=True)
class Client:
    """An app client as one that signs in knows it."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


class SignInRefused(CgwError):
    """Raised when Cognito does not give tokens: its code, and what can be done."""

    def __init__(self, user: str, error: ClientError) -> None:
        """Word what Cognito answered about `user`."""
        self.code = code_of(error)
        super().__init__(
            f"no tokens for {user}: {message_of(error)} ({self.code})",
            hint=_ADVICE.get(self.code),
        )


class SignIn:
    """Signs in to one app client; `cognito` is a client without credentials."""

    def __init__(
        self, cognito: Any, client: Client, new_password: Callable[[str], str]
    ) -> None:
        """Ask `new_password(user)` when Cognito demands another password."""
        self.cognito = cognito
        self.client = client
        self.new_password = new_password

    def with_password(self, user: str, password: str) -> Tokens:
        """Return tokens for a user name and a password."""
        parameters = {"USERNAME": user, "PASSWORD": password} | self._hash(user)
        try:
            answer = self.cognito.initiate_auth(
                ClientId=self.client.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters=parameters,
            )
            while challenge := answer.get("ChallengeName"):
                answer = self._respond(challenge, user, answer)
        except ClientError as error:
            raise SignInRefused(user, error) from None
        return _tokens(answer["AuthenticationResult"])

    def refreshed(self, tokens: Tokens) -> Tokens | None:
        """Return new tokens for the refresh token, or None when it is no good."""
        if tokens.refresh_token is None:
            return None
        # The hash is over the user name that Cognito gave, not over an email address.
        user = str(claims_of(tokens.access_token).get("username", ""))
        parameters = {"REFRESH_TOKEN": tokens.refresh_token} | self._hash(user)
        try:
            answer = self.cognito.initiate_auth(
                ClientId=self.client.client_id,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters=parameters,
            )
        except ClientError:
            return None
        return _tokens(answer["AuthenticationResult"], tokens.refresh_token)

    def _respond(self, challenge: str, user: str, answer: Any) -> Any:
        if challenge != "NEW_PASSWORD_REQUIRED":
            raise Missing(
                f"no tokens for {user}: Cognito asks for {challenge}, "
                "which cgw does not answer yet",
                hint="sign in through the hosted UI: `cgw outputs` has its address",
            )
        internal = answer["ChallengeParameters"].get("USER_ID_FOR_SRP", user)
        responses = {"USERNAME": internal, "NEW_PASSWORD": self.new_password(user)}
        return self.cognito.respond_to_auth_challenge(
            ClientId=self.client.client_id,
            ChallengeName=challenge,
            Session=answer["Session"],
            ChallengeResponses=responses | self._hash(internal),
        )

    def _hash(self, user: str) -> dict[str, str]:
        if self.client.secret is None:
            return {}
        return {"SECRET_HASH": secret_hash(user, self.client)}


def secret_hash(user: str, client: Client) -> str:
    """Return the proof, for one user, that the caller knows the client's secret."""
    message = (user + client.client_id).encode()
    digest = hmac.digest((client.secret or "").encode(), message, hashlib.sha256)
    return base64.b64encode(digest).decode()


def _tokens(result: dict[str, Any], refresh_token: str | None = None) -> Tokens:
    return Tokens(
        access_token=result["AccessToken"],
        id_token=result.get("IdToken"),
        refresh_token=result.get("RefreshToken", refresh_token),
        token_type=result.get("TokenType", "Bearer"),
        expires_at=time.time() + result["ExpiresIn"],
    )
