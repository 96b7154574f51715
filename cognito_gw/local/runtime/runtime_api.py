"""Lambda's runtime API: where a runtime client fetches its jobs and brings answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.local.runtime.connection import Connection
from cognito_gw.local.runtime.invocation import MAX_RESPONSE, Answer, too_large

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.records import Function
    from cognito_gw.local.runtime.connection import Request
    from cognito_gw.local.runtime.invocation import Job

_HOST = "127.0.0.1"
_BASE = "2018-06-01/runtime/"
_OF_BROWSERS = ("origin", "sec-fetch-")  # how the headers begin that only they send
_ACCEPTED = b'{"status":"OK"}\n'
_JSON = {"Content-Type": "application/json"}


class RuntimeApi:
    """The runtime API of one process, which has one job at a time."""

    def __init__(self, function: Function, begin: Callable[[], None]) -> None:
        """Hand out jobs of a function; call `begin` as each is taken.

        Every path begins with the key. The process has it in its environment, which no
        other user can read: they all could reach the port.
        """
        self.key = secrets.token_urlsafe(32)
        self._base = f"/{self.key}/{_BASE}".encode()
        self._function = function
        self._begin = begin
        self._job: Job | None = None
        self._waiting: deque[Request] = deque()  # for a job
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._own_name = ""

    async def start(self) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._answer, self._connections, MAX_RESPONSE), _HOST, 0
        )
        port: int = self._server.sockets[0].getsockname()[1]
        self._own_name = f"{_HOST}:{port}"
        return port

    async def stop(self) -> None:
        """Stop to listen."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()

    def give(self, job: Job) -> None:
        """Let the client have a job as soon as it asks for one."""
        self._job = job
        self._hand_out()

    def lose(self, how: str) -> None:
        """Answer for a process that has ended."""
        if self._job is not None:
            self._job.settle(self._job.exited(how))

    def _answer(self, request: Request) -> None:
        if not self._is_of_its_process(request):
            return request.answer(HTTPStatus.FORBIDDEN)
        match request.path[len(self._base) :].split("/"):
            case ["invocation", "next"]:
                self._waiting.append(request)
                return self._hand_out()
            case ["invocation", request_id, "response" | "error" as kind]:
                return self._take(request, request_id, is_error=kind == "error")
            case ["init", "error"]:
                return self._init_error(request)
        return request.answer(HTTPStatus.NOT_FOUND)

    def _is_of_its_process(self, request: Request) -> bool:
        if request.headers.get("host") != self._own_name:  # a web page, rebound to us
            return False
        if any(name.startswith(_OF_BROWSERS) for name in request.headers):
            return False
        base = request.path[: len(self._base)].encode("latin-1")
        return hmac.compare_digest(base, self._base)

    def _hand_out(self) -> None:
        while self._waiting and not self._waiting[0].connection.is_open:
            self._waiting.popleft()
        if self._waiting and self._job is not None and not self._job.taken.done():
            self._send(self._waiting.popleft(), self._job)

    def _send(self, request: Request, job: Job) -> None:
        self._begin()
        job.taken.set_result(None)
        now = time.time()
        deadline = int((now + self._function.timeout) * 1000)
        # The Python client crashes without the type and the trace id.
        unique = job.id.replace("-", "")[:24]
        trace = f"Root=1-{int(now):x}-{unique};Sampled=0"
        headers = _JSON | {
            "Lambda-Runtime-Aws-Request-Id": job.id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self._function.arn,
            "Lambda-Runtime-Trace-Id": trace,
        }
        if job.client_context:
            headers["Lambda-Runtime-Client-Context"] = job.client_context
        request.answer(HTTPStatus.OK, job.payload, headers)

    def _take(self, request: Request, request_id: str, *, is_error: bool) -> None:
        job = self._job
        if job is None or job.id != request_id:
            return request.answer(HTTPStatus.BAD_REQUEST)
        payload = bytes(request.body)
        is_large = len(payload) > MAX_RESPONSE
        job.settle(too_large() if is_large else Answer(payload, is_error))
        return request.answer(HTTPStatus.ACCEPTED, _ACCEPTED, _JSON)

    def _init_error(self, request: Request) -> None:
        kind = request.headers.get("lambda-runtime-function-error-type", "Unhandled")
        if self._job is not None:
            status = f"Status: error\tError Type: {kind}"
            payload = bytes(request.body)
            self._job.settle(Answer(payload, is_error=True, status=status))
        request.answer(HTTPStatus.ACCEPTED, _ACCEPTED, _JSON)
