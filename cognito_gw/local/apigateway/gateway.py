"""Serves deployed stages as API Gateway does: route, authorizer, integration."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.gateway_rules import COGNITO, IAM, OPEN
from cognito_gw.local import events
from cognito_gw.local.apigateway import responses
from cognito_gw.local.apigateway.access_log import AccessLog
from cognito_gw.local.apigateway.authorizer import Authorizer, Refused
from cognito_gw.local.apigateway.context import (
    Context,
    Outcome,
    Response,
    Served,
    find_api_key,
    from_http,
    to_http,
)
from cognito_gw.local.apigateway.integrations import FunctionIntegration, mock_response
from cognito_gw.local.apigateway.responses import default, refused, respond
from cognito_gw.local.apigateway.throttle import Buckets
from cognito_gw.local.cognito.directory import pool_exists

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.apigateway.context import (
        ApiKey,
        DeployedStage,
        Request,
        Snapshot,
    )
    from cognito_gw.local.awslambda.functions import Functions
    from cognito_gw.local.cognito.tokens import Keys
    from cognito_gw.local.events import Activity


MAX_BODY = 10 * 1024 * 1024  # bytes
_MAX_LINE = 10_240  # characters of the path and query, also with the header values
_MAX_ARN = 1_600  # characters of the ARN of a method with an authorizer
_API_KEY = "x-api-key"
# AWS refuses it before it knows the API: in plain text, and nothing can customize it.
_BODY_TOO_LARGE = Response(
    413,
    f"HTTP content length exceeded {MAX_BODY} bytes.".encode(),
    [("Content-Type", "text; charset=utf-8")],
)


def beyond_limits(request: Request) -> Response | None:
    """Return the refusal of a request that is too large for any API, or None."""
    if len(request.body) > MAX_BODY:
        return _BODY_TOO_LARGE
    if _line(request) > _MAX_LINE:
        return default(responses.URI_TOO_LONG)
    return None


def _line(request: Request) -> int:
    return len(request.path) + len(request.query)


_HASHED = "ashed with SHA-256 and encoded with Base64)"
_INCOMPLETE = (
    "Authorization header requires 'Credential' parameter. "
    "Authorization header requires 'Signature' parameter. "
    "Authorization header requires 'SignedHeaders' parameter. "
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
    "header. "
)


def signature_required(context: Context) -> Response:
    """Return the refusal of an unsigned request; a token is an invalid signature."""
    sent = context.request.header("Authorization")
    if not sent:
        return respond(responses.NO_ROUTE, context)
    octets = hashlib.sha256(sent.encode("utf-8", "surrogateescape")).digest()
    digest = base64.b64encode(octets).decode()
    if "=" in sent:
        message = f"{_INCOMPLETE}(H{_HASHED} Authorization={digest}"
    else:
        message = (
            "Invalid key=value pair (missing equal-sign) in Authorization header "
            f"(h{_HASHED}: '{digest}'."
        )
    return respond(responses.NOT_SIGNED, context, message)


@dataclass
class Gateway:
    """Answers requests to stages, from what is deployed there."""

    stages: Callable[[str, str], DeployedStage | None]  # by API id and name
    keys: Keys
    functions: Functions
    url: str  # which the issuers of tokens start with
    activity: Activity
    pool_exists: Callable[[str], bool] = pool_exists
    find_api_key: Callable[[Snapshot, str, str], ApiKey | None] = find_api_key
    access_log: AccessLog = field(default_factory=AccessLog)
    clock: Callable[[], float] = time.monotonic  # of the throttling, in seconds
    _served: dict[tuple[str, str], Served] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Create the integration, which holds the calls that are running."""
        self._function_integration = FunctionIntegration(self.functions)
        self._buckets = Buckets(self.clock)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request to `/{api_id}/{stage}/…`, and report it."""
        if "Service-Worker" in request.headers:  # it would serve cgw's own pages too
            return web.Response(status=403, text="No service workers here.\n")
        api_id, stage = request.match_info["api_id"], request.match_info["stage"]
        received, began = await from_http(request), time.monotonic()
        deployed = self.stages(api_id, stage)
        outcome = await self._answer(received, deployed)
        if deployed and deployed.access_log:
            self.access_log.write(deployed.access_log, outcome, began)
        status, why = outcome.response.status, outcome.why
        events.write_log(f"{request.method} {request.rel_url.raw_path} {status}: {why}")
        self.activity.add(
            "request",
            api_id=api_id,
            stage=stage,
            method=received.method,
            path=received.path,
            status=status,
            why=why,
            request_id=received.request_id,
        )
        return to_http(outcome.response, received, keep_alive=bool(request.keep_alive))

    def authorizers(
        self, snapshot: Snapshot, variables: dict[str, str]
    ) -> dict[str, Authorizer]:
        """Return an API's Cognito authorizers by ID."""
        return {
            authorizer_id: Authorizer(settings, self.keys, self.url, variables)
            for authorizer_id, settings in snapshot.authorizers.items()
            if settings["type"] == COGNITO
        }

    async def integrate(self, context: Context, method: dict[str, Any]) -> Outcome:
        """Answer an authorized request by the method's integration."""
        integration = method.get("methodIntegration") or {}
        match integration.get("type"):
            case "AWS_PROXY":
                return await self._function_integration.answer(context, integration)
            case "MOCK" if response := mock_response(integration, context.request):
                return Outcome(response, "mock")
        kind = integration.get("type")
        why = f"an integration of type {kind} is not supported locally"
        return refused(responses.CONFIGURATION_ERROR, context, why)

    async def _answer(
        self, request: Request, deployed: DeployedStage | None
    ) -> Outcome:
        if deployed is None:
            return Outcome(default(responses.FORBIDDEN), "no such stage")
        if response := beyond_limits(request):
            return Outcome(response, "the request is too large")
        if deployed.snapshot.rest_api.get("disableExecuteApiEndpoint"):
            why = "the API's default endpoint is disabled"
            return Outcome(default(responses.FORBIDDEN), why)
        return await self._answer_deployed(request, deployed)

    async def _answer_deployed(
        self, request: Request, deployed: DeployedStage
    ) -> Outcome:
        served = self._as_served(deployed)
        match = served.router.match(request.method, request.path)
        context = Context(request, served, match)
        if match is None:
            why = "no such route is deployed"
            return Outcome(signature_required(context), why, context=context)
        if not self._buckets.let_in(deployed, match):
            why = "above the throttling limit of the stage"
            return refused(responses.THROTTLED, context, why)
        if match.method["authorizationType"] == IAM:
            why = "the method requires a SigV4 signature"
            return Outcome(signature_required(context), why, context=context)
        if match.method["authorizationType"] == OPEN:
            return await self._pass(context, match.method)
        return await self._answer_secured(context, match.method)

    async def _answer_secured(
        self, context: Context, method: dict[str, Any]
    ) -> Outcome:
        if len(context.arn_of(context.request.path)) > _MAX_ARN:
            return refused(responses.URI_TOO_LONG, context, "the ARN is too long")
        authorizer = context.served.authorizers.get(method.get("authorizerId", ""))
        if authorizer is None:
            why = "the method's authorizer is not supported locally"
            return refused(responses.AUTHORIZER_ERROR, context, why)
        values = context.request.values(authorizer.header)
        if any(values) and not any(map(self.pool_exists, authorizer.pools)):
            why = "the authorizer's user pool does not exist"
            return refused(responses.AUTHORIZER_ERROR, context, why)
        decision = authorizer.decide(values, method.get("authorizationScopes") or [])
        if isinstance(decision, Refused):
            return refused(
                responses.UNAUTHORIZED, context, decision.reason, decision.message
            )
        return await self._pass(replace(context, claims=decision.claims), method)

    async def _pass(self, context: Context, method: dict[str, Any]) -> Outcome:
        values = sum(len(value) for _, value in context.request.headers)
        # Checked after the authorizer: a token that is too long is a wrong token first.
        if _line(context.request) + values > _MAX_LINE:
            why = "the headers are too long"
            return refused(responses.HEADERS_TOO_LONG, context, why)
        if method.get("apiKeyRequired"):
            key = self._api_key(context)
            if key is None:
                why = "the method requires an API key of a usage plan of the stage"
                return refused(responses.NO_API_KEY, context, why)
            context = replace(context, api_key=key)
        return replace(await self.integrate(context, method), context=context)

    def _api_key(self, context: Context) -> ApiKey | None:
        """Return the API key in the request; a Cognito authorizer supplies none."""
        snapshot, value = context.served.snapshot, context.request.header(_API_KEY)
        if value is None or snapshot.rest_api.get("apiKeySource") == "AUTHORIZER":
            return None
        return self.find_api_key(snapshot, context.served.stage, value)

    def _as_served(self, deployed: DeployedStage) -> Served:
        """Return a stage with the router and authorizers that its requests share."""
        snapshot, variables = deployed.snapshot, deployed.variables
        key = (snapshot.api_id, deployed.name)
        known = self._served.get(key)
        if (
            known is None
            or known.deployment_id != deployed.deployment_id
            or known.variables != variables
        ):
            authorizers = self.authorizers(snapshot, variables)
            known = Served(
                snapshot, deployed.name, deployed.deployment_id, variables, authorizers
            )
            self._served[key] = known
        return known
