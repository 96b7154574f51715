"""Gateway responses: AWS's defaults, and the templates that an API sets instead."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from cognito_gw.local.apigateway.context import Outcome, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.apigateway.context import Context

_SERVER_ERROR = 500
_JSON = "application/json"
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_HEADER = "gatewayresponse.header."


class ResponseType(NamedTuple):
    """A type of gateway response: its status, error type and usual message."""

    name: str
    status: int
    error_type: str
    message: str | None
    blank: str = ""  # behind the colon of the body, where AWS has one


_INTERNAL = "InternalServerErrorException"
UNAUTHORIZED = ResponseType(
    "UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized"
)
NO_ROUTE = ResponseType(
    "MISSING_AUTHENTICATION_TOKEN",
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
)
THROTTLED = ResponseType(
    "THROTTLED", 429, "TooManyRequestsException", "Too Many Requests"
)
NOT_SIGNED = ResponseType("INVALID_SIGNATURE", 403, "IncompleteSignatureException", "")
FORBIDDEN = ResponseType("ACCESS_DENIED", 403, "ForbiddenException", "Forbidden")
NO_API_KEY = ResponseType("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden")
AUTHORIZER_ERROR = ResponseType(
    "AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", None
)
CONFIGURATION_ERROR = ResponseType(
    "API_CONFIGURATION_ERROR", 500, _INTERNAL, "Internal server error", " "
)
BAD_GATEWAY = ResponseType("DEFAULT_5XX", 502, _INTERNAL, "Internal server error", " ")
TIMED_OUT = ResponseType(
    "INTEGRATION_TIMEOUT", 504, _INTERNAL, "Endpoint request timed out", " "
)
EVENT_TOO_LONG = ResponseType(
    "DEFAULT_4XX", 413, "BadRequestException", "Request Too Long", " "
)
URI_TOO_LONG = ResponseType("DEFAULT_4XX", 414, "BadRequestException", "URI Too Long")
HEADERS_TOO_LONG = ResponseType(
    "DEFAULT_4XX", 431, "BadRequestException", "Request Header Fields Too Large"
)


def refused(
    kind: ResponseType, context: Context, why: str, message: str | None = None
) -> Outcome:
    """Return the outcome of a request that reaches no integration."""
    return Outcome(respond(kind, context, message), why, why, context=context)


def default(kind: ResponseType, message: str | None = None) -> Response:
    """Return AWS's own response of a type."""
    text = message or kind.message
    error = {
        "message": text,
        "messageString": json.dumps(text),
        "responseType": kind.name,
    }
    body = f'{{"message":{kind.blank}{error["messageString"]}}}'
    headers = [("Content-Type", _JSON), ("x-amzn-ErrorType", kind.error_type)]
    return Response(kind.status, body.encode(), headers, error)


def respond(
    kind: ResponseType, context: Context, message: str | None = None
) -> Response:
    """Return the response of a type, as the API customizes it."""
    usual = default(kind, message)
    custom = _customized(kind, context.served.snapshot.gateway_responses)
    if custom is None:
        return usual
    error = usual.error or {}
    media, template = _template(custom, context)
    headers = {name.lower(): (name, value) for name, value in usual.headers}
    headers["content-type"] = ("Content-Type", media)
    for parameter, source in (custom.get("responseParameters") or {}).items():
        value = _evaluated(source, context, error)
        if value is not None:
            name = parameter.removeprefix(_HEADER)
            headers[name.lower()] = (name, _as_text(value))
    body = (
        usual.body
        if template == _DEFAULT_TEMPLATE
        else rendered(template, context, error).encode()
    )
    status = int(custom.get("statusCode") or kind.status)
    return Response(status, body, list(headers.values()), error)


def _customized(
    kind: ResponseType, responses: dict[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """Return what the API sets for a type, or for the 4XX or 5XX class it is in."""
    everything = "DEFAULT_5XX" if kind.status >= _SERVER_ERROR else "DEFAULT_4XX"
    for name in (kind.name, everything):
        found = responses.get(name)
        if found is not None and not found.get("defaultResponse"):
            return found
    return None


def _template(custom: dict[str, Any], context: Context) -> tuple[str, str]:
    """Return the media type of the response, and the template of its body."""
    templates: dict[str, str] = custom.get("responseTemplates") or {}
    accepted = (context.request.header("Accept") or "").partition(",")[0]
    for media in (accepted.partition(";")[0].strip(), _JSON, *templates):
        if media in templates:
            return media, templates[media]
    return _JSON, _DEFAULT_TEMPLATE


# Variables in templates, such as `$context.error.message`.
_NAME = r"(?:\.[\w:-]+|\['[^']+'\])+"
_REFERENCE = re.compile(
    rf"\$(?P<brace>\{{)?(?P<name>(?:context|stageVariables|method){_NAME})(?(brace)\}})"
)
_STEP = re.compile(r"\.([\w:-]+)|\['([^']+)'\]")


def rendered(template: str, context: Context, error: Mapping[str, Any]) -> str:
    """Return a template with its variables filled in; an unknown variable is empty."""
    return _REFERENCE.sub(
        lambda found: _as_text(_evaluated(found["name"], context, error)), template
    )


def _evaluated(expression: str, context: Context, error: Mapping[str, Any]) -> Any:
    """Return the value of an expression, or None."""
    if expression.startswith("'"):
        return expression.strip("'")
    steps = [found[1] or found[2] for found in _STEP.finditer(expression)]
    match expression.partition(".")[0]:
        case "context":
            return _inside({**context.variables, "error": error}, steps)
        case "stageVariables":
            return _inside(context.served.variables, steps)
        case "method":
            return _parameter(context, steps)
    return None


def _inside(values: Any, steps: list[str]) -> Any:
    for step in steps:
        values = values.get(step) if isinstance(values, dict) else None
    return values


def _parameter(context: Context, steps: list[str]) -> Any:
    match steps:
        case ["request", "header", name]:
            return context.request.header(name)
        case ["request", "querystring", name]:
            query = parse_qsl(context.request.query, keep_blank_values=True)
            return dict(query).get(name)
        case ["request", "path", name] if context.match:
            return context.match.parameters.get(name)
    return None


def _as_text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return "" if value is None else str(value)
