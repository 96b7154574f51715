"""Signs in the users of a stack for tests, and keeps their tokens in memory."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from cognito_gw.app.auth import TokenSource, app_client, provider_of
from cognito_gw.app.prompter import PresetAnswers
from cognito_gw.app.token_request import TokenRequest, is_machine
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth.flows import choose
from cognito_gw.oauth.request import send
from cognito_gw.oauth.token_endpoint import OAuthRefused, TokenEndpoint, tokens_in
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.app.context import Context
    from cognito_gw.config.variables import Password
    from cognito_gw.oauth.app_client import AppClient, Provider
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.tokens import Tokens


RESPONSE_TYPES = {"browser": "code", "implicit": "token"}  # by flow
_PAGE, _ENDPOINT = "/login", "/oauth2/authorize"


class SignInPage:
    """The sign-in page of one app client, used without a browser."""

    def __init__(self, provider: Provider, client: AppClient) -> None:
        """Sign in to an app client."""
        self._provider = provider
        self._client = client
        self._callback = client.callback_urls[0]

    def tokens(
        self, flow: str, user: str, password: Password, scopes: Sequence[str]
    ) -> Tokens:
        """Return the tokens that an application would get from this sign-in."""
        asked = {
            "client_id": self._client.client_id,
            "redirect_uri": self._callback,
            "response_type": RESPONSE_TYPES[flow],
        }
        asked |= {"scope": " ".join(scopes)} if scopes else {}
        answer = self._answer(asked, user, password)
        if "error" in answer:
            raise OAuthRefused(answer["error"], answer.get("error_description"))
        if "access_token" in answer:
            return tokens_in(answer)
        if "code" not in answer:
            raise CgwError(
                f"the sign-in page does not accept only the password of {user}",
                hint="with a second factor, use the `app_client` of a machine",
            )
        endpoint = TokenEndpoint(self._provider, self._client, lambda _: None)
        return endpoint.for_code(answer["code"], self._callback, verifier="")

    def _answer(
        self, asked: dict[str, str], user: str, password: Password
    ) -> dict[str, str]:
        """Send the form; return the parameters of the redirect."""
        page = self._provider.endpoint("authorization").removesuffix(_ENDPOINT) + _PAGE
        csrf = secrets.token_urlsafe(32)
        headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", f"XSRF-TOKEN={csrf}"),
        ]
        form = {"username": user, "password": password.reveal(), "_csrf": csrf}
        url = f"{page}?{urlencode(asked)}"
        body = urlencode(form).encode()
        sent_to = send("POST", url, headers, body).headers.get("Location", "")
        if not sent_to.startswith(self._callback):
            return {}
        parts = urlsplit(sent_to)
        return dict(parse_qsl(parts.query or parts.fragment))


class SignIns:
    """The tokens of this process, in memory only."""

    def __init__(self, context: Context) -> None:
        """Sign in to the stack of a context."""
        self.context = context
        self.passwords = {
            user.username: user.password
            for user in context.config.users
            if user.password is not None
        }
        self._kept: dict[Key, Tokens] = {}
        self._lock = threading.Lock()

    def password(self, user: str) -> str:
        """Return a user's password; raise UsageError for an unknown user."""
        if user not in self.passwords:
            what = f"the file has no user `{user}`"
            raise UsageError(unknown(what, user, self.passwords))
        return self.passwords[user].reveal()

    def request(
        self, user: str | None, client: str | None, scopes: Sequence[str] = ()
    ) -> TokenRequest:
        """Return the request for tokens of a user; by default the first in the file."""
        settings = self.context.config.app_clients.get(client or "")
        is_of_machine = settings is not None and is_machine(settings)
        if user is None and is_of_machine:
            return TokenRequest(client=client, scopes=tuple(scopes))
        user = user or next(iter(self.passwords), None)
        if user is None:
            hint = "add one to `users:`, or name the `app_client` of a machine"
            raise UsageError("the file has no user to sign in", hint=hint)
        self.password(user)  # there is one
        # The secret of an authenticator app, if the user must set one up.
        secret = self.context.state / f"{quote(user, safe='')}.totp"
        prepared = PresetAnswers(totp_secret=secret)
        return TokenRequest(user, client, scopes=tuple(scopes), preset=prepared)

    def tokens(self, request: TokenRequest) -> Tokens:
        """Return valid tokens; equal requests share one sign-in."""
        key = request.key(self.context)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or not kept.is_fresh:
                kept = self._kept[key] = self._signed_in(key, request)
            return kept

    def _signed_in(self, key: Key, request: TokenRequest) -> Tokens:
        try:
            return self._by_flow(key, request)
        except CgwError as problem:
            # pytest prints the arguments of each frame, and some are passwords.
            raise problem.with_traceback(None) from None

    def _by_flow(self, key: Key, request: TokenRequest) -> Tokens:
        client = app_client(self.context, key.client)
        flow = choose(client, key.flow, key.scopes).flow
        if flow not in RESPONSE_TYPES:
            return TokenSource(self.context, key, request, client).signed_in()
        page = SignInPage(provider_of(self.context, client), client)
        return page.tokens(flow, key.user, self.passwords[key.user], key.scopes)
