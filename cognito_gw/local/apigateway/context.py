"""What the gateway knows of a request: the deployed API, the caller, the response."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from cognito_gw.gateway_rules import Router
from cognito_gw.local import moto_store

if TYPE_CHECKING:
    from cognito_gw.gateway_rules import Match
    from cognito_gw.local.apigateway.authorizer import Authorizer


@dataclass(frozen=True)
class Snapshot:
    """One REST API as data, in the shapes that the control plane returns."""

    account: str
    region: str
    api_id: str
    rest_api: dict[str, Any]  # as GetRestApi
    resources: list[dict[str, Any]]  # as GetResources(embed=["methods"])
    authorizers: dict[str, dict[str, Any]]  # authorizer id: as GetAuthorizer
    gateway_responses: dict[str, dict[str, Any]]  # response type: as GetGatewayResponse


@dataclass(frozen=True)
class DeployedStage:
    """A stage and the snapshot of its current deployment."""

    name: str
    deployment_id: str
    variables: dict[str, str]
    snapshot: Snapshot
    method_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    access_log: dict[str, str] = field(default_factory=dict)


@dataclass
class Snapshots:
    """Every deployment's snapshot, by (API id, deployment id)."""

    _frozen: dict[tuple[str, str], Snapshot] = field(default_factory=dict)

    def keep(self, deployment_id: str, snapshot: Snapshot) -> None:
        """Store the snapshot of a deployment."""
        self._frozen[snapshot.api_id, deployment_id] = snapshot

    def of(self, api_id: str, deployment_id: str) -> Snapshot | None:
        """Return the snapshot of a deployment, or None."""
        return self._frozen.get((api_id, deployment_id))

    def stage(self, api_id: str, name: str) -> DeployedStage | None:
        """Return a stage with its snapshot, or None if nothing is deployed.

        It may be in any region, as invoke URLs do not name one.
        """
        for backend in moto_store.regional_backends("apigateway"):
            api = backend.apis.get(api_id)
            stage = api.stages.get(name) if api else None
            if stage and (snapshot := self.of(api_id, stage.deployment_id)):
                return DeployedStage(
                    name,
                    stage.deployment_id,
                    dict(stage.variables),
                    snapshot,
                    stage.method_settings,
                    stage.access_log_settings or {},
                )
        return None


class ApiKey(NamedTuple):
    """An API key, as the event of a method that requires one names it."""

    id: str
    value: str


def find_api_key(snapshot: Snapshot, stage: str, value: str) -> ApiKey | None:
    """Return the enabled key of that value in a usage plan of the stage.

    Keys and plans work at once, as on AWS: no deployment freezes them.
    """
    backend = moto_store.backend("apigateway", snapshot.region)
    served = {"apiId": snapshot.api_id, "stage": stage}
    for plan in backend.usage_plans.values():
        if not any(served.items() <= stage.items() for stage in plan.api_stages):
            continue
        for key_id in backend.usage_plan_keys.get(plan.id, {}):
            key = backend.keys.get(key_id)  # a deleted key may stay in its plan
            if key and key.enabled and key.value == value:
                return ApiKey(key.id, key.value)
    return None


_TRACE_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")
_FULL_TRACE = re.compile(rf"{_TRACE_ROOT.pattern};Parent=[0-9a-f]{{16}};Sampled=[01?]")


@dataclass(frozen=True)
class Request:
    """A request; `path` is percent-encoded as sent, and without the stage."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    request_id: str
    extended_request_id: str
    trace_id: str  # with Parent and Sampled only if the client sent all three

    def values(self, name: str) -> list[str]:
        """Return every value of a header."""
        lower = name.lower()
        return [value for key, value in self.headers if key.lower() == lower]

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        values = self.values(name)
        return values[-1] if values else None


@dataclass(frozen=True)
class Response:
    """The response to the client."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    error: dict[str, Any] | None = None  # `$context.error` of a gateway response


@dataclass(frozen=True)
class FunctionCall:
    """The event sent to a function, and the payload it returned, if any."""

    arn: str
    source_arn: str
    event: bytes
    payload: bytes | None = None
    milliseconds: int = 0


@dataclass(frozen=True)
class Outcome:
    """A response with its reason; `failure` is the line of the execution log."""

    response: Response
    why: str
    failure: str | None = None
    call: FunctionCall | None = None
    context: Context | None = None  # None: refused before its route was looked for


async def from_http(request: web.Request) -> Request:
    """Read a request to a stage."""
    _, _, rest = request.rel_url.raw_path.partition("/_aws/execute-api/")
    return Request(
        method=request.method,
        path="/" + "/".join(rest.split("/")[2:]),
        query=request.rel_url.raw_query_string,
        headers=list(request.headers.items()),
        body=await request.read(),
        source_ip=request.remote or "127.0.0.1",
        **_new_ids(request.headers.get("X-Amzn-Trace-Id", "")),
    )


def from_test(verb: str, path: str, test: dict[str, Any]) -> Request:
    """Read the parameters of TestInvokeMethod; `path` is that of the resource."""
    sent, _, query = (test.get("pathWithQueryString") or "").partition("?")
    headers = (test.get("headers") or {}) | (test.get("multiValueHeaders") or {})
    return Request(
        method=verb,
        path=sent or path,
        query=query,
        headers=[
            (name, value)
            for name, values in headers.items()
            for value in (values if isinstance(values, list) else [values])
        ],
        body=(test.get("body") or "").encode(),
        source_ip="test-invoke-source-ip",
        **_new_ids(),
    )


