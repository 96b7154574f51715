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
from cognito_gw.local.apigateway.integrations import multi_values
from cognito_gw.local.apigateway.operations.deployments import draft
from cognito_gw.local.errors import not_found
from cognito_gw.local.moto_store import MotoThread
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.apigateway.context import (
        FunctionCall,
        Outcome,
        Request,
        Snapshot,
    )
    from cognito_gw.local.operations import Call


_UNAUTHORIZED = 401
_MAX_LINE = 998  # characters
_SHOWN = 6  # characters at the end of a secret
_SECRETS = ("authorization",)


@apigateway.answers_async("TestInvokeMethod")
async def test_invoke_method(call: Call) -> dict[str, Any]:
    """Send a test through the draft, without its authorizer; moto does not have it."""
    api, params = await call.part(MotoThread).run(draft, call), call.params
    match = _method(api, params)
    verb, path = params["httpMethod"], match.resource["path"]
    request = from_test(verb, path, params)
    # A path of another resource is accepted too, without variables.
    match = Router([match.resource]).match(verb, request.path) or match
    variables = params.get("stageVariables") or {}
    context = Context(request, Served(api, TEST_STAGE, None, variables), match)
    began = time.monotonic()
    outcome = await call.part(Gateway).integrate(context, match.method)
    latency = int((time.monotonic() - began) * 1000)
    response = outcome.response
    lines = [
        *_request_lines(context),
        *(_function_lines(context, outcome.call) if outcome.call else ()),
        *_outcome_lines(outcome),
        f"Method completed with status: {response.status}",
    ]
    return {
        "status": response.status,
        "body": response.body.decode("utf-8", "replace"),
        "headers": dict(response.headers),
        "multiValueHeaders": multi_values(response.headers) or {},
        "log": _log(request, lines),
        "latency": latency,
    }


@apigateway.answers_async("TestInvokeAuthorizer")
async def test_invoke_authorizer(call: Call) -> dict[str, Any]:
    """Ask the draft's authorizer about an ID token; moto does not have it."""
    api, params = await call.part(MotoThread).run(draft, call), call.params
    authorizer_id, variables = call["authorizerId"], params.get("stageVariables") or {}
    authorizer = call.part(Gateway).authorizers(api, variables).get(authorizer_id)
    if authorizer is None:
        raise not_found("Invalid Authorizer identifier specified")
    request = from_test("GET", "/", params)
    values = request.values(authorizer.header)
    began = time.monotonic()
    decision = authorizer.decide(values, [])
    latency = int((time.monotonic() - began) * 1000)
    lines = [
        f"Starting authorizer: {authorizer_id} for request: {request.request_id}",
        f"Incoming identity: {_masked(','.join(values))}",
    ]
    if isinstance(decision, Allowed):
        lines.append("Successfully completed authorizer execution")
        answer = {"clientStatus": 0, "claims": claims_as_text(decision.claims)}
    else:
        lines.append(f"Unauthorized request: {request.request_id}")
        answer = {"clientStatus": _UNAUTHORIZED}
    return answer | {"log": _log(request, lines), "latency": latency}


def _method(api: Snapshot, params: dict[str, Any]) -> Match:
    for resource in api.resources:
        methods = resource.get("resourceMethods", {})
        method = methods.get(params["httpMethod"]) or methods.get("ANY")
        if resource["id"] == params["resourceId"] and method:
            return Match(resource, method)
    raise not_found("Invalid Method identifier specified")


def _log(request: Request, lines: Iterable[str]) -> str:
    now = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime())
    head = f"Execution log for request {request.request_id}"
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
