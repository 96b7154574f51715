"""Responses of the gateway itself: the default ones and those the API sets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from cognito_gw.local.apigateway.context import evaluated, rendered, text_of
from cognito_gw.local.apigateway.proxy import Outgoing

if TYPE_CHECKING:
    from cognito_gw.local.apigateway.context import Context

_SERVER_ERROR = 500
_JSON = "application/json"
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_HEADER = "gatewayresponse.header."


class Kind(NamedTuple):
    """A type of gateway response: its status, error type and usual message."""

    type: str
    status: int
    error_type: str
    message: str | None
    blank: str = ""  # behind the colon of the body, where AWS has one


UNAUTHORIZED = Kind("UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized")
NO_ROUTE = Kind(
    "MISSING_AUTHENTICATION_TOKEN",
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
)
NOT_SIGNED = Kind("INVALID_SIGNATURE", 403, "IncompleteSignatureException", "")
FORBIDDEN = Kind("ACCESS_DENIED", 403, "ForbiddenException", "Forbidden")
NO_API_KEY = Kind("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden")
AUTHORIZER_ERROR = Kind(
    "AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", None
)
CONFIGURATION_ERROR = Kind(
    "API_CONFIGURATION_ERROR",
    500,
    "InternalServerErrorException",
    "Internal server error",
    " ",
)
BAD_ANSWER = Kind(
    "DEFAULT_5XX", 502, "InternalServerErrorException", "Internal server error", " "
)
TIMED_OUT = Kind(
    "INTEGRATION_TIMEOUT",
    504,
    "InternalServerErrorException",
    "Endpoint request timed out",
    " ",
)
TOO_LONG_FOR_LAMBDA = Kind(
    "DEFAULT_4XX", 413, "BadRequestException", "Request Too Long", " "
)
URI_TOO_LONG = Kind("DEFAULT_4XX", 414, "BadRequestException", "URI Too Long")
HEADERS_TOO_LONG = Kind(
    "DEFAULT_4XX", 431, "BadRequestException", "Request Header Fields Too Large"
)


def default(kind: Kind, message: str | None = None) -> Outgoing:
    """Return the answer of one kind where the API has none of its own."""
    text = json.dumps(message or kind.message)
    body = f'{{"message":{kind.blank}{text}}}'
    headers = [("Content-Type", _JSON), ("x-amzn-ErrorType", kind.error_type)]
    return Outgoing(kind.status, body.encode(), headers)


def respond(kind: Kind, context: Context, message: str | None = None) -> Outgoing:
    """Return the answer of one kind, as the API customises it."""
    usual = default(kind, message)
    custom = _customised(kind, context.served.snapshot.gateway_responses)
    if custom is None:
        return usual
    text = message or kind.message
    error = {
        "message": text,
        "messageString": json.dumps(text),
        "responseType": kind.type,
    }
    media, template = _template(custom, context)
    headers = {name.lower(): (name, value) for name, value in usual.headers}
    headers["content-type"] = ("Content-Type", media)
    for parameter, source in (custom.get("responseParameters") or {}).items():
        value = evaluated(source, context, error)
        if value is not None:
            name = parameter.removeprefix(_HEADER)
            headers[name.lower()] = (name, text_of(value))
    body = (
        usual.body
        if template == _DEFAULT_TEMPLATE
        else rendered(template, context, error).encode()
    )
    status = int(custom.get("statusCode") or kind.status)
    return Outgoing(status, body, list(headers.values()))


def _customised(
    kind: Kind, responses: dict[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the API's own response of a kind, or of all of its class."""
    everything = "DEFAULT_5XX" if kind.status >= _SERVER_ERROR else "DEFAULT_4XX"
    for name in (kind.type, everything):
        found = responses.get(name)
        if found is not None and not found.get("defaultResponse"):
            return found
    return None


def _template(custom: dict[str, Any], context: Context) -> tuple[str, str]:
    """Return the media type of the answer, and the template that makes it."""
    templates: dict[str, str] = custom.get("responseTemplates") or {}
    accepted = (context.request.header("Accept") or "").partition(",")[0]
    for media in (accepted.partition(";")[0].strip(), _JSON, *templates):
        if media in templates:
            return media, templates[media]
    return _JSON, _DEFAULT_TEMPLATE
