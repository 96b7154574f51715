"""The event of a Lambda proxy integration, as API Gateway makes it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.local.apigw.context import Context, Served
    from cognito_gw.local.apigw.request import Incoming

_NOT_HANDED_ON = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    }
)


def proxy_event(context: Context) -> dict[str, Any]:
    """Return the event; what there is none of is null, never an empty mapping."""
    request, served = context.request, context.served
    query = parse_qsl(request.query, keep_blank_values=True)
    headers = request.headers if served.is_test else _handed_on(request)
    body, is_base64 = _body(request, served)
    return {
        "resource": context.variables["resourcePath"],
        # Recorded on AWS: of "//pets", only requestContext.path has both slashes.
        "path": "/" + request.path.lstrip("/"),
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": _multi(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _multi(query),
        "pathParameters": (context.match and context.match.parameters) or None,
        "stageVariables": served.variables or None,
        "requestContext": context.variables,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def is_binary(media_types: str | None, served: Served) -> bool:
    """Whether the API takes the first of these media types for bytes."""
    media = (media_types or "").partition(",")[0].partition(";")[0].strip()
    return not served.binary_types.isdisjoint(
        {"*/*", media, f"{media.partition('/')[0]}/*"}
    )


def _handed_on(request: Incoming) -> list[tuple[str, str]]:
    """Return the headers that reach a function, with those that the gateway adds."""
    passed = [
        (name, value)
        for name, value in request.headers
        if name.lower() not in _NOT_HANDED_ON
    ]
    hops = [*request.values("X-Forwarded-For"), request.source_ip]
    return [
        *passed,
        ("X-Amzn-Trace-Id", request.trace_id),
        ("X-Forwarded-For", ", ".join(hops)),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _multi(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]] | None:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists or None


def _body(request: Incoming, served: Served) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_binary(request.header("Content-Type"), served):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False
