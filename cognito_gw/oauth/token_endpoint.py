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
    "invalid_client": "is its id right, and its secret? CGW_CLIENT_SECRET gives one "
    "that AWS was not asked for",
    "invalid_grant": "a code or refresh token works once, and not for long: sign in "
    "anew",
    "invalid_request": "what was sent is not what the user pool expects",
    "invalid_scope": "the app client allows the scopes of its `oauth_scopes` only",
    "redirect_mismatch": "register the address in `callback_urls`, to the letter",
    "unauthorized_client": "the app client allows the flows of its `oauth_flows` only",
}


class OAuthRefused(CgwError):
    """Raised for an OAuth error: its code, its words, and what can be done."""

    def __init__(self, error: str, description: str | None = None) -> None:
        """Keep the `error` as the standard spells it."""
        self.error = error
        description = " ".join((description or "").split())
        words = f" ({description})" if description and description != error else ""
        hint = _ADVICE.get(description, _ADVICE.get(error))
        super().__init__(f"no tokens: {error}{words}", hint=hint)


class TokenEndpoint:
    """Exchanges what an app client has for tokens."""

    def __init__(self, provider: Provider, client: AppClient, tell: Tell) -> None:
        """Ask the provider's endpoint; `tell` of each request."""
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
        """Return the access token of the app client itself."""
        scope = {"scope": " ".join(scopes)} if scopes else {}
        return self._ask(grant_type="client_credentials", **scope)

    def refreshed(self, tokens: Tokens) -> Tokens:
        """Return new tokens for a refresh token; the old one stays unless rotated."""
        old = tokens.refresh_token or ""
        fresh = self._ask(grant_type="refresh_token", refresh_token=old)
        return replace(fresh, refresh_token=fresh.refresh_token or old)

    def _ask(self, **form: str) -> Tokens:
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if self._client.secret is None:
            form["client_id"] = self._client.client_id
        else:
            headers.append(("Authorization", self._basic()))
        response = send("POST", self._url, headers, [], urlencode(form).encode())
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
    """Return the tokens of an OAuth answer."""
    return Tokens.lasting(
        _seconds(answer.get("expires_in")),
        access_token=answer["access_token"],
        id_token=answer.get("id_token"),
        refresh_token=answer.get("refresh_token"),
        token_type=answer.get("token_type", "Bearer"),
        by_oauth=True,
    )


def _seconds(text: Any) -> int:
    """Return a number of seconds; none where it is not one."""
    try:
        return int(text)
    except (TypeError, ValueError):
        return 0


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
