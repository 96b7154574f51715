"""Serves deployed stages as API Gateway does: route, authorizer, integration."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.gateway_rules import COGNITO, IAM, OPEN
from cognito_gw.local import server_log
from cognito_gw.local.apigateway import responses as answers
from cognito_gw.local.apigateway.authorizer import Authorizer, Refused
from cognito_gw.local.apigateway.context import Context, Served
from cognito_gw.local.apigateway.exchange import Outcome, from_http, refused, to_http
from cognito_gw.local.apigateway.integrations import FunctionIntegration, mock_response
from cognito_gw.local.apigateway.proxy import Outgoing
from cognito_gw.local.apigateway.responses import (
    NO_ROUTE,
    NOT_SIGNED,
    URI_TOO_LONG,
    default,
    respond,
)
from cognito_gw.local.apigateway.snapshot import find_api_key
from cognito_gw.local.cognito.directory import pool_exists

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.apigateway.exchange import Incoming
    from cognito_gw.local.apigateway.snapshot import ApiKey, DeployedStage, Snapshot
    from cognito_gw.local.awslambda.functions import Functions
    from cognito_gw.local.cognito.tokens import Keys
    from cognito_gw.local.events import Activity


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


_HASHED = "ashed with SHA-256 and encoded with Base64)"
_INCOMPLETE = (
    "Authorization header requires 'Credential' parameter. "
    "Authorization header requires 'Signature' parameter. "
    "Authorization header requires 'SignedHeaders' parameter. "
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
    "header. "
)


def ask_for_signature(context: Context) -> Outgoing:
    """Return the refusal; a token in the header is taken for a bad signature."""
    sent = context.request.header("Authorization")
    if not sent:
        return respond(NO_ROUTE, context)
    octets = hashlib.sha256(sent.encode("utf-8", "surrogateescape")).digest()
    digest = base64.b64encode(octets).decode()
    if "=" in sent:
        message = f"{_INCOMPLETE}(H{_HASHED} Authorization={digest}"
    else:
        message = (
            "Invalid key=value pair (missing equal-sign) in Authorization header "
            f"(h{_HASHED}: '{digest}'."
        )
    return respond(NOT_SIGNED, context, message)


_API_KEY = "x-api-key"


@dataclass
class Gateway:
    """Answers requests to stages; what is not deployed is not there."""

    stages: Callable[[str, str], DeployedStage | None]  # by API id and name
    keys: Keys
    functions: Functions
    url: str  # under which the issuers of tokens live
    activity: Activity
    pool_exists: Callable[[str], bool] = pool_exists
    find_api_key: Callable[[Snapshot, str, str], ApiKey | None] = find_api_key
    _served: dict[tuple[str, str], Served] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Make the integration, which keeps what it has running."""
        self._function_integration = FunctionIntegration(self.functions)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to `/{api_id}/{stage}/…`."""
        if "Service-Worker" in request.headers:  # it would answer for our own pages too
            return web.Response(status=403, text="No service workers here.\n")
        api_id, stage = request.match_info["api_id"], request.match_info["stage"]
        incoming = await from_http(request)
        outcome = await self._answer(incoming, self.stages(api_id, stage))
        outgoing, why = outcome.outgoing, outcome.why
        target = request.rel_url.raw_path
        server_log.write(f"{request.method} {target} {outgoing.status}: {why}")
        self.activity.add(
            "request",
            api_id=api_id,
            stage=stage,
            method=incoming.method,
            path=incoming.path,
            status=outgoing.status,
            why=why,
            request_id=incoming.request_id,
        )
        return to_http(outgoing, incoming, is_kept_alive=bool(request.keep_alive))

    def authorizers(
        self, snapshot: Snapshot, variables: dict[str, str]
    ) -> dict[str, Authorizer]:
        """Return an API's Cognito authorizers by their ids."""
        return {
            authorizer_id: Authorizer(settings, self.keys, self.url, variables)
            for authorizer_id, settings in snapshot.authorizers.items()
            if settings["type"] == COGNITO
        }

    async def integrate(self, context: Context, method: dict[str, Any]) -> Outcome:
        """Answer a request that may be answered, by the method's integration."""
        integration = method.get("methodIntegration") or {}
        match integration.get("type"):
            case "AWS_PROXY":
                return await self._function_integration.answer(context, integration)
            case "MOCK" if outgoing := mock_response(integration, context.request):
                return Outcome(outgoing, "mock")
        why = f"an integration of type {integration.get('type')} is not served here"
        return refused(answers.CONFIGURATION_ERROR, context, why)

    async def _answer(
        self, request: Incoming, deployed: DeployedStage | None
    ) -> Outcome:
        if deployed is None:
            return Outcome(answers.default(answers.FORBIDDEN), "no such stage")
        if outgoing := beyond_limits(request):
            return Outcome(outgoing, "the request is too large")
        if deployed.snapshot.rest_api.get("disableExecuteApiEndpoint"):
            why = "the API's own endpoint is switched off"
            return Outcome(answers.default(answers.FORBIDDEN), why)
        return await self._answer_deployed(request, self._as_served(deployed))

    async def _answer_deployed(self, request: Incoming, served: Served) -> Outcome:
        match = served.router.match(request.method, request.path)
        context = Context(request, served, match)
        if match is None:
            return Outcome(ask_for_signature(context), "no such route is deployed")
        if match.method["authorizationType"] == IAM:
            return Outcome(ask_for_signature(context), "the method wants SigV4")
        if match.method["authorizationType"] == OPEN:
            return await self._pass(context, match.method)
        return await self._answer_secured(context, match.method)

    async def _answer_secured(
        self, context: Context, method: dict[str, Any]
    ) -> Outcome:
        if is_arn_too_long(context):
            return refused(answers.URI_TOO_LONG, context, "the ARN is too long")
        authorizer = context.served.authorizers.get(method.get("authorizerId", ""))
        if authorizer is None:
            why = "the method's authorizer is none that is known here"
            return refused(answers.AUTHORIZER_ERROR, context, why)
        values = context.request.values(authorizer.header)
        if any(values) and not any(map(self.pool_exists, authorizer.pools)):
            why = "the authorizer's user pool does not exist"
            return refused(answers.AUTHORIZER_ERROR, context, why)
        decision = authorizer.decide(values, method.get("authorizationScopes") or [])
        if isinstance(decision, Refused):
            kind = answers.UNAUTHORIZED
            return refused(kind, context, decision.reason, decision.message)
        return await self._pass(replace(context, claims=decision.claims), method)

    async def _pass(self, context: Context, method: dict[str, Any]) -> Outcome:
        if are_headers_too_long(context.request):
            why = "the headers are too long"
            return refused(answers.HEADERS_TOO_LONG, context, why)
        if method.get("apiKeyRequired"):
            key = self._api_key(context)
            if key is None:
                why = "the method requires an API key of a usage plan of the stage"
                return refused(answers.NO_API_KEY, context, why)
            context = replace(context, api_key=key)
        return await self.integrate(context, method)

    def _api_key(self, context: Context) -> ApiKey | None:
        """Return the key that the request has; Cognito authorizers hand on none."""
        served = context.served
        snapshot = served.snapshot
        value = context.request.header(_API_KEY)
        if value is None or snapshot.rest_api.get("apiKeySource") == "AUTHORIZER":
            return None
        return self.find_api_key(snapshot, served.stage, value)

    def _as_served(self, deployed: DeployedStage) -> Served:
        """Return a stage with what is worked out once for all of its requests."""
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
