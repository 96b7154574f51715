"""One application on one port: the control plane and the data plane."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from cognito_gw.local.access import AccessKeys, is_another_user
from cognito_gw.local.apigateway.access_log import AccessLog
from cognito_gw.local.apigateway.context import Snapshots
from cognito_gw.local.apigateway.gateway import Gateway
from cognito_gw.local.autosave import Autosave
from cognito_gw.local.awslambda.functions import Functions
from cognito_gw.local.awslambda.operations import Invoke
from cognito_gw.local.awslambda.worker import Host
from cognito_gw.local.cognito import Cognito
from cognito_gw.local.cognito.pages.routes import (
    domain_routes,
    expired_token_route,
    issuer_routes,
)
from cognito_gw.local.cognito.tokens import Keys
from cognito_gw.local.console import Console
from cognito_gw.local.dispatch import ControlPlane
from cognito_gw.local.events import Activity

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from cognito_gw.aws.endpoints import AccessKey
    from cognito_gw.local.state_file import Saved

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


BROKEN = (web.RequestPayloadError, HttpProcessingError)


@web.middleware
async def only_whole_requests(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Refuse a body that is incomplete, or not in its declared encoding."""
    try:
        return await handler(request)
    except BROKEN:
        return web.Response(status=400, text="The body cannot be read.\n")
    except ConnectionError:
        if request.transport and not request.transport.is_closing():
            raise
        return web.Response(status=400)  # the client has gone and gets no response


def log_without_traceback() -> None:
    """Log malformed requests without a traceback, which is for errors of ours."""
    logging.getLogger("aiohttp.server").addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, BROKEN):
        record.msg, record.args = "a malformed request: %s", (type(error).__name__,)
        record.exc_info = None
    return True


MEBI = 1 << 20
# A function's ZIP archive may have 50 MB, and is sent as base64.
MAX_BODY = 128 * MEBI
# API Gateway accepts 10 KiB of headers. To refuse more with its message, read more.
MAX_LINE = 8 * MEBI
HTTP_PORT = 80
SHUTDOWN_SECONDS = 2.0
STAGE = "/_aws/execute-api/{api_id}/{stage}"


@dataclass(frozen=True)
class Start:
    """The parameters of one start of the local AWS."""

    url: str
    instance: str  # a random ID, in the state file too
    access_key: AccessKey  # of the user, who signs control-plane calls with it
    folder: Path  # for the files of functions
    saved: Saved | None = None  # where the state is saved


def application(start: Start) -> web.Application:
    """Return the local AWS."""
    url, saved = start.url, start.saved
    app = web.Application(
        client_max_size=MAX_BODY,
        middlewares=[
            _only_own_hosts(url),
            only_own_user,
            only_whole_requests,
        ],
    )
    keys, snapshots, activity = Keys(), Snapshots(), Activity()
    access_keys = AccessKeys(start.access_key)
    host = Host(url, activity, access_keys)
    functions = Functions(host, start.folder)
    gateway = Gateway(
        snapshots.stage,
        keys,
        functions,
        url,
        activity,
        access_log=AccessLog(host.log_queue),
    )
    cognito = Cognito(keys, url, activity)
    parts = (cognito, snapshots, gateway, Invoke(functions), host.log_queue)
    control = ControlPlane(access_keys, activity, parts)

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"instance": start.instance, "pid": os.getpid()})

    async def lifetime(_: web.Application) -> AsyncIterator[None]:
        warming_up = asyncio.create_task(control.warm_up())
        yield
        warming_up.cancel()
        await functions.close()
        control.moto.close()

    async def end_streams(_: web.Application) -> None:
        activity.close()

    app.add_routes(
        [
            web.get("/_cgw/health", health),
            expired_token_route(access_keys, cognito.tokens, control),
            *Console(url, control, snapshots, activity).routes(),
            *issuer_routes(keys, control, url),
            *domain_routes(cognito, control),
            web.route("*", STAGE, gateway.handle),
            web.route("*", STAGE + "/{path:.*}", gateway.handle),
            web.route("*", "/{path:.*}", control.handle),
        ]
    )
    app.cleanup_ctx.append(lifetime)
    if saved:
        port = urlsplit(url).port or 0
        autosave = Autosave(
            saved, port, snapshots, activity, host.log_queue, control.moto
        )
        app.cleanup_ctx.append(autosave.lifetime)
    app.on_shutdown.append(end_streams)
    app.on_response_prepare.append(_strip_server_header)
    return app


@asynccontextmanager
async def serving(start: Start, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the local AWS on a listening socket."""
    log_without_traceback()
    runner = web.AppRunner(
        application(start),
        access_log=None,
        max_line_size=MAX_LINE,
        max_field_size=MAX_LINE,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


async def _strip_server_header(_: web.Request, response: web.StreamResponse) -> None:
    """Remove the header that names the web server: AWS sends none."""
    response.headers.popall("Server", None)


def _only_own_hosts(url: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    names, port = {"127.0.0.1", "localhost"}, urlsplit(url).port
    hosts = {f"{name}:{port}" for name in names}
    if port == HTTP_PORT:  # which clients omit
        hosts |= names

    @web.middleware
    async def refuse_foreign_host(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Prevent DNS rebinding: a foreign name that resolves to this port."""
        if request.host not in hosts:
            return web.Response(
                status=403, text="This server does not serve this host.\n"
            )
        return await handler(request)

    return refuse_foreign_host


@web.middleware
async def only_own_user(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other users of this machine, if the system lists who they are.

    Deployed stages and the public documents of issuers are open to all, as on AWS.
    """
    transport, resource = request.transport, request.match_info.route.resource
    served_by = resource.canonical if resource else ""
    is_open = served_by.startswith(STAGE) or "/.well-known/" in served_by
    if transport and not is_open:
        ends = (transport.get_extra_info(name) for name in ("peername", "sockname"))
        if is_another_user(*ends):
            return web.Response(status=403, text="This is another user's local AWS.\n")
    return await handler(request)
