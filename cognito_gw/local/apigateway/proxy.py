"""The event of a Lambda proxy integration, and the response it accepts."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cognito_gw.local.apigateway.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.local.apigateway.context import Context, Served
    from cognito_gw.local.apigateway.exchange import Request


_NOT_FORWARDED = frozenset(
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
    """Return the event. A field without values is null, never an empty mapping."""
    request, served = context.request, context.served
    query = parse_qsl(request.query, keep_blank_values=True)
    headers = request.headers if served.is_test else _forwarded(request)
    body, is_base64 = _event_body(request, served)
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
    """Tell whether the API treats the first of these media types as bytes."""
    media = (media_types or "").partition(",")[0].partition(";")[0].strip()
    return not served.binary_types.isdisjoint(
        {"*/*", media, f"{media.partition('/')[0]}/*"}
    )


def _forwarded(request: Request) -> list[tuple[str, str]]:
    """Return the headers that a function receives; the gateway adds some."""
    passed = [
        (name, value)
        for name, value in request.headers
        if name.lower() not in _NOT_FORWARDED
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


def _event_body(request: Request, served: Served) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_binary(request.header("Content-Type"), served):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


_STATUSES = range(200, 600)  # those below 200 are interim responses
_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# AWS computes these itself, and renames those that a function returns.
_REMAPPED = {"date", "server", "connection", "content-length", "www-authenticate"}
_DROPPED = "transfer-encoding"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NUMBER = re.compile(r"\d{3}", re.ASCII)
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


class Malformed(Exception):
    """Raised for a payload that API Gateway turns into a 502."""


class NotBase64(Malformed):
    """Raised for a body that is not the base64 that it claims to be: a 500."""


def from_payload(payload: bytes, *, is_binary_api: bool) -> Response:
    """Return the response that a function's payload describes."""
    try:
        answer = json.loads(payload)
    except ValueError:
        raise Malformed("the payload is not JSON") from None
    if not isinstance(answer, dict):
        raise Malformed("the payload is not an object")
    if not answer.keys() <= _FIELDS:
        raise Malformed("the payload has fields that AWS does not know")
    return Response(
        _status(answer.get("statusCode", 200)),
        _response_body(answer, is_binary_api=is_binary_api),
        _headers(answer),
    )


def _status(value: Any) -> int:
    # A number as text is valid; `true`, which Python treats as 1, is not.
    is_whole = isinstance(value, int | str) and not isinstance(value, bool)
    if not is_whole or not _NUMBER.fullmatch(str(value)) or int(value) not in _STATUSES:
        raise Malformed(f"statusCode is {value!r}")
    return int(value)


def _response_body(answer: dict[str, Any], *, is_binary_api: bool) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed("the body is not text")
    if answer.get("isBase64Encoded") is True and is_binary_api:
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            raise NotBase64("the body is not base64") from None
    return _utf8(body, "the body")


def _headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers; one in both mappings is spelled as in multiValueHeaders."""
    single, multi = (
        {} if headers is None else headers
        for headers in (answer.get("headers"), answer.get("multiValueHeaders"))
    )
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise Malformed("the headers are not an object")
    if not all(isinstance(values, list) for values in multi.values()):
        raise Malformed("multiValueHeaders has values that are not lists")
    spelling: dict[str, str] = {name.lower(): name for name in multi}
    pairs = [(name, value) for name, values in multi.items() for value in values]
    pairs += [(spelling.get(name.lower(), name), single[name]) for name in single]
    headers = [
        (_sent_name(name), _sent_value(value))
        for name, value in pairs
        if name.lower() != _DROPPED
    ]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return headers


def _sent_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed(f"{name!r} is not a valid header name")
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def _sent_value(value: Any) -> str:
    if not isinstance(value, str | bool | int | float):
        raise Malformed("a header is not text")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _CONTROL.search(text):
        raise Malformed("a header has a control character")
    _utf8(text, "a header")
    return text


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{what} has half a surrogate pair") from None
