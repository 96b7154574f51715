"""Signed-in users: their tokens, refreshed and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.identity.checks import (
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.identity.directory import AppClient, User
    from cognito_gw.local.identity.tokens import Grant, Tokens

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
