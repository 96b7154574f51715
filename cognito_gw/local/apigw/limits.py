"""The sizes of a request beyond which API Gateway does not read on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.local.apigw.gateway_response import (
    URI_TOO_LONG,
    default,
)
from cognito_gw.local.apigw.proxy_response import Outgoing

if TYPE_CHECKING:
    from cognito_gw.local.apigw.context import Context
    from cognito_gw.local.apigw.request import Incoming

MOST_BODY = 10 * 1024 * 1024
_MOST_LINE = 10_240  # of the address, and of it together with the headers' values
_MOST_ARN = 1_600  # of a method with an authorizer
# AWS refuses it before the API is known: in plain text, and not to be customised.
_BODY_TOO_LARGE = Outgoing(
    413,
    f"HTTP content length exceeded {MOST_BODY} bytes.".encode(),
    [("Content-Type", "text; charset=utf-8")],
)


def beyond_limits(request: Incoming) -> Outgoing | None:
    """Return how a request is refused that is too large, whatever it asks for."""
    if len(request.body) > MOST_BODY:
        return _BODY_TOO_LARGE
    if _line(request) > _MOST_LINE:
        return default(URI_TOO_LONG)
    return None


def are_headers_too_long(request: Incoming) -> bool:
    """Whether the headers are; a token that is too long is a wrong token first."""
    values = sum(len(value) for _, value in request.headers)
    return _line(request) + values > _MOST_LINE


def _line(request: Incoming) -> int:
    return len(request.path) + len(request.query)


def is_arn_too_long(context: Context) -> bool:
    """Whether what is called has too long a name for an authorizer's policy."""
    return len(context.arn_of(context.request.path)) > _MOST_ARN
