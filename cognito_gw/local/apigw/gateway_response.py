"""What the gateway answers by itself, in AWS's words or the API's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from cognito_gw.local.apigw.proxy_response import Outgoing

if TYPE_CHECKING:
    from cognito_gw.local.apigw.event import Incoming

_SERVER_ERROR = 500


class Kind(NamedTuple):
    """A type of gateway response: its status, error type and usual message."""

    type: str
    status: int
    error_type: str
    message: str


UNAUTHORIZED = Kind("UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized")
NO_ROUTE = Kind(
    "MISSING_AUTHENTICATION_TOKEN",
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
)
NOT_SIGNED = Kind("INVALID_SIGNATURE", 403, "IncompleteSignatureException", "")
FORBIDDEN = Kind("ACCESS_DENIED", 403, "ForbiddenException", "Forbidden")
# 5xx bodies have a blank behind the colon, 4xx bodies have none.
CONFIGURATION_ERROR = Kind(
    "API_CONFIGURATION_ERROR",
    500,
    "InternalServerErrorException",
    "Internal server error",
)
BAD_ANSWER = Kind(
    "DEFAULT_5XX", 502, "InternalServerErrorException", "Internal server error"
)
TIMED_OUT = Kind(
    "INTEGRATION_TIMEOUT",
    504,
    "InternalServerErrorException",
    "Endpoint request timed out",
)
TOO_LARGE = Kind(
    "REQUEST_TOO_LARGE", 413, "RequestEntityTooLargeException", "Request Too Long"
)


def respond(
    kind: Kind,
    customised: dict[str, dict[str, Any]],
    request: Incoming,
    message: str | None = None,
) -> Outgoing:
    """Return the answer of one kind, as the API customises it."""
    text = kind.message if message is None else message
    default = "DEFAULT_5XX" if kind.status >= _SERVER_ERROR else "DEFAULT_4XX"
    custom = _own(customised, kind.type) or _own(customised, default) or {}
    headers = [("Content-Type", "application/json")]
    body = _template(custom, text) or _body(kind, text)
    status = int(custom.get("statusCode") or kind.status)
    parameters = custom.get("responseParameters") or {}
    headers += [
        (name.removeprefix("gatewayresponse.header."), value)
        for name, source in parameters.items()
        if (value := _value(source, request)) is not None
    ]
    headers.append(("x-amzn-ErrorType", kind.error_type))
    return Outgoing(status, body.encode(), headers)


def _own(customised: dict[str, dict[str, Any]], kind: str) -> dict[str, Any] | None:
    found = customised.get(kind)
    return None if found is None or found.get("defaultResponse") else found


def _body(kind: Kind, message: str) -> str:
    blank = " " if kind.status >= _SERVER_ERROR else ""
    return f'{{"message":{blank}{json.dumps(message)}}}'


def _template(custom: dict[str, Any], message: str) -> str | None:
    template: str | None = (custom.get("responseTemplates") or {}).get(
        "application/json"
    )
    if template is None or template == '{"message":$context.error.messageString}':
        return None
    return template.replace(
        "$context.error.messageString", json.dumps(message)
    ).replace("$context.error.message", message)


def _value(source: str, request: Incoming) -> str | None:
    """Return a literal 'in quotes', or what the request says."""
    if source.startswith("'"):
        return source.strip("'")
    if source.lower().startswith("method.request.header."):
        return request.header(source.rpartition(".")[2])
    return None
