"""One application on one port: the control plane and the data plane."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from cognito_gw.local import expired_token
from cognito_gw.local.access import AccessKeys
from cognito_gw.local.activity import Activity
from cognito_gw.local.apigw.gateway import Gateway
from cognito_gw.local.broken_requests import only_whole_requests
from cognito_gw.local.console.routes import Console
from cognito_gw.local.control import ControlPlane
from cognito_gw.local.hosted_ui import discovery
from cognito_gw.local.hosted_ui import routes as hosted_ui
from cognito_gw.local.identity.cognito import Cognito
from cognito_gw.local.identity.keys import Keys
from cognito_gw.local.keeper import Keeper
from cognito_gw.local.live import Invoke, TestInvokeAuthorizer, TestInvokeMethod
from cognito_gw.local.peer import is_another_user
from cognito_gw.local.runtime.functions import Functions
from cognito_gw.local.runtime.worker import Host
from cognito_gw.local.snapshot import Snapshots
from cognito_gw.local.stages import Stages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from cognito_gw.aws.access_key import AccessKey
    from cognito_gw.local.saved import Saved

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MEBI = 1 << 20
# A function's zip may have 50 MB, and travels as base64.
MAX_BODY = 128 * MEBI
# API Gateway takes 10 KiB of headers; ours must see more to refuse it in its words.
MAX_LINE = 8 * MEBI
HTTP_PORT = 80
STAGE = "/_aws/execute-api/{api_id}/{stage}"


@dataclass(frozen=True)
class Start:
    """One start of the local AWS."""

    url: str
    instance: str  # a random ID, by which the state file and the server agree
    access_key: AccessKey  # with which its user signs calls of the control plane
    folder: Path  # for the functions' files
    saved: Saved | None = None  # where its state outlives it


def application(start: Start) -> web.Application:
    """Return the local AWS."""
    url, saved = start.url, start.saved
    app = web.Application(
        client_max_size=MAX_BODY,
        middlewares=[
            _only_hosts(_own_hosts(url)),
            only_own_user,
            only_whole_requests,
        ],
    )
    keys, snapshots, activity = Keys(), Snapshots(), Activity()
    access_keys = AccessKeys(start.access_key)
    functions = Functions(Host(url, activity, access_keys), start.folder)
    stages = Stages(snapshots)
    gateway = Gateway(stages.find, keys, functions, url, activity)
    cognito = Cognito(keys, url, activity)
    control = ControlPlane(access_keys, cognito.operations, snapshots, activity)
    test_invoke = TestInvokeMethod(gateway, control)
    control.answer_live("lambda", "Invoke", Invoke(functions))
    control.answer_live("apigateway", "TestInvokeMethod", test_invoke)
    test_authorizer = TestInvokeAuthorizer(gateway, control)
    control.answer_live("apigateway", "TestInvokeAuthorizer", test_authorizer)
    app.add_routes(
        [
            web.get("/_cgw/health", _health(start.instance)),
            expired_token.route(access_keys, cognito.tokens, control),
            *Console(url, control, stages, activity).routes(),
            *discovery.routes(keys, control, url),
            *hosted_ui.routes(cognito, control),
            web.route("*", STAGE, gateway.handle),
            web.route("*", STAGE + "/{path:.*}", gateway.handle),
            web.route("*", "/{path:.*}", control.handle),
        ]
    )
    app.cleanup_ctx.append(_lifetime(control, functions))
    if saved:
        port = urlsplit(url).port or 0
        keeper = Keeper(saved, port, snapshots, activity, control)
        app.cleanup_ctx.append(keeper.lifetime)
    app.on_shutdown.append(_end(activity))
    app.on_response_prepare.append(_be_no_server)
    return app


def _lifetime(
    control: ControlPlane, functions: Functions
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def lifetime(_: web.Application) -> AsyncIterator[None]:
        warming_up = asyncio.create_task(control.warm_up())
        yield
        warming_up.cancel()
        await functions.close()
        control.close()

    return lifetime


def _end(activity: Activity) -> Callable[[web.Application], Awaitable[None]]:
    async def end(_: web.Application) -> None:
        activity.close()

    return end


async def _be_no_server(_: web.Request, response: web.StreamResponse) -> None:
    """Take out the header that names our web server: AWS sends none."""
    response.headers.popall("Server", None)


def _health(instance: str) -> Handler:
    async def health(_: web.Request) -> web.StreamResponse:
        return web.json_response({"instance": instance, "pid": os.getpid()})

    return health


def _own_hosts(url: str) -> frozenset[str]:
    port = urlsplit(url).port
    names = ("127.0.0.1", "localhost")
    hosts = {f"{name}:{port}" for name in names}
    # Clients leave HTTP's own port out.
    return frozenset(hosts | set(names) if port == HTTP_PORT else hosts)


def _only_hosts(hosts: frozenset[str]) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def refuse_foreign_host(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Guard against DNS rebinding: a foreign name that leads to this port."""
        if request.host not in hosts:
            return web.Response(status=403, text="This host is not served here.\n")
        return await handler(request)

    return refuse_foreign_host


@web.middleware
async def only_own_user(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other users of the machine, where it tells who they are.

    Deployed stages and the issuers' public documents are for everybody, as on AWS.
    """
    transport, resource = request.transport, request.match_info.route.resource
    served_by = resource.canonical if resource else ""
    is_open = served_by.startswith(STAGE) or "/.well-known/" in served_by
    if transport and not is_open:
        ends = (transport.get_extra_info(name) for name in ("peername", "sockname"))
        if is_another_user(*ends):
            return web.Response(status=403, text="This is another user's local AWS.\n")
    return await handler(request)
