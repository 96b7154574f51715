"""The token endpoint of a domain: its grants, refresh and revocation."""

from __future__ import annotations

import base64
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import code_of
from cognito_gw.errors import CgwError
from cognito_gw.oauth.request import send
from cognito_gw.oauth.sign_in import tokens_of
from cognito_gw.oauth.tokens import Tokens, claims_of
from cognito_gw.text import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cognito_gw.oauth.app_client import AppClient, Provider, Tell


_ADVICE = {
    "invalid_client": "check its ID and its secret; CGW_CLIENT_SECRET sets a secret "
    "that cgw cannot read from AWS",
    "invalid_grant": "a code works once, for a short time, and the refresh token may "
    "have expired: sign in again",
    "invalid_request": "the user pool does not accept this request",
    "invalid_scope": "the app client allows only the scopes in its `oauth_scopes`",
    "redirect_mismatch": "register exactly this address in `callback_urls`",
    "unauthorized_client": "the app client allows only the flows in its `oauth_flows`",
}


class OAuthRefused(CgwError):
    """Raised for an OAuth error; `error` is its code (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str | None = None) -> None:
        """Describe the `error`, with advice."""
        self.error = error
        description = " ".join((description or "").split())
        words = f" ({description})" if description and description != error else ""
        hint = _ADVICE.get(description, _ADVICE.get(error))
        super().__init__(f"no tokens: {error}{words}", hint=hint)


class TokenEndpoint:
    """Exchanges grants for tokens (RFC 6749)."""

    def __init__(self, provider: Provider, client: AppClient, tell: Tell) -> None:
        """Use the provider's endpoint; `tell` about each request."""
        self._url = provider.endpoint("token")
        self._client = client
        self._tell = tell

    def for_code(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Return the tokens for an authorization code, which works once."""
        return self._ask(
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
        )

    def for_machine(self, scopes: Sequence[str]) -> Tokens:
        """Return the access token of the app client itself (client credentials)."""
        scope = {"scope": " ".join(scopes)} if scopes else {}
        return self._ask(grant_type="client_credentials", **scope)

    def refreshed(self, tokens: Tokens) -> Tokens:
        """Return new tokens for a refresh token, which stays valid unless rotated."""
        old = tokens.refresh_token or ""
        fresh = self._ask(grant_type="refresh_token", refresh_token=old)
        return replace(fresh, refresh_token=fresh.refresh_token or old)

    def _ask(self, **form: str) -> Tokens:
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if self._client.secret is None:
            form["client_id"] = self._client.client_id
        else:
            headers.append(("Authorization", self._basic()))
        response = send("POST", self._url, headers, urlencode(form).encode())
        self._tell(f"POST {self._url}: {response.status_code}")
        answer = json_object(response.content)
        is_given = isinstance(answer.get("access_token"), str)
        if response.status_code != HTTPStatus.OK or not is_given:
            error = str(answer.get("error", f"HTTP {response.status_code}"))
            raise OAuthRefused(error, answer.get("error_description"))
        return tokens_in(answer)

    def _basic(self) -> str:
        pair = f"{self._client.client_id}:{self._client.secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def tokens_in(answer: Mapping[str, Any]) -> Tokens:
    """Return the tokens of a token response."""
    return Tokens.lasting(
        _seconds(answer.get("expires_in")),
        access_token=answer["access_token"],
        id_token=answer.get("id_token"),
        refresh_token=answer.get("refresh_token"),
        token_type=answer.get("token_type", "Bearer"),
        by_oauth=True,
    )


def _seconds(text: Any) -> int:
    """Return a number of seconds; 0 if it is not a number."""
    try:
        return int(text)
    except (TypeError, ValueError):
        return 0


class Renewal:
    """Refreshes and revokes API sign-ins; `cognito` is a client without credentials."""

    def __init__(self, cognito: Any, client: AppClient) -> None:
        """Work with refresh tokens of the app client."""
        self._cognito = cognito
        self._client = client
        self._secret = {"ClientSecret": client.secret} if client.secret else {}

    def refreshed(self, tokens: Tokens) -> Tokens | None:
        """Return new tokens for the refresh token, or None if it is not valid."""
        if tokens.refresh_token is None:
            return None
        ways = [self._exchanged] if self._client.rotates else [self._again]
        if self._client.settings is None:  # unknown whether it rotates
            ways = [self._again, self._exchanged]
        for way in ways:
            try:
                return way(tokens)
            except ClientError:
                continue
        return None

    def revoke(self, refresh_token: str) -> bool:
        """Revoke a refresh token; return whether the app client allows revocation."""
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
        # SECRET_HASH uses the user name in Cognito, not an email address.
        user = str(claims_of(tokens.access_token).get("username", ""))
        parameters = {"REFRESH_TOKEN": tokens.refresh_token} | self._client.proof(user)
        answer = self._cognito.initiate_auth(
            ClientId=self._client.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters=parameters,
        )
        return tokens_of(answer["AuthenticationResult"], tokens.refresh_token)

    def _exchanged(self, tokens: Tokens) -> Tokens:
        """Refresh with rotation: the response has a new refresh token."""
        answer = self._cognito.get_tokens_from_refresh_token(
            RefreshToken=tokens.refresh_token,
            ClientId=self._client.client_id,
            **self._secret,
        )
        return tokens_of(answer["AuthenticationResult"], tokens.refresh_token)
