"""Lambda's runtime API: serves invocations and takes their results."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cognito_gw.local.awslambda.lambda_store import Function


LOG_TAIL = 4096  # bytes that Invoke returns of the log
MAX_PAYLOAD = 6 * 1024 * 1024
MAX_RESPONSE = MAX_PAYLOAD + 100  # Lambda's number, and in its message


@dataclass(frozen=True)
class Invocation:
    """The result of one call: its payload, whether it is an error, and its log."""

    payload: bytes
    error: bool = False
    lines: tuple[str, ...] = ()

    @property
    def log_tail(self) -> str:
        """The end of the log, as much as Invoke returns."""
        tail = "\n".join(self.lines).encode()[-LOG_TAIL:].decode("utf-8", "ignore")
        return f"{tail}\n"


@dataclass(frozen=True)
class Answer:
    """What a function returned, or Lambda's error if it could not."""

    payload: bytes
    is_error: bool = False
    status: str = ""  # in Lambda's REPORT line: of a runtime that failed


@dataclass
class Job:
    """One invocation in the runtime API."""

    payload: bytes
    client_context: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    taken: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    answer: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, answer: Answer) -> None:
        """Keep the first answer; ignore later ones."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def time_out(self, seconds: int) -> None:
        """Answer for a function that exceeded its timeout."""
        text = f"Error: Task timed out after {seconds:.2f} seconds"
        self._fail("Sandbox.Timedout", text, "Status: timeout")

    def exited(self, how: str) -> None:
        """Answer for a process that exited, `how` in Lambda's words."""
        status = "Status: error\tError Type: Runtime.ExitError"
        self._fail("Runtime.ExitError", f"Error: {how}", status)

    def _fail(self, kind: str, text: str, status: str) -> None:
        payload = failure(kind, f"RequestId: {self.id} {text}")
        self.settle(Answer(payload, is_error=True, status=status))


def failure(kind: str, message: str) -> bytes:
    """Return the payload by which Lambda itself reports an error."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # curl waits for it
_NO_HEADERS: Mapping[str, str] = {}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus
}


@dataclass
class Request:
    """One request, and the connection for its answer."""

    connection: Connection
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # by names in lower case
    body: bytearray = field(default_factory=bytearray)
    is_last: bool = False  # the client closes the connection afterwards

    def answer(
        self,
        status: HTTPStatus,
        body: bytes = b"",
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        """Answer it, if the connection is still open."""
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        head = f"\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        octets = _STATUS_LINES[status] + head.encode() + body
        self.connection.send(octets, is_last=self.is_last)


class Connection(asyncio.Protocol):
    """One connection; its client waits for each answer before the next request."""

    def __init__(
        self,
        handle: Callable[[Request], None],
        connections: set[Connection],
        max_body: int,
    ) -> None:
        """Pass each request to `handle`; cut its body soon after `max_body` bytes."""
        self._handle = handle
        self._connections = connections  # those that are open
        self._max_body = max_body
        self._parser = HttpRequestParser(self)
        self._request = Request(self)
        self._transport: asyncio.Transport

    @property
    def is_open(self) -> bool:
        """Whether the client is still connected."""
        return self in self._connections

    def send(self, octets: bytes, *, is_last: bool) -> None:
        """Send an answer, and close the connection after the last."""
        if not self.is_open:
            return
        self._transport.write(octets)
        if is_last:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserCallbackError:
            raise  # a bug of cgw, for the log
        except (HttpParserError, HttpParserUpgrade):
            self._transport.abort()

    def on_message_begin(self) -> None:
        self._request = Request(self)

    def on_url(self, part: bytes) -> None:
        self._request.path += part.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._request.headers.get("expect") == "100-continue":
            self._transport.write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        if len(self._request.body) <= self._max_body:
            self._request.body += part

    def on_message_complete(self) -> None:
        self._request.is_last = not self._parser.should_keep_alive()
        self._handle(self._request)


_HOST = "127.0.0.1"
_BASE = "2018-06-01/runtime/"
_OF_BROWSERS = ("origin", "sec-fetch-")  # prefixes of headers that only they send
_ACCEPTED = b'{"status":"OK"}\n'
_JSON = {"Content-Type": "application/json"}


class RuntimeApi:
    """The runtime API of one process, which has one job at a time."""

    def __init__(self, function: Function, begin: Callable[[], None]) -> None:
        """Serve jobs of a function; call `begin` when one is taken.

        Every path starts with the key, as any user of the machine can reach the port.
        The process has the key in its environment, which other users cannot read.
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
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()

    def give(self, job: Job) -> None:
        """Give the client a job as soon as it asks for one."""
        self._job = job
        self._hand_out()

    def lose(self, how: str) -> None:
        """Answer for a process that has exited."""
        if self._job is not None:
            self._job.exited(how)

    def _answer(self, request: Request) -> None:
        if not self._is_from_own_process(request):
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

    def _is_from_own_process(self, request: Request) -> bool:
        if request.headers.get("host") != self._own_name:  # DNS rebinding
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
        if len(payload) > MAX_RESPONSE:
            text = "Response payload size exceeded maximum allowed payload size"
            message = f"{text} ({MAX_RESPONSE} bytes)."
            payload = failure("Function.ResponseSizeTooLarge", message)
            is_error = True
        job.settle(Answer(payload, is_error))
        return request.answer(HTTPStatus.ACCEPTED, _ACCEPTED, _JSON)

    def _init_error(self, request: Request) -> None:
        kind = request.headers.get("lambda-runtime-function-error-type", "Unhandled")
        if self._job is not None:
            status = f"Status: error\tError Type: {kind}"
            payload = bytes(request.body)
            self._job.settle(Answer(payload, is_error=True, status=status))
        request.answer(HTTPStatus.ACCEPTED, _ACCEPTED, _JSON)
