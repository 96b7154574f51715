"""Sign-in on the pages of the user pool, in the user's browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth.callback_server import Callback, Loopback
from cognito_gw.oauth.token_endpoint import OAuthRefused, TokenEndpoint, tokens_in
from cognito_gw.oauth.tokens import Keys, at_hash, claims_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cognito_gw.oauth.app_client import AppClient, Provider, Tell
    from cognito_gw.oauth.tokens import Tokens

_DEFAULT_CALLBACK = "http://localhost:8765/callback"


@dataclass(frozen=True)
class Browser:
    """How to open an address, and how many seconds to wait for the redirect."""

    show: Callable[[str], None]
    seconds: float


class BrowserSignIn:
    """Signs in to one app client on the sign-in page."""

    def __init__(
        self, provider: Provider, client: AppClient, browser: Browser, tell: Tell
    ) -> None:
        """Open the provider's pages in the `browser`; `tell` about each request."""
        self._provider = provider
        self._client = client
        self._browser = browser
        self._tell = tell

    def by_code(self, scopes: Sequence[str], user: str | None) -> Tokens:
        """Return tokens for an authorization code, protected by PKCE (RFC 7636)."""
        endpoint = TokenEndpoint(self._provider, self._client, self._tell)
        verifier = secrets.token_urlsafe(64)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        answer, nonce, url = self._authorized(asked, scopes, user)
        if "code" not in answer:
            raise OAuthRefused("the redirect has no code")
        tokens = endpoint.for_code(answer["code"], url, verifier)
        self._require_own(tokens, nonce)
        return tokens

    def by_fragment(self, scopes: Sequence[str], user: str | None) -> Tokens:
        """Return tokens from the URL fragment (implicit flow)."""
        asked = {"response_type": "token"}
        answer, nonce, _ = self._authorized(asked, scopes, user)
        if "access_token" not in answer:
            raise OAuthRefused("the redirect has no access token")
        tokens = tokens_in(answer)
        self._require_own(tokens, nonce)
        return tokens

    def _authorized(
        self, asked: dict[str, str], scopes: Sequence[str], user: str | None
    ) -> tuple[dict[str, str], str, str]:
        """Return the parameters of the redirect, the nonce, and the callback URL."""
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        by_fragment = asked["response_type"] == "token"
        with self._listener(state, by_fragment=by_fragment) as listener:
            query = asked | {
                "client_id": self._client.client_id,
                "redirect_uri": listener.url,
                "state": state,
                "nonce": nonce,
            }
            if scopes:
                query["scope"] = " ".join(scopes)
            if user:
                query["login_hint"] = user
            page = self._provider.endpoint("authorization")
            self._browser.show(f"{page}?{urlencode(query)}")
            answer = listener.wait(self._browser.seconds)
        if "error" in answer:
            raise OAuthRefused(answer["error"], answer.get("error_description"))
        return answer, nonce, listener.url

    def _listener(self, state: str, *, by_fragment: bool) -> Loopback:
        """Return a listener for the first callback URL whose port is free."""
        registered = self._client.callback_urls
        if self._client.settings is None:
            registered = [_DEFAULT_CALLBACK]
        urls = [url for url in registered if Callback.of(url)]
        if not urls:
            raise UsageError(
                "the app client has no callback URL on this machine: "
                f"{', '.join(registered) or 'it has none'}",
                hint=f"add {_DEFAULT_CALLBACK} to its `callback_urls`",
            )
        for url in urls:
            try:
                return Loopback(url, state, by_fragment=by_fragment)
            except CgwError as error:
                problem = error
        raise problem

    def _require_own(self, tokens: Tokens, nonce: str) -> None:
        """Raise CgwError for tokens that this sign-in did not request."""
        keys = Keys(self._provider, self._tell)
        for token in filter(None, (tokens.access_token, tokens.id_token)):
            if flaw := keys.flaw_of(token):
                raise CgwError(f"the returned token is not valid: {flaw.words}")
        if not self._answers_us(tokens, nonce):
            raise CgwError(
                "the returned tokens were not issued for this sign-in",
                hint="was another sign-in in progress? run the command again",
            )

    def _answers_us(self, tokens: Tokens, nonce: str) -> bool:
        """Whether they were issued together, for this app client and nonce."""
        us = self._client.client_id
        if claims_of(tokens.access_token).get("client_id") != us:
            return False
        if tokens.id_token is None:  # without the scope openid
            return True
        identity = claims_of(tokens.id_token)
        given = str(identity.get("nonce", "")).encode()
        half = at_hash(tokens.access_token)
        return (
            identity.get("aud") == us
            and hmac.compare_digest(given, nonce.encode())
            and identity.get("at_hash", half) == half
        )
