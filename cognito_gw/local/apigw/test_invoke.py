"""TestInvokeMethod and TestInvokeAuthorizer: the draft answers, not the stage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigw.authorizer import Allowed
from cognito_gw.local.apigw.context import TEST_STAGE, Context, Served, spelled_claims
from cognito_gw.local.apigw.exchange import from_test
from cognito_gw.local.apigw.execution_log import authorizer_log, method_log
from cognito_gw.local.faults import AwsFault
from cognito_gw.routing import Match, Router

if TYPE_CHECKING:
    from cognito_gw.local.apigw.gateway import Gateway
    from cognito_gw.local.snapshot import Snapshot

_UNAUTHORIZED = 401


async def run_method_test(
    gateway: Gateway, draft: Snapshot, params: dict[str, Any]
) -> dict[str, Any]:
    """Answer TestInvokeMethod, which asks no authorizer."""
    match = _method(draft, params)
    verb, path = params["httpMethod"], match.resource["path"]
    request = from_test(verb, path, params)
    # A path that is not the resource's is taken all the same, without variables.
    match = Router([match.resource]).match(verb, request.path) or match
    variables = params.get("stageVariables") or {}
    context = Context(request, Served(draft, TEST_STAGE, None, variables), match)
    began = time.monotonic()
    outcome = await gateway.integrate(context, match.method)
    latency = int((time.monotonic() - began) * 1000)
    outgoing = outcome.outgoing
    multi: dict[str, list[str]] = {}
    for name, value in outgoing.headers:
        multi.setdefault(name, []).append(value)
    return {
        "status": outgoing.status,
        "body": outgoing.body.decode("utf-8", "replace"),
        "headers": dict(outgoing.headers),
        "multiValueHeaders": multi,
        "log": method_log(context, outcome),
        "latency": latency,
    }


def run_authorizer_test(
    gateway: Gateway, draft: Snapshot, params: dict[str, Any]
) -> dict[str, Any]:
    """Answer TestInvokeAuthorizer, for which only ID tokens are good."""
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
        answer["claims"] = spelled_claims(decision.claims)
    return answer


def _method(draft: Snapshot, params: dict[str, Any]) -> Match:
    for resource in draft.resources:
        methods = resource.get("resourceMethods", {})
        method = methods.get(params["httpMethod"]) or methods.get("ANY")
        if resource["id"] == params["resourceId"] and method:
            return Match(resource, method)
    raise AwsFault("NotFoundException", "Invalid Method identifier specified", 404)
