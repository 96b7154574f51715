"""The local user pools: the parts of the service, and signed-in sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cognito_gw.local.cognito.challenges import Challenges, Lockout
from cognito_gw.local.cognito.checks import (
    check_secret,
    check_secret_hash,
    client_of,
    require_flow,
    required,
    rotates,
    signed_in_user,
    user_of_claims,
    user_of_pool,
)
from cognito_gw.local.cognito.codes import Codes
from cognito_gw.local.cognito.oauth import Authorization
from cognito_gw.local.cognito.profile import Profile
from cognito_gw.local.cognito.sign_in import SignIn
from cognito_gw.local.cognito.sign_up import SignUp
from cognito_gw.local.cognito.tokens import Tokens
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.cognito.directory import AppClient, User
    from cognito_gw.local.cognito.tokens import Grant, Keys
    from cognito_gw.local.events import Activity

    Request = dict[str, Any]
    Answer = dict[str, Any]


class Sessions:
    """Gives tokens to who has signed in, and takes them back."""

    def __init__(self, tokens: Tokens) -> None:
        """Give `tokens`."""
        self._tokens = tokens
        self.operations: dict[str, Callable[[Request], Answer]] = {
            "GetTokensFromRefreshToken": self._exchange,
            "RevokeToken": self._revoke,
            "GlobalSignOut": self._sign_out,
            "AdminUserGlobalSignOut": self._admin_sign_out,
            "AdminDisableUser": self._disable,
        }

    def open(self, client: AppClient, user: User) -> Answer:
        """Return the tokens of a sign-in by API."""
        return _result(self._tokens.issue(client, user))

    def refresh(self, client: AppClient, parameters: dict[str, str]) -> Answer:
        """Answer the flow REFRESH_TOKEN_AUTH."""
        require_flow(client, "ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN_AUTH")
        if rotates(client):
            raise AwsFault(
                "InvalidParameterException",
                "Refresh token rotation is enabled: use GetTokensFromRefreshToken",
            )
        grant = self._tokens.granted(client, required(parameters, "REFRESH_TOKEN"))
        check_secret_hash(client, grant.username, parameters)
        user = signed_in_user(client.pool_id, grant.username, grant.stamp)
        return _result(self._tokens.refreshed(client, user, grant))

    def _exchange(self, request: Request) -> Answer:
        client = client_of(request)
        check_secret(client, request.get("ClientSecret"))
        token = required(request, "RefreshToken")
        grant = self._tokens.granted(client, token)
        user = signed_in_user(client.pool_id, grant.username, grant.stamp)
        return _result(self.renewed(client, user, grant, token))

    def renewed(
        self, client: AppClient, user: User, grant: Grant, token: str
    ) -> dict[str, Any]:
        """Return new tokens for a refresh token, and where it rotates a new one."""
        result = self._tokens.refreshed(client, user, grant)
        if rotates(client):
            rotation = client.settings["RefreshTokenRotation"]
            grace = rotation.get("RetryGracePeriodSeconds") or 0
            result["RefreshToken"] = self._tokens.rotated(token, grace)
        return result

    def _revoke(self, request: Request) -> Answer:
        client = client_of(request)
        check_secret(client, request.get("ClientSecret"))
        if not client.settings.get("EnableTokenRevocation", True):
            raise AwsFault(
                "UnsupportedOperationException", "Token revocation is not enabled"
            )
        self._tokens.revoke(required(request, "Token"), client.id)
        return {}

    def _sign_out(self, request: Request) -> Answer:
        claims = self._tokens.of_access_token(required(request, "AccessToken"))
        self._tokens.revoke_all(user_of_claims(claims))
        return {}

    def _admin_sign_out(self, request: Request) -> Answer:
        self._tokens.revoke_all(user_of_pool(request))
        return {}

    def _disable(self, request: Request) -> Answer:
        """Keep a user out; what is revoked with that stays so when it is undone."""
        user = user_of_pool(request)
        self._tokens.revoke_all(user)
        user.disable()
        return {}


def _result(tokens: dict[str, Any]) -> Answer:
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}


# Moto would answer these by its own key, whose private half is published.
_NOT_HERE = (
    "CompleteWebAuthnRegistration ConfirmDevice DeleteWebAuthnCredential ForgetDevice "
    "GetDevice ListDevices ListUserSessions ListWebAuthnCredentials RevokeUserSession "
    "SetUserSettings StartWebAuthnRegistration UpdateDeviceStatus"
)


class Cognito:
    """Signs people in: by API here, by pages and OAuth through its parts.

    All of it belongs to the thread that owns moto's objects.
    """

    def __init__(
        self, keys: Keys, url: str, activity: Activity, lockout: Lockout | None = None
    ) -> None:
        """Sign with `keys`; issuers live under `url`; `activity` shows the mail."""
        lockout = lockout or Lockout()
        self.codes = Codes(activity)
        self.challenges = Challenges()
        self.tokens = Tokens(keys, url)
        sessions = Sessions(self.tokens)
        self.sign_in = SignIn(self.challenges, self.codes, sessions, lockout)
        self.sign_up = SignUp(self.codes)
        self.profile = Profile(self.tokens, self.challenges, self.codes, lockout)
        self.authorization = Authorization(self.tokens, sessions)
        self.operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            **dict.fromkeys(_NOT_HERE.split(), _not_here),
            **sessions.operations,
            **self.sign_in.operations,
            **self.sign_up.operations,
            **self.profile.operations,
        }


def _not_here(_: dict[str, Any]) -> NoReturn:
    raise AwsFault(
        "InvalidParameterException", "The local AWS does not have this operation yet"
    )
