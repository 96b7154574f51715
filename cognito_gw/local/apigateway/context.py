"""What the gateway knows about one request: the `$context` variables."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cognito_gw.gateway_rules import Router

if TYPE_CHECKING:
    from cognito_gw.gateway_rules import Match
    from cognito_gw.local.apigateway.authorizer import Authorizer
    from cognito_gw.local.apigateway.exchange import Request
    from cognito_gw.local.apigateway.snapshot import ApiKey, Snapshot


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
