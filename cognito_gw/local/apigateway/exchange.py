"""A request to an API, the response to it, and why it was given.

The modules above (context, authorizer, integrations, responses, gateway) share these.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_TRACE_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")
_FULL_TRACE = re.compile(rf"{_TRACE_ROOT.pattern};Parent=[0-9a-f]{{16}};Sampled=[01?]")


@dataclass(frozen=True)
class Request:
    """A request; `path` is percent-encoded as sent, and without the stage."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    request_id: str
    extended_request_id: str
    trace_id: str  # with Parent and Sampled only if the client sent all three

    def values(self, name: str) -> list[str]:
        """Return every value of a header."""
        lower = name.lower()
        return [value for key, value in self.headers if key.lower() == lower]

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        values = self.values(name)
        return values[-1] if values else None


@dataclass(frozen=True)
class Response:
    """The response to the client."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class FunctionCall:
    """The event sent to a function, and the payload it returned, if any."""

    arn: str
    source_arn: str
    event: bytes
    payload: bytes | None = None
    milliseconds: int = 0


@dataclass(frozen=True)
class Outcome:
    """A response with its reason; `failure` is the line of the execution log."""

    response: Response
    why: str
    failure: str | None = None
    call: FunctionCall | None = None


async def from_http(request: web.Request) -> Request:
    """Read a request to a stage."""
    _, _, rest = request.rel_url.raw_path.partition("/_aws/execute-api/")
    return Request(
        method=request.method,
        path="/" + "/".join(rest.split("/")[2:]),
        query=request.rel_url.raw_query_string,
        headers=list(request.headers.items()),
        body=await request.read(),
        source_ip=request.remote or "127.0.0.1",
        **_new_ids(request.headers.get("X-Amzn-Trace-Id", "")),
    )


def from_test(verb: str, path: str, test: dict[str, Any]) -> Request:
    """Read the parameters of TestInvokeMethod; `path` is that of the resource."""
    sent, _, query = (test.get("pathWithQueryString") or "").partition("?")
    headers = (test.get("headers") or {}) | (test.get("multiValueHeaders") or {})
    return Request(
        method=verb,
        path=sent or path,
        query=query,
        headers=[
            (name, value)
            for name, values in headers.items()
            for value in (values if isinstance(values, list) else [values])
        ],
        body=(test.get("body") or "").encode(),
        source_ip="test-invoke-source-ip",
        **_new_ids(),
    )


def to_http(response: Response, request: Request, *, keep_alive: bool) -> web.Response:
    """Return the response as HTTP, with AWS's request IDs.

    Function pages share an origin with cgw's own pages. So a function can neither
    register a service worker for them nor keep a handle on their windows.
    """
    sent = web.Response(status=response.status, body=response.body)
    sent.headers.popall("Content-Type", None)
    for name, value in response.headers:
        sent.headers.add(name, value)
    sent.headers.popall("Service-Worker-Allowed", None)
    if request.header("Sec-Fetch-Dest") == "document":
        sent.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    sent.headers["x-amzn-RequestId"] = request.request_id
    sent.headers["x-amz-apigw-id"] = request.extended_request_id
    if keep_alive:
        sent.headers["Connection"] = "keep-alive"
    return sent


def _new_ids(sent_trace: str = "") -> dict[str, str]:
    trace = _FULL_TRACE.search(sent_trace) or _TRACE_ROOT.search(sent_trace)
    drawn = secrets.token_bytes(39)  # all at once: each draw is a system call
    return {
        "request_id": str(uuid.UUID(bytes=drawn[:16], version=4)),
        "extended_request_id": base64.b64encode(drawn[16:27]).decode(),
        "trace_id": trace[0]
        if trace
        else f"Root=1-{int(time.time()):08x}-{drawn[27:].hex()}",
    }
