"""Lambda's runtime API: where a runtime client fetches its jobs and brings answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from cognito_gw.local.runtime.invocation import MAX_RESPONSE, Answer, too_large

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.records import Function
    from cognito_gw.local.runtime.invocation import Job

_HOST = "127.0.0.1"
_BASE = "/2018-06-01/runtime/"
_MAX_HEADER = 2 * 1024 * 1024  # one has an exception, of up to 1 MB
_ACCEPTED = b'{"status":"OK"}\n'
_JSON = {"Content-Type": "application/json"}


class RuntimeApi:
    """The runtime API of one process, which has one job at a time."""

    def __init__(self, function: Function, begin: Callable[[], None]) -> None:
        """Hand out jobs of a function; call `begin` as each is taken."""
        self._function = function
        self._begin = begin
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._job: Job | None = None
        self._own_name = ""
        # Without routes and middlewares: every call of the function comes by twice.
        server = web.Server(
            self._answer,
            handler_cancellation=True,
            access_log=None,
            max_field_size=_MAX_HEADER,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)

    async def start(self) -> int:
        """Listen, and return the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0).start()
        port: int = self._runner.addresses[0][1]
        self._own_name = f"{_HOST}:{port}"
        return port

    async def stop(self) -> None:
        """Stop to listen."""
        await self._runner.cleanup()

    def give(self, job: Job) -> None:
        """Let the client have a job as soon as it asks for one."""
        self._job = job
        self._jobs.put_nowait(job)

    def lose(self, how: str) -> None:
        """Answer for a process that has ended."""
        if self._job is not None:
            self._job.settle(self._job.exited(how))

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.headers.get("Host") != self._own_name:  # a web page, rebound to us
            return web.Response(status=HTTPStatus.FORBIDDEN)
        match request.raw_path.removeprefix(_BASE).split("/"):
            case ["invocation", "next"]:
                return await self._next()
            case ["invocation", request_id, "response" | "error" as kind]:
                return await self._take(request, request_id, is_error=kind == "error")
            case ["init", "error"]:
                return await self._init_error(request)
        return web.Response(status=HTTPStatus.NOT_FOUND)

    async def _next(self) -> web.Response:
        job = await self._jobs.get()
        self._begin()
        job.taken.set_result(None)
        now = time.time()
        # The Python client crashes without the type and the trace id.
        headers = _JSON | {
            "Lambda-Runtime-Aws-Request-Id": job.id,
            "Lambda-Runtime-Deadline-Ms": str(
                int((now + self._function.timeout) * 1000)
            ),
            "Lambda-Runtime-Invoked-Function-Arn": self._function.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):x}-{uuid.uuid4().hex[:24]}"
            ";Sampled=0",
        }
        if job.client_context:
            headers["Lambda-Runtime-Client-Context"] = job.client_context
        return web.Response(body=job.payload, headers=headers)

    async def _take(
        self, request: web.BaseRequest, request_id: str, *, is_error: bool
    ) -> web.Response:
        payload = await _body(request)
        job = self._job
        if job is None or job.id != request_id:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        is_large = len(payload) > MAX_RESPONSE
        job.settle(too_large() if is_large else Answer(payload, is_error))
        return _accepted()

    async def _init_error(self, request: web.BaseRequest) -> web.Response:
        payload = await _body(request)
        kind = request.headers.get("Lambda-Runtime-Function-Error-Type", "Unhandled")
        if self._job is not None:
            status = f"Status: error\tError Type: {kind}"
            self._job.settle(Answer(payload, is_error=True, status=status))
        return _accepted()


async def _body(request: web.BaseRequest) -> bytes:
    # Not request.read(), which would refuse what Lambda answers with an error.
    return await request.content.read()


def _accepted() -> web.Response:
    return web.Response(status=HTTPStatus.ACCEPTED, body=_ACCEPTED, headers=_JSON)
