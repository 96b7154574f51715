"""A browser's request to a domain, its session, and the page it receives."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.checks import signed_in_user
from cognito_gw.local.errors import AwsFault, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cognito_gw.local.cognito.directory import AppClient, User
    from cognito_gw.local.cognito.oauth import AuthorizationRequest


STYLE_PATH = "/_cgw/hosted-ui.css"
_HEADERS = {
    "Cache-Control": "no-store",
    # No form-action: browsers would also apply it to the redirect to the app.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not no-referrer: browsers would then send forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def render(
    request: Request, name: str, status: int = 200, **facts: Any
) -> web.Response:
    """Return a page, with the cookie that its forms are checked against."""
    token = request.csrf_token
    template = templates("cognito_gw.local.cognito.pages").get_template(f"{name}.html")
    html = template.render(request=request, csrf=token, style=STYLE_PATH, **facts)
    response = web.Response(
        text=html, status=status, headers=_HEADERS, content_type="text/html"
    )
    request.remember(response, _CSRF_COOKIE, token)
    return response


async def style(_: web.Request) -> web.Response:
    """Return the pages' style sheet."""
    sheet = files("cognito_gw.local.cognito.pages").joinpath("templates/style.css")
    return web.Response(text=sheet.read_text("utf-8"), content_type="text/css")


