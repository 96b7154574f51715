"""Signs in at the sign-in page of the local AWS, as somebody in a browser would."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from cognito_gw.errors import CgwError
from cognito_gw.oauth.request import send
from cognito_gw.oauth.token_endpoint import OAuthRefused, TokenEndpoint, tokens_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.config.secret import Password
    from cognito_gw.oauth.client import AppClient
    from cognito_gw.oauth.provider import Provider
    from cognito_gw.oauth.tokens import Tokens

RESPONSE_TYPES = {"browser": "code", "implicit": "token"}  # by flow
_PAGE, _ENDPOINT = "/login", "/oauth2/authorize"


class SignInPage:
    """The page of one app client; nothing listens for what it answers."""

    def __init__(self, provider: Provider, client: AppClient) -> None:
        """Sign in to the `client` of a pool."""
        self._provider = provider
        self._client = client
        self._callback = client.callback_urls[0]

    def tokens(
        self, flow: str, user: str, password: Password, scopes: Sequence[str]
    ) -> Tokens:
        """Return the tokens that an app would have of this sign-in."""
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
                f"the sign-in page does not let {user} in by the password alone",
                hint="where it asks for a second factor, use a machine's `app_client`",
            )
        endpoint = TokenEndpoint(self._provider, self._client, lambda _: None)
        return endpoint.for_code(answer["code"], self._callback, verifier="")

    def _answer(
        self, asked: dict[str, str], user: str, password: Password
    ) -> dict[str, str]:
        """Send the form, and return what the page tells the app."""
        page = self._provider.endpoint("authorization").removesuffix(_ENDPOINT) + _PAGE
        csrf = secrets.token_urlsafe(32)
        headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", f"XSRF-TOKEN={csrf}"),
        ]
        form = {"username": user, "password": password.reveal(), "_csrf": csrf}
        url = f"{page}?{urlencode(asked)}"
        body = urlencode(form).encode()
        sent_to = send("POST", url, headers, [], body).headers.get("Location", "")
        if not sent_to.startswith(self._callback):
            return {}
        parts = urlsplit(sent_to)
        return dict(parse_qsl(parts.query or parts.fragment))
