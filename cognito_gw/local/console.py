"""The page at the root: what is deployed, what happens, and where to sign in."""

from __future__ import annotations

import hmac
import json
import secrets
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from aiohttp import web

from cognito_gw.gateway_rules import function_arn
from cognito_gw.local import moto_store, wire
from cognito_gw.local.access import is_by_script
from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.oauth import usual_request
from cognito_gw.local.cognito.pages.request import BASE, templates
from cognito_gw.local.moto_store import HttpCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.apigateway.context import Snapshots
    from cognito_gw.local.dispatch import ControlPlane
    from cognito_gw.local.events import Activity, Event

PUBLIC = "public"
MAX_USERS = 100


class Route(NamedTuple):
    """A method of an API, the callers that it allows, and its integration."""

    path: str
    verb: str
    callers: str
    target: str

    @property
    def is_preflight(self) -> bool:
        """Whether it only answers the CORS preflights of its path."""
        return self[1:] == ("OPTIONS", PUBLIC, "mock")


def overview(url: str, snapshots: Snapshots) -> dict[str, list[Any]]:
    """Return what is deployed; call it on the thread that owns moto's objects."""
    functions = [
        function
        for backend in moto_store.regional_backends("lambda")
        for function in backend.list_functions()
    ]
    return {
        "apis": [
            _api(url, snapshots, api)
            for backend in moto_store.regional_backends("apigateway")
            for api in backend.apis.values()
        ],
        "pools": [
            _pool(url, pool)
            for backend in moto_store.regional_backends("cognito-idp")
            for pool in backend.user_pools.values()
        ],
        "functions": sorted(functions, key=lambda function: function.function_name),
    }


def _api(url: str, snapshots: Snapshots, api: Any) -> dict[str, Any]:
    """Return an API with what each stage serves, and how the API has changed since."""
    draft = set(_routes(resource.to_dict() for resource in api.resources.values()))
    shown = []
    for stage in filter(None, (snapshots.stage(api.id, name) for name in api.stages)):
        live = set(_routes(stage.snapshot.resources))
        preflights = {route for route in live if route.is_preflight}
        shown.append(
            {
                "name": stage.name,
                "url": f"{url}/_aws/execute-api/{api.id}/{stage.name}",
                "routes": sorted(live - preflights),
                "preflights": sorted(preflights),  # public OPTIONS, for browsers
                "undeployed": sorted(draft - live),  # not live, or not in this form
                "removed": sorted(live - draft),  # still live
            }
        )
    return {
        "id": api.id,
        "name": api.name,
        "region": api.region_name,
        "stages": shown,
    }


def _routes(resources: Iterable[dict[str, Any]]) -> Iterator[Route]:
    for resource in resources:
        for verb, method in resource.get("resourceMethods", {}).items():
            target = _target(method.get("methodIntegration") or {})
            yield Route(resource["path"], verb, _callers(method), target)


def _callers(method: dict[str, Any]) -> str:
    match method["authorizationType"]:
        case "NONE":
            return PUBLIC
        case "AWS_IAM":
            return "signed (IAM)"
        case "COGNITO_USER_POOLS":
            scopes = " or ".join(method.get("authorizationScopes") or [])
            return f"access token with scope {scopes}" if scopes else "ID token"
        case other:
            return f"authorizer of type {other}"


def _target(integration: dict[str, Any]) -> str:
    arn = function_arn(integration.get("uri") or "")
    if arn:
        return arn.rpartition(":function:")[2].partition(":")[0]
    return str(integration.get("type", "nothing")).lower()


def _pool(url: str, pool: Any) -> dict[str, Any]:
    """Return a user pool with its app clients and its first users."""
    domain = directory.domain_of_pool(pool.id)
    base = f"{url}{BASE}/{domain}" if domain else None
    users = list(pool.users.values())
    return {
        "id": pool.id,
        "name": pool.name,
        "clients": [_client(base, client) for client in directory.clients_of(pool.id)],
        "users": [_user(user) for user in users[:MAX_USERS]],
        "more_users": len(users[MAX_USERS:]),
    }


def _client(base: str | None, client: directory.AppClient) -> dict[str, str | None]:
    """Return an app client with the pages where its users sign in and sign up."""
    usual = usual_request(client)
    query = urlencode(usual) if base and usual else None
    return {
        "id": client.id,
        "name": client.settings["ClientName"],
        "login": query and f"{base}/login?{query}",
        "signup": f"{base}/signup?{query}" if query and client.is_open else None,
    }


def _user(user: Any) -> dict[str, Any]:
    return {
        "name": user.attribute_lookup.get("email") or user.username,
        "status": user.status.value if user.enabled else "disabled",
        "groups": sorted(group.group_name for group in user.groups),
    }


ANSWERED = {  # reasons of requests that reached an integration
    "function": "the function answered",
    "mock": "the mock integration answered",
}
LET_IN, OWN, REFUSED, FAILED = DECISIONS = (
    "let in",
    "function's own",
    "refused",
    "failed",
)
MAX_CELL = 500  # characters: a function may print anything
CLIENT_ERROR, SERVER_ERROR = 400, 500


def cells(event: Event) -> dict[str, str]:
    """Return the texts of an event's row, by the names of their columns."""
    facts = {name: str(value)[:MAX_CELL] for name, value in event.facts.items()}
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    if event.kind == "request":
        status, why = event.facts["status"], event.facts["why"]
        facts["decision"] = _decision(status, why)
        facts["why"] = ANSWERED.get(why, facts["why"])
        if facts["decision"] == OWN:
            facts["why"] = f"let in; the function itself returned {status}"
    return facts | {"at": at}


def sent(event: Event) -> bytes:
    """Return the event as a browser's EventSource reads it."""
    data = json.dumps(cells(event))  # on one line, as the format requires
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def _decision(status: int, why: str) -> str:
    if why == "function" and status >= CLIENT_ERROR:
        return OWN
    if why in ANSWERED:
        return LET_IN
    return REFUSED if status < SERVER_ERROR else FAILED


ASSETS = {"console.css": "text/css", "console.js": "text/javascript"}
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
    snapshots: Snapshots
    activity: Activity
    # The page's own script sends it. Other scripts of this origin do not know it.
    _key: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; AWS calls to the root still reach the control plane."""
        return [
            web.get("/", self._root),
            web.get("/_cgw/events", self._events, allow_head=False),
            *(web.get(f"/_cgw/{name}", _asset) for name in ASSETS),
        ]

    async def _root(self, request: web.Request) -> web.StreamResponse:
        call = HttpCall(request.method, self.url, request.headers)
        if wire.is_aws_call(call):
            return await self.control.handle(request)
        self._refuse_other_scripts(request)
        latest = self.activity.latest()
        deployed = await self.control.moto.run(overview, self.url, self.snapshots)
        template = templates("cognito_gw.local").get_template("console.html")
        html = template.render(
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
    text = files("cognito_gw.local").joinpath("templates", name).read_text("utf-8")
    return web.Response(text=text, content_type=ASSETS[name], headers=HEADERS)
