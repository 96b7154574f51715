"""Draws the pages: templates on the server, no script in the browser."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from cognito_gw.local.hosted_ui.visit import Visit

STYLE_PATH = "/_cgw/hosted-ui.css"
_HEADERS = {
    "Cache-Control": "no-store",
    # No form-action: browsers hold it against the redirect to the app, too.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not no-referrer: browsers would then send forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(visit: Visit, name: str, status: int = 200, **facts: Any) -> web.Response:
    """Return a page, with the cookie against which its forms are checked."""
    token = visit.csrf_token
    template = _environment().get_template(f"{name}.html")
    html = template.render(visit=visit, csrf=token, style=STYLE_PATH, **facts)
    response = web.Response(
        text=html, status=status, headers=_HEADERS, content_type="text/html"
    )
    visit.remember_csrf(response, token)
    return response


def style() -> web.Response:
    """Return the pages' style sheet."""
    sheet = files("cognito_gw.local.hosted_ui").joinpath("templates/style.css")
    return web.Response(text=sheet.read_text("utf-8"), content_type="text/css")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cognito_gw.local.hosted_ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
