"""HTTP as the gateway sees it: requests in, answers out, ids on both."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.local.apigw.event import Incoming

if TYPE_CHECKING:
    from cognito_gw.local.apigw.proxy_response import Outgoing

# AWS computes these itself; a function's own are handed on under another name.
_REMAPPED = {"date", "server", "connection", "content-length", "www-authenticate"}


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
        **_ids(),
    )


def from_test(resource: dict[str, Any], verb: str, request: dict[str, Any]) -> Incoming:
    """Return the request that TestInvokeMethod describes."""
    path, _, query = (request.get("pathWithQueryString") or "").partition("?")
    headers = list((request.get("headers") or {}).items())
    for name, values in (request.get("multiValueHeaders") or {}).items():
        headers += [(name, value) for value in values]
    return Incoming(
        method=verb,
        path=path or resource["path"],
        query=query,
        headers=headers,
        body=(request.get("body") or "").encode(),
        source_ip="127.0.0.1",
        **_ids(),
    )


def to_http(outgoing: Outgoing, request: Incoming) -> web.Response:
    """Return the answer with AWS's ids on it."""
    response = web.Response(status=outgoing.status, body=outgoing.body)
    response.headers.popall("Content-Type", None)
    response.headers["x-amzn-RequestId"] = request.request_id
    response.headers["x-amz-apigw-id"] = request.extended_request_id
    for name, value in outgoing.headers:
        remapped = f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name
        response.headers.add(remapped, value)
    return response


def _ids() -> dict[str, str]:
    return {
        "request_id": str(uuid.uuid4()),
        "extended_request_id": base64.b64encode(secrets.token_bytes(11)).decode(),
        "trace_id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}",
    }
