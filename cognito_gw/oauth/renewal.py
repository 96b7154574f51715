"""Refresh tokens: exchanged for fresh tokens, and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.faults import code_of
from cognito_gw.oauth.sign_in import tokens_of
from cognito_gw.oauth.tokens import Tokens, claims_of

if TYPE_CHECKING:
    from cognito_gw.oauth.client import AppClient


class Renewal:
    """Renews sign-ins by API; `cognito` is a client without credentials."""

    def __init__(self, cognito: Any, client: AppClient) -> None:
        """Renew what was signed in through the app client."""
        self._cognito = cognito
        self._client = client
        self._secret = {"ClientSecret": client.secret} if client.secret else {}

    def refreshed(self, tokens: Tokens) -> Tokens | None:
        """Return new tokens for the refresh token, or None when it is no good."""
        if tokens.refresh_token is None:
            return None
        ways = [self._exchanged] if self._client.rotates else [self._again]
        if self._client.settings is None:  # whether it rotates is not known
            ways = [self._again, self._exchanged]
        for way in ways:
            try:
                return way(tokens)
            except ClientError:
                continue
        return None

    def revoke(self, refresh_token: str) -> bool:
        """Revoke a sign-in; return whether the app client lets that be done."""
        try:
            self._cognito.revoke_token(
                Token=refresh_token, ClientId=self._client.client_id, **self._secret
            )
        except ClientError as error:
            if code_of(error) != "UnsupportedOperationException":
                raise
            return False
        return True

    def _again(self, tokens: Tokens) -> Tokens:
        # The hash is over the user name that Cognito gave, not over an email address.
        user = str(claims_of(tokens.access_token).get("username", ""))
        parameters = {"REFRESH_TOKEN": tokens.refresh_token} | self._client.proof(user)
        answer = self._cognito.initiate_auth(
            ClientId=self._client.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters=parameters,
        )
        return tokens_of(answer["AuthenticationResult"], tokens.refresh_token)

    def _exchanged(self, tokens: Tokens) -> Tokens:
        """Refresh where each refresh token gives way to another."""
        answer = self._cognito.get_tokens_from_refresh_token(
            RefreshToken=tokens.refresh_token,
            ClientId=self._client.client_id,
            **self._secret,
        )
        return tokens_of(answer["AuthenticationResult"], tokens.refresh_token)
