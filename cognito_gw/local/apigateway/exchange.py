"""A request to a stage, and its outcome."""

from __future__ import annotations

import base64
import re
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.local.apigateway.responses import respond

if TYPE_CHECKING:
    from cognito_gw.local.apigateway.context import Context
    from cognito_gw.local.apigateway.proxy import Outgoing
    from cognito_gw.local.apigateway.responses import Kind


@dataclass(frozen=True)
class Incoming:
    """A request; `path` is without the stage, as it was sent."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    request_id: str
    extended_request_id: str
    trace_id: str  # with parent and sampling only where the caller sent all three

    def values(self, name: str) -> list[str]:
        """Return every value of a header."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        values = self.values(name)
        return values[-1] if values else None


@dataclass(frozen=True)
class FunctionCall:
    """What was sent to a function, and what came back, if anything did."""

    arn: str
    source_arn: str
    event: bytes
    payload: bytes | None = None
    milliseconds: int = 0


@dataclass(frozen=True)
class Outcome:
    """An answer with its reason; `failure` is that of the execution log."""

    outgoing: Outgoing
    why: str
    failure: str | None = None
    call: FunctionCall | None = None


def refused(
    kind: Kind, context: Context, why: str, message: str | None = None
) -> Outcome:
    """Return the outcome of a request that reaches no integration."""
    return Outcome(respond(kind, context, message), why, why)


_TRACE_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")
_FULL_TRACE = re.compile(rf"{_TRACE_ROOT.pattern};Parent=[0-9a-f]{{16}};Sampled=[01?]")


async def from_http(request: web.Request) -> Incoming:
    """Return a request to a stage, its path as it was sent."""
    _, _, rest = request.rel_url.raw_path.partition("/_aws/execute-api/")
    path = "/" + "/".join(rest.split("/")[2:])
    return Incoming(
        method=request.method,
        path=path,
        query=request.rel_url.raw_query_string,
        headers=list(request.headers.items()),
        body=await request.read(),
        source_ip=request.remote or "127.0.0.1",
        **_ids(request.headers.get("X-Amzn-Trace-Id", "")),
    )


def from_test(verb: str, path: str, test: dict[str, Any]) -> Incoming:
    """Return the request that a test describes; `path` is that of its resource."""
    sent, _, query = (test.get("pathWithQueryString") or "").partition("?")
    multi = test.get("multiValueHeaders") or {}
    headers = {**(test.get("headers") or {}), **multi}
    return Incoming(
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
        **_ids(),
    )


def to_http(
    outgoing: Outgoing, request: Incoming, *, is_kept_alive: bool
) -> web.Response:
    """Return the answer with AWS's ids on it."""
    response = web.Response(status=outgoing.status, body=outgoing.body)
    response.headers.popall("Content-Type", None)
    for name, value in outgoing.headers:
        response.headers.add(name, value)
    _keep_apart(response, request)
    response.headers["x-amzn-RequestId"] = request.request_id
    response.headers["x-amz-apigw-id"] = request.extended_request_id
    if is_kept_alive:
        response.headers["Connection"] = "keep-alive"
    return response


def _keep_apart(response: web.Response, request: Incoming) -> None:
    """Keep a page of a function apart from our own, which have the same origin.

    No service worker of its own answers for them, and it holds no window of theirs.
    """
    response.headers.popall("Service-Worker-Allowed", None)
    if request.header("Sec-Fetch-Dest") == "document":
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"


def _ids(sent_trace: str = "") -> dict[str, str]:
    kept = _FULL_TRACE.search(sent_trace) or _TRACE_ROOT.search(sent_trace)
    drawn = secrets.token_bytes(39)  # at once, as each drawing is a system call
    return {
        "request_id": str(uuid.UUID(bytes=drawn[:16], version=4)),
        "extended_request_id": base64.b64encode(drawn[16:27]).decode(),
        "trace_id": kept[0] if kept else _trace_root(drawn[27:].hex()),
    }


def _trace_root(unique: str) -> str:
    return f"Root=1-{int(time.time()):08x}-{unique}"