def to_http(response: Response, request: Request, *, keep_alive: bool) -> web.Response:
    """Return the response as HTTP, with AWS's request IDs.

    Function pages share an origin with cgw's own pages. So a function can neither
    register a service worker for them nor keep a handle on their windows.
    """
    sent = web.Response(status=response.status, body=response.body)
    sent.headers.popall("Content-Type", None)
    for name, value in response.headers:
        sent.headers.add(name, value)
    sent.headers.popall("Service-Worker-Allowed", None)
    if request.header("Sec-Fetch-Dest") == "document":
        sent.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    sent.headers["x-amzn-RequestId"] = request.request_id
    sent.headers["x-amz-apigw-id"] = request.extended_request_id
    if keep_alive:
        sent.headers["Connection"] = "keep-alive"
    return sent


def _new_ids(sent_trace: str = "") -> dict[str, str]:
    trace = _FULL_TRACE.search(sent_trace) or _TRACE_ROOT.search(sent_trace)
    drawn = secrets.token_bytes(39)  # all at once: each draw is a system call
    new_trace = f"Root=1-{int(time.time()):08x}-{drawn[27:].hex()}"
    return {
        "request_id": str(uuid.UUID(bytes=drawn[:16], version=4)),
        "extended_request_id": base64.b64encode(drawn[16:27]).decode(),
        "trace_id": trace[0] if trace else new_trace,
    }


TEST_STAGE = "test-invoke-stage"
_DATES = ("exp", "iat")
_NO_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)


@dataclass(frozen=True)
class Served:
    """The API that answers: a stage, or (without a deployment) the draft in a test."""

    snapshot: Snapshot
    stage: str
    deployment_id: str | None
    variables: dict[str, str]
    authorizers: dict[str, Authorizer] = field(default_factory=dict)

    @property
    def is_test(self) -> bool:
        """Whether this is the draft, which only tests reach."""
        return self.deployment_id is None

    @cached_property
    def router(self) -> Router:
        """The router that finds the method of a request."""
        return Router(self.snapshot.resources)

    @cached_property
    def binary_types(self) -> frozenset[str]:
        """The media types whose bodies the API treats as bytes."""
        return frozenset(self.snapshot.rest_api.get("binaryMediaTypes") or ())


@dataclass(frozen=True)
class Context:
    """One request, with the method that answers it and the caller's identity."""

    request: Request
    served: Served
    match: Match | None = None
    claims: dict[str, Any] | None = None
    api_key: ApiKey | None = None  # if the method requires one

    @property
    def method_arn(self) -> str:
        """The method's ARN as policies spell it: with the path variables unfilled."""
        return self.arn_of(self.match.resource["path"] if self.match else "/")

    def arn_of(self, path: str) -> str:
        """Return the ARN of a path with the request's HTTP method."""
        snapshot = self.served.snapshot
        api = f"{snapshot.region}:{snapshot.account}:{snapshot.api_id}"
        stage = f"arn:aws:execute-api:{api}/{self.served.stage}"
        return f"{stage}/{self.request.method}{path}"

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The `$context` variables, which are also the event's `requestContext`."""
        now, request, served = time.time(), self.request, self.served
        resource = self.match.resource if self.match else {}
        variables = {
            "accountId": served.snapshot.account,
            "apiId": served.snapshot.api_id,
            **_endpoint(request, served),
            "extendedRequestId": request.extended_request_id,
            "httpMethod": request.method,
            "identity": self._identity,
            "protocol": "HTTP/1.1",
            "requestId": request.request_id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "resourceId": resource.get("id"),
            "resourcePath": resource.get("path"),
            "stage": served.stage,
        }
        if self.claims is not None:
            variables["authorizer"] = {"claims": claims_as_text(self.claims)}
        return variables

    @property
    def _identity(self) -> dict[str, Any]:
        identity: dict[str, Any] = dict.fromkeys(_NO_IDENTITY)
        identity["sourceIp"] = self.request.source_ip
        identity["userAgent"] = self.request.header("User-Agent")
        if self.served.is_test:
            account = self.served.snapshot.account
            identity |= {
                "accountId": account,
                "apiKey": "test-invoke-api-key",
                "apiKeyId": "test-invoke-api-key-id",
                "caller": account,
                "user": account,
                "userArn": f"arn:aws:iam::{account}:root",
            }
        if self.api_key is not None:
            identity |= {"apiKey": self.api_key.value, "apiKeyId": self.api_key.id}
        return identity


def claims_as_text(claims: dict[str, Any]) -> dict[str, str]:
    """Return claims as the authorizer passes them on: every value is text."""
    return {
        # Dates are as Java's Date.toString() writes them.
        name: time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))
        if name in _DATES and isinstance(value, int | float)
        else _as_text(value)
        for name, value in claims.items()
    }


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _endpoint(request: Request, served: Served) -> dict[str, Any]:
    """Return the address that the request was sent to; a test has none."""
    if served.is_test:
        return {
            "domainName": "testPrefix.testDomainName",
            "domainPrefix": "testPrefix",
            "path": request.path,
        }
    api_id, region = served.snapshot.api_id, served.snapshot.region
    return {
        "deploymentId": served.deployment_id,
        "domainName": f"{api_id}.execute-api.{region}.amazonaws.com",
        "domainPrefix": api_id,
        "path": f"/{served.stage}{request.path}",
    }