@cache
def templates(package: str) -> Environment:
    """Return the templates of a package; a missing fact is an error."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


COOKIE = "cognito"
_SECONDS = 3600


@dataclass(frozen=True)
class Browser:
    """A signed-in browser: its user, and the time of the sign-in."""

    pool_id: str
    username: str
    stamp: str  # of the user, as the name may later belong to another user
    auth_time: int = field(default_factory=lambda: int(time.time()))

    @property
    def is_old(self) -> bool:
        """Whether the hour is over."""
        return self.auth_time + _SECONDS < time.time()


@dataclass
class Browsers:
    """The signed-in browsers, by the value of their cookie."""

    _known: dict[str, Browser] = field(default_factory=dict)

    def add(self, pool_id: str, user: User) -> tuple[str, Browser]:
        """Remember a browser, and return it with the value of its cookie."""
        self._known = {
            cookie: browser
            for cookie, browser in self._known.items()
            if not browser.is_old
        }
        cookie = secrets.token_urlsafe(32)
        self._known[cookie] = Browser(pool_id, user.username, user.stamp)
        return cookie, self._known[cookie]

    def find(self, request: Request) -> tuple[User, int] | None:
        """Return the user who is signed in at this domain, and since when."""
        browser = self._known.get(request.cookies.get(COOKIE, ""))
        if browser is None or browser.is_old:
            return None
        if browser.pool_id != directory.pool_of_domain(request.domain):
            return None
        try:
            user = signed_in_user(browser.pool_id, browser.username, browser.stamp)
        except AwsFault:
            return None
        return user, browser.auth_time

    def remove(self, request: Request) -> None:
        """Forget a browser that signs out."""
        self._known.pop(request.cookies.get(COOKIE, ""), None)


BASE = "/_aws/cognito"
_CSRF_COOKIE, _CSRF_FIELD = "XSRF-TOKEN", "_csrf"
# Parameters that the pages add to links, besides those of the app.
_OURS = ("username", "notice")


class Unreadable(Exception):
    """Raised for a malformed form, or a repeated parameter."""


@dataclass(frozen=True)
class Request:
    """A complete request."""

    origin: str  # where the local AWS is
    domain: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    cookies: Mapping[str, str]
    headers: Mapping[str, str]
    is_post: bool

    @classmethod
    async def of(cls, http_request: web.Request) -> Request:
        """Read a request. Raises Unreadable if it is malformed or ambiguous."""
        try:
            form = await http_request.post()
        except (LookupError, ValueError) as error:  # unknown charset, or invalid in it
            raise Unreadable from error
        for params in (http_request.query, form):
            if len(params) != len(set(params)):
                raise Unreadable
        return cls(
            origin=f"http://{http_request.host}",
            domain=http_request.match_info["domain"],
            query=dict(http_request.query),
            form={name: str(value) for name, value in form.items()},
            cookies=http_request.cookies,
            headers=http_request.headers,
            is_post=http_request.method == "POST",
        )

    def link(self, path: str, **ours: str) -> str:
        """Return the URL of another page for the same request of the app."""
        kept = {name: self.query[name] for name in self.query if name not in _OURS}
        query = urlencode(kept | ours)
        return f"{BASE}/{self.domain}{path}" + (f"?{query}" if query else "")

    @property
    def csrf_token(self) -> str:
        """A secret of this browser and our pages, which forms must send back."""
        return self.cookies.get(_CSRF_COOKIE) or secrets.token_urlsafe(32)

    def check_csrf(self) -> None:
        """Refuse a form from another site, or one without our cookie."""
        known = self.cookies.get(_CSRF_COOKIE, "")
        given = self.form.get(_CSRF_FIELD, "")
        is_same = hmac.compare_digest(_octets(known), _octets(given))
        sender = self.headers.get("Origin", self.origin)
        if not known or not is_same or sender != self.origin:
            raise invalid_parameter("This form has expired. Please send it again.")

    def remember(self, response: web.StreamResponse, name: str, value: str) -> None:
        """Set a cookie for the pages of this domain."""
        response.set_cookie(
            name, value, path=f"{BASE}/{self.domain}", httponly=True, samesite="Lax"
        )

    def forget(self, response: web.StreamResponse, name: str) -> None:
        """Delete a cookie."""
        response.del_cookie(name, path=f"{BASE}/{self.domain}")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def redirect(url: str) -> web.Response:
    """Send the browser elsewhere."""
    headers = {"Location": url, "Cache-Control": "no-store"}
    return web.Response(status=302, headers=headers)


NOTICES = {
    "confirmed": "Your account is confirmed. Sign in now.",
    "no-code": "Your account waits for an administrator to confirm it.",
    "reset": "Your password is changed. Sign in with the new one.",
    "resent": "A new code is on its way.",
    "expired": "That took too long. Please sign in again.",
}
_DEMANDS = {
    "RequireLowercase": "a lowercase letter",
    "RequireUppercase": "an uppercase letter",
    "RequireNumbers": "a number",
    "RequireSymbols": "a symbol",
}
_LABELS = {"email": "Email", "phone_number": "Phone number"}
_INPUT_TYPES = {"email": "email", "phone_number": "tel"}


@dataclass(frozen=True)
class Form:
    """A page with a form: functions that show it and process it."""

    show: Callable[[PageRequest], web.Response]
    act: Callable[[PageRequest], web.Response]


@dataclass(frozen=True)
class PageRequest:
    """A request for a page, with the app's request and an error in the form."""

    request: Request
    asked: AuthorizationRequest
    error: str | None = None

    @property
    def client(self) -> AppClient:
        """The app's client."""
        return self.asked.client

    @property
    def username(self) -> str:
        """The user name from the form, or from the page before."""
        query = self.request.query
        handed_on = query.get("username") or query.get("login_hint", "")
        return self.request.form.get("username", handed_on).strip()

    @property
    def name_label(self) -> str:
        """The label of the user name in this pool."""
        names = self.client.pool.get("UsernameAttributes") or []
        return " or ".join(_LABELS[name] for name in names) or "User name"

    @property
    def demands(self) -> str:
        """The requirements for a password."""
        policy = self.client.pool.get("Policies", {}).get("PasswordPolicy", {})
        length = f"at least {policy.get('MinimumLength', 8)} characters"
        needed = [words for name, words in _DEMANDS.items() if policy.get(name)]
        return ", ".join([length, *needed])

    def typed(self, field: str) -> str:
        """Return the value of a form field."""
        return self.request.form.get(field, "")

    def repeated_password(self) -> str:
        """Return a new password. Refuse two entries that differ."""
        if self.typed("repeated") != self.typed("password"):
            raise invalid_parameter("The two passwords differ.")
        return self.typed("password")

    def fields(self, attributes: list[str]) -> list[dict[str, str]]:
        """Return form fields for attributes, with the names of Cognito's pages."""
        return [
            {
                "attribute": name,
                "name": f"requiredAttributes[{name}]",
                "label": _LABELS.get(name, name.replace("_", " ").capitalize()),
                "type": _INPUT_TYPES.get(name, "text"),
                "value": self.typed(f"requiredAttributes[{name}]").strip(),
            }
            for name in attributes
        ]

    def render(self, name: str, **facts: Any) -> web.Response:
        """Return a page."""
        status = HTTPStatus.BAD_REQUEST if self.error else HTTPStatus.OK
        notice = NOTICES.get(self.request.query.get("notice", ""))
        return render(self.request, name, status, page=self, notice=notice, **facts)

    def go_to(self, path: str, **ours: str) -> web.Response:
        """Send the browser to another page."""
        return redirect(self.request.link(path, **ours))
