"""TestInvokeMethod and TestInvokeAuthorizer, with their execution log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cognito_gw.gateway_rules import Match, Router
from cognito_gw.local.apigateway.authorizer import Allowed
from cognito_gw.local.apigateway.context import (
    TEST_STAGE,
    Context,
    Served,
    claims_as_text,
    from_test,
)
from cognito_gw.local.apigateway.gateway import Gateway
from cognito_gw.local.apigateway.operations.deployments import draft
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.moto_store import MotoThread
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.apigateway.context import FunctionCall, Outcome
    from cognito_gw.local.apigateway.snapshot import Snapshot
    from cognito_gw.local.operations import Call


_MAX_LINE = 998  # characters
_SHOWN = 6  # characters at the end of a secret
_SECRETS = ("authorization",)


def method_log(context: Context, outcome: Outcome) -> str:
    """Return the log of TestInvokeMethod."""
    return _log(
        context.request.request_id,
        [
            *_request_lines(context),
            *(_function_lines(context, outcome.call) if outcome.call else ()),
            *_outcome_lines(outcome),
            f"Method completed with status: {outcome.response.status}",
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
    body = outcome.response.body.decode("utf-8", "replace")
    yield f"Method response body after transformations: {_cut(body)}"
    yield f"Method response headers: {_map(outcome.response.headers)}"
    yield "Successfully completed execution"


def _map(pairs: Iterable[tuple[str, str]]) -> str:
    """Write a mapping as Java does."""
    shown = (
        f"{name}={_masked(value) if name.lower() in _SECRETS else value}"
        for name, value in pairs
    )
    return _cut(f"{{{', '.join(shown)}}}")


def _masked(secret: str) -> str:
    hidden = max(len(secret) - _SHOWN, 0)
    return "*" * hidden + secret[hidden:] if hidden else "*" * len(secret)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]} [TRUNCATED]"


_UNAUTHORIZED = 401


async def run_method_test(
    gateway: Gateway, draft: Snapshot, params: dict[str, Any]
) -> dict[str, Any]:
    """Answer TestInvokeMethod, which skips the authorizer."""
    match = _method(draft, params)
    verb, path = params["httpMethod"], match.resource["path"]
    request = from_test(verb, path, params)
    # A path of another resource is accepted too, without variables.
    match = Router([match.resource]).match(verb, request.path) or match
    variables = params.get("stageVariables") or {}
    context = Context(request, Served(draft, TEST_STAGE, None, variables), match)
    began = time.monotonic()
    outcome = await gateway.integrate(context, match.method)
    latency = int((time.monotonic() - began) * 1000)
    response = outcome.response
    multi: dict[str, list[str]] = {}
    for name, value in response.headers:
        multi.setdefault(name, []).append(value)
    return {
        "status": response.status,
        "body": response.body.decode("utf-8", "replace"),
        "headers": dict(response.headers),
        "multiValueHeaders": multi,
        "log": method_log(context, outcome),
        "latency": latency,
    }


def run_authorizer_test(
    gateway: Gateway, draft: Snapshot, params: dict[str, Any]
) -> dict[str, Any]:
    """Answer TestInvokeAuthorizer, which accepts ID tokens only."""
    authorizer_id = params["authorizerId"]
    variables = params.get("stageVariables") or {}
    authorizer = gateway.authorizers(draft, variables).get(authorizer_id)
    if authorizer is None:
        raise AwsFault(
            "NotFoundException", "Invalid Authorizer identifier specified", 404
        )
    request = from_test("GET", "/", params)
    values = request.values(authorizer.header)
    began = time.monotonic()
    decision = authorizer.decide(values, [])
    latency = int((time.monotonic() - began) * 1000)
    is_allowed = isinstance(decision, Allowed)
    answer = {
        "clientStatus": 0 if is_allowed else _UNAUTHORIZED,
        "log": authorizer_log(
            request.request_id, authorizer_id, ",".join(values), is_allowed=is_allowed
        ),
        "latency": latency,
    }
    if isinstance(decision, Allowed):
        answer["claims"] = claims_as_text(decision.claims)
    return answer


def _method(draft: Snapshot, params: dict[str, Any]) -> Match:
    for resource in draft.resources:
        methods = resource.get("resourceMethods", {})
        method = methods.get(params["httpMethod"]) or methods.get("ANY")
        if resource["id"] == params["resourceId"] and method:
            return Match(resource, method)
    raise AwsFault("NotFoundException", "Invalid Method identifier specified", 404)


@apigateway.answers_async("TestInvokeMethod")
async def test_invoke_method(call: Call) -> dict[str, Any]:
    """Send a test through the draft of the API; moto has no TestInvokeMethod."""
    snapshot = await call.part(MotoThread).run(draft, call)
    return await run_method_test(call.part(Gateway), snapshot, call.params)


@apigateway.answers_async("TestInvokeAuthorizer")
async def test_invoke_authorizer(call: Call) -> dict[str, Any]:
    """Ask the draft's authorizer; moto has no TestInvokeAuthorizer."""
    snapshot = await call.part(MotoThread).run(draft, call)
    return run_authorizer_test(call.part(Gateway), snapshot, call.params)
