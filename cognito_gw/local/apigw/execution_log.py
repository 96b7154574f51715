"""The execution log, in the words in which API Gateway writes it for a test."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.apigw.context import Context
    from cognito_gw.local.apigw.outcome import FunctionCall, Outcome

_LONGEST = 998
_SHOWN_OF_SECRETS = 6
_SECRETS = ("authorization",)


def method_log(context: Context, outcome: Outcome) -> str:
    """Return the log of TestInvokeMethod."""
    return _log(
        context.request.request_id,
        [
            *_request_lines(context),
            *(_function_lines(context, outcome.call) if outcome.call else ()),
            *_outcome_lines(outcome),
            f"Method completed with status: {outcome.outgoing.status}",
        ],
    )


def authorizer_log(
    request_id: str, authorizer_id: str, identity: str, *, is_allowed: bool
) -> str:
    """Return the log of TestInvokeAuthorizer."""
    return _log(
        request_id,
        [
            f"Starting authorizer: {authorizer_id} for request: {request_id}",
            f"Incoming identity: {_masked(identity)}",
            "Successfully completed authorizer execution"
            if is_allowed
            else f"Unauthorized request: {request_id}",
        ],
    )


def _log(request_id: str, lines: Iterable[str]) -> str:
    now = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime())
    head = f"Execution log for request {request_id}"
    return "\n".join([head, *(f"{now} : {line}" for line in lines)]) + "\n"


def _request_lines(context: Context) -> Iterator[str]:
    request, match = context.request, context.match
    query = parse_qsl(request.query, keep_blank_values=True)
    path = context.variables["resourcePath"]
    body = request.body.decode("utf-8", "replace")
    yield f"Starting execution for request: {request.request_id}"
    yield f"HTTP Method: {request.method}, Resource Path: {path}"
    yield f"Method request path: {_map(match.parameters.items() if match else ())}"
    yield f"Method request query string: {_map(query)}"
    yield f"Method request headers: {_map(request.headers)}"
    yield f"Method request body before transformations: {_cut(body)}"


def _function_lines(context: Context, call: FunctionCall) -> Iterator[str]:
    api_id, region = context.served.snapshot.api_id, context.served.snapshot.region
    host = f"lambda.{region}.amazonaws.com"
    address = f"https://{host}/2015-03-31/functions/{call.arn}/invocations"
    headers = {
        "x-amzn-apigateway-api-id": api_id,
        "Accept": "application/json",
        "User-Agent": f"AmazonAPIGateway_{api_id}",
        "Host": host,
        "X-Amzn-Trace-Id": context.request.trace_id,
        "x-amzn-lambda-integration-tag": context.request.request_id,
        "X-Amz-Source-Arn": call.source_arn,
    }
    yield f"Endpoint request URI: {address}"
    yield f"Endpoint request headers: {_map(headers.items())}"
    yield f"Endpoint request body after transformations: {_cut(call.event.decode())}"
    yield f"Sending request to {address}"
    if call.payload is not None:
        yield from _payload_lines(call.payload, call.milliseconds)


def _payload_lines(payload: bytes, milliseconds: int) -> Iterator[str]:
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(payload)),
        "Connection": "keep-alive",
        "X-Amz-Executed-Version": "$LATEST",
    }
    body = _cut(payload.decode("utf-8", "replace"))
    yield f"Received response. Status: 200, Integration latency: {milliseconds} ms"
    yield f"Endpoint response headers: {_map(headers.items())}"
    yield f"Endpoint response body before transformations: {body}"


def _outcome_lines(outcome: Outcome) -> Iterator[str]:
    if outcome.failure:
        yield outcome.failure
        return
    body = outcome.outgoing.body.decode("utf-8", "replace")
    yield f"Method response body after transformations: {_cut(body)}"
    yield f"Method response headers: {_map(outcome.outgoing.headers)}"
    yield "Successfully completed execution"


def _map(pairs: Iterable[tuple[str, str]]) -> str:
    """Spell a mapping as Java does."""
    shown = (
        f"{name}={_masked(value) if name.lower() in _SECRETS else value}"
        for name, value in pairs
    )
    return _cut(f"{{{', '.join(shown)}}}")


def _masked(secret: str) -> str:
    hidden = max(len(secret) - _SHOWN_OF_SECRETS, 0)
    return "*" * hidden + secret[hidden:] if hidden else "*" * len(secret)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} [TRUNCATED]"
