"""Serves the page, its two files, and the stream that keeps it up to date."""

from __future__ import annotations

import hmac
import secrets
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from cognito_gw.local import wire
from cognito_gw.local.access import is_by_script
from cognito_gw.local.console.overview import DECISIONS, cells, overview, sent
from cognito_gw.local.moto_store import HttpCall

if TYPE_CHECKING:
    from jinja2 import Template

    from cognito_gw.local.apigateway.snapshot import Stages
    from cognito_gw.local.dispatch import ControlPlane
    from cognito_gw.local.events import Activity

ASSETS = {"console.css": "text/css", "console.js": "text/javascript"}
EVENTS = "/_cgw/events"
MAX_ID = 20  # digits
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    # A page that opened this one cannot read it; functions' pages have another policy.
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Console:
    """The page of one local AWS."""

    url: str
    control: ControlPlane
    stages: Stages
    activity: Activity
    # The page's own script sends it. Other scripts of this origin do not know it.
    _key: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; AWS calls to the root still reach the control plane."""
        assets = [web.get(f"/_cgw/{name}", _asset) for name in ASSETS]
        events = web.get(EVENTS, self._events, allow_head=False)
        return [web.get("/", self._root), events, *assets]

    async def _root(self, request: web.Request) -> web.StreamResponse:
        call = HttpCall(request.method, self.url, request.headers)
        if wire.is_aws_call(call):
            return await self.control.handle(request)
        self._refuse_other_scripts(request)
        latest = self.activity.latest()
        deployed = await self.control.run(overview, self.url, self.stages)
        html = _template().render(
            url=self.url,
            key=self._key,
            deployed=deployed,
            decisions=DECISIONS,
            last_id=latest[-1].id if latest else 0,
            rows={
                kind: [cells(event) for event in reversed(latest) if event.kind == kind]
                for kind in ("request", "mail", "log")
            },
        )
        return web.Response(text=html, content_type="text/html", headers=HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send each event as it happens, to this page only."""
        self._refuse_other_scripts(request)
        response = web.StreamResponse(headers=HEADERS)
        response.content_type = "text/event-stream"
        await response.prepare(request)
        with suppress(ConnectionResetError):  # the page was closed
            async with aclosing(self.activity.follow(_last_id(request))) as events:
                async for event in events:
                    await response.write(sent(event))
        return response

    def _refuse_other_scripts(self, request: web.Request) -> None:
        is_own = hmac.compare_digest(request.query.get("key", ""), self._key)
        if is_by_script(request.headers) and not is_own:
            raise web.HTTPForbidden(text="Only the page itself can read this.\n")


def _last_id(request: web.Request) -> int | None:
    """Return the last event that the page has; a browser sends it to reconnect."""
    known = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    is_id = known.isascii() and known.isdigit() and len(known) <= MAX_ID
    return int(known) if is_id else None


async def _asset(request: web.Request) -> web.Response:
    name = request.path.rpartition("/")[2]
    text = (
        files("cognito_gw.local.console").joinpath("templates", name).read_text("utf-8")
    )
    return web.Response(text=text, content_type=ASSETS[name], headers=HEADERS)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("cognito_gw.local.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")
