"""One request of a browser to a domain, and what is answered to it."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "/_aws/cognito"
_CSRF_COOKIE, _CSRF_FIELD = "XSRF-TOKEN", "_csrf"
# What the pages put into links for each other, beside the app's own parameters.
_OURS = ("username", "notice")


class Unreadable(Exception):
    """Raised for a form that is none, or a parameter that comes twice."""


@dataclass(frozen=True)
class Visit:
    """A request, read whole."""

    origin: str  # where the local AWS is
    domain: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    cookies: Mapping[str, str]
    headers: Mapping[str, str]
    is_post: bool

    @classmethod
    async def of(cls, request: web.Request) -> Visit:
        """Read a request; of a parameter given twice, neither is surely meant."""
        try:
            form = await request.post()
        except (LookupError, ValueError) as error:  # no such charset, or not in it
            raise Unreadable from error
        for params in (request.query, form):
            if len(params) != len(set(params)):
                raise Unreadable
        return cls(
            origin=f"http://{request.host}",
            domain=request.match_info["domain"],
            query=dict(request.query),
            form={name: str(value) for name, value in form.items()},
            cookies=request.cookies,
            headers=request.headers,
            is_post=request.method == "POST",
        )

    def link(self, path: str, **ours: str) -> str:
        """Return the address of another page, for the same app's request."""
        kept = {name: self.query[name] for name in self.query if name not in _OURS}
        query = urlencode(kept | ours)
        return f"{BASE}/{self.domain}{path}" + (f"?{query}" if query else "")

    @property
    def csrf_token(self) -> str:
        """What a form must bring back: known to this browser and our pages alone."""
        return self.cookies.get(_CSRF_COOKIE) or secrets.token_urlsafe(32)

    def check_csrf(self) -> None:
        """Refuse a form that another site's page sent, or one without our cookie."""
        known = self.cookies.get(_CSRF_COOKIE, "")
        given = self.form.get(_CSRF_FIELD, "")
        is_same = hmac.compare_digest(_octets(known), _octets(given))
        sender = self.headers.get("Origin", self.origin)
        if not known or not is_same or sender != self.origin:
            raise AwsFault(
                "InvalidParameterException",
                "This form has gone stale. Please send it once more.",
            )

    def remember(self, response: web.StreamResponse, name: str, value: str) -> None:
        """Set a cookie for the pages of this domain."""
        response.set_cookie(
            name, value, path=f"{BASE}/{self.domain}", httponly=True, samesite="Lax"
        )

    def remember_csrf(self, response: web.StreamResponse, token: str) -> None:
        """Set the cookie that the next form is compared with."""
        self.remember(response, _CSRF_COOKIE, token)

    def forget(self, response: web.StreamResponse, name: str) -> None:
        """Delete a cookie."""
        response.del_cookie(name, path=f"{BASE}/{self.domain}")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def redirect(url: str) -> web.Response:
    """Send the browser elsewhere."""
    headers = {"Location": url, "Cache-Control": "no-store"}
    return web.Response(status=302, headers=headers)
