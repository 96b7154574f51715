"""Serves the deployed stages as API Gateway does: route, authorizer, integration."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any

from cognito_gw.local import records
from cognito_gw.local.apigw import gateway_response as answers
from cognito_gw.local.apigw.authorizer import Allowed, Authorizer, Refused
from cognito_gw.local.apigw.event import Served, is_binary, proxy_event
from cognito_gw.local.apigw.exchange import from_http, from_test, to_http
from cognito_gw.local.apigw.execution_log import ExecutionLog
from cognito_gw.local.apigw.gateway_response import respond
from cognito_gw.local.apigw.mock_integration import mock_response
from cognito_gw.local.apigw.proxy_response import Malformed, Outgoing, from_payload
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.runtime.permission import may_invoke
from cognito_gw.routing import Match, Router

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from cognito_gw.local.activity import Activity
    from cognito_gw.local.apigw.event import Incoming
    from cognito_gw.local.identity.keys import Keys
    from cognito_gw.local.runtime.functions import Functions
    from cognito_gw.local.snapshot import DeployedStage, Snapshot

_log = logging.getLogger(__name__)
_FUNCTION = re.compile(r"/functions/(arn:[^/]+)/invocations")
_TIMEOUT_MS = 29_000
_MOST_BODY = 10 * 1024 * 1024
_TEST_STAGE = "test-invoke-stage"


class Gateway:
    """Answers requests to stages; what is not deployed is not there."""

    def __init__(
        self,
        stages: Callable[[str, str], DeployedStage | None],
        keys: Keys,
        functions: Functions,
        url: str,
        activity: Activity,
    ) -> None:
        """Serve `stages(api_id, name)`; run `functions`; trust `keys`."""
        self._stages = stages
        self._keys = keys
        self._functions = functions
        self._url = url
        self._activity = activity
        self._routers: dict[tuple[str, str], Router] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to `/{api_id}/{stage}/…`."""
        api_id, stage_name = request.match_info["api_id"], request.match_info["stage"]
        incoming = await from_http(request)
        stage = self._stages(api_id, stage_name)
        if stage is None:
            outgoing, why = (
                respond(answers.FORBIDDEN, {}, incoming),
                "no such stage",
            )
        else:
            outgoing, why = await self._answer(incoming, stage)
        target = request.rel_url.raw_path
        _log.info("%s %s %d: %s", request.method, target, outgoing.status, why)
        self._activity.add(
            "request",
            api_id=api_id,
            stage=stage_name,
            method=incoming.method,
            path=incoming.path,
            status=outgoing.status,
            why=why,
            request_id=incoming.request_id,
        )
        return to_http(outgoing, incoming)

    async def test_invoke(
        self, draft: Snapshot, resource_id: str, verb: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer TestInvokeMethod: the draft as it is, without its authorizer."""
        resource = next(each for each in draft.resources if each["id"] == resource_id)
        methods = resource.get("resourceMethods", {})
        method = methods.get(verb) or methods.get("ANY")
        if method is None:
            raise AwsFault(
                "NotFoundException", "Invalid Method identifier specified", 404
            )
        incoming = from_test(resource, verb, request)
        found = Router([resource]).match(verb, incoming.path)
        match = found or Match(resource, method)
        variables = request.get("stageVariables") or {}
        served = Served(draft, _TEST_STAGE, None, variables)
        log = ExecutionLog(incoming, resource["path"])
        began = time.monotonic()
        outgoing, why = await self._integrate(incoming, served, match, None)
        latency = int((time.monotonic() - began) * 1000)
        return log.answer(outgoing, why, latency)

    async def _answer(
        self, request: Incoming, stage: DeployedStage
    ) -> tuple[Outgoing, str]:
        snapshot = stage.snapshot
        custom = snapshot.gateway_responses
        match = self._router(stage).match(request.method, request.path)
        if match is None or match.method["authorizationType"] == "AWS_IAM":
            return _unrouted(request, custom, match)
        if len(request.body) > _MOST_BODY:
            return respond(answers.TOO_LARGE, custom, request), "the body is too large"
        decision = self._decide(request, snapshot, match.method)
        if isinstance(decision, Refused):
            kind = answers.UNAUTHORIZED
            return respond(kind, custom, request, decision.message), decision.reason
        claims = decision.claims if decision else None
        served = Served(snapshot, stage.name, stage.deployment_id, stage.variables)
        return await self._integrate(request, served, match, claims)

    def _router(self, stage: DeployedStage) -> Router:
        key = (stage.snapshot.api_id, stage.deployment_id)
        if key not in self._routers:
            self._routers[key] = Router(stage.snapshot.resources)
        return self._routers[key]

    def _decide(
        self, request: Incoming, snapshot: Snapshot, method: dict[str, Any]
    ) -> Allowed | Refused | None:
        """Ask the method's authorizer; None where it has none to ask."""
        if method["authorizationType"] == "NONE":
            return None
        settings = snapshot.authorizers.get(method.get("authorizerId", ""))
        if settings is None or settings["type"] != "COGNITO_USER_POOLS":
            return Refused("the method's authorizer is none that is known here")
        authorizer = Authorizer(settings, self._keys, self._url)
        scopes = method.get("authorizationScopes") or []
        return authorizer.decide(request.header(authorizer.header), scopes)

    async def _integrate(
        self,
        request: Incoming,
        served: Served,
        match: Match,
        claims: dict[str, Any] | None,
    ) -> tuple[Outgoing, str]:
        custom = served.snapshot.gateway_responses
        integration = match.method.get("methodIntegration") or {}
        if integration.get("type") == "MOCK":
            outgoing = mock_response(integration, request)
            if outgoing is not None:
                return outgoing, "mock"
        if integration.get("type") != "AWS_PROXY":
            why = f"an integration of type {integration.get('type')} is not served here"
            return respond(answers.CONFIGURATION_ERROR, custom, request), why
        return await self._call_function(request, served, match, claims)

    async def _call_function(
        self,
        request: Incoming,
        served: Served,
        match: Match,
        claims: dict[str, Any] | None,
    ) -> tuple[Outgoing, str]:
        custom = served.snapshot.gateway_responses
        integration = match.method["methodIntegration"]
        found = _FUNCTION.search(integration.get("uri", ""))
        source = _source_arn(served, request.method, match.resource["path"])
        policy = records.policy_of(found[1]) if found else []
        if not found or not may_invoke(policy, source, served.snapshot.account):
            why = "Invalid permissions on Lambda function"
            return respond(answers.CONFIGURATION_ERROR, custom, request), why
        event = json.dumps(proxy_event(request, served, match, claims)).encode()
        seconds = (integration.get("timeoutInMillis") or _TIMEOUT_MS) / 1000
        try:
            async with asyncio.timeout(seconds):
                done = await self._functions.invoke(found[1], event)
        except TimeoutError:
            return respond(
                answers.TIMED_OUT, custom, request
            ), "the integration timed out"
        if done.error:
            why = f"the function failed: {done.payload.decode('utf-8', 'replace')}"
            return respond(answers.BAD_ANSWER, custom, request), why
        is_binary_api = is_binary(request.header("Accept"), served.snapshot)
        try:
            outgoing = from_payload(done.payload, is_binary_api=is_binary_api)
        except Malformed as error:
            why = f"Malformed Lambda proxy response: {error}"
            return respond(answers.BAD_ANSWER, custom, request), why
        outgoing.headers.append(("X-Amzn-Trace-Id", request.trace_id))
        return outgoing, "function"


def _unrouted(
    request: Incoming, custom: dict[str, dict[str, Any]], match: Match | None
) -> tuple[Outgoing, str]:
    """Refuse what the stage does not have, or what would need a signature."""
    why = "no such route is deployed" if match is None else "the method wants SigV4"
    sent = request.header("Authorization")
    if not sent:
        return respond(answers.NO_ROUTE, custom, request), why
    # With the header, AWS takes the request for a signed one that is badly signed.
    sent_bytes = sent.encode("utf-8", "surrogateescape")
    digest = base64.b64encode(hashlib.sha256(sent_bytes).digest()).decode()
    message = (
        "Invalid key=value pair (missing equal-sign) in Authorization header "
        f"(hashed with SHA-256 and encoded with Base64): '{digest}'."
    )
    return respond(answers.NOT_SIGNED, custom, request, message), why


def _source_arn(served: Served, verb: str, path: str) -> str:
    snapshot = served.snapshot
    place = f"arn:aws:execute-api:{snapshot.region}:{snapshot.account}"
    return f"{place}:{snapshot.api_id}/{served.stage}/{verb}{path}"
