"""What the gateway knows of a request, and the variables of settings."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cognito_gw.gateway_rules import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.gateway_rules import Match
    from cognito_gw.local.apigateway.authorizer import Authorizer
    from cognito_gw.local.apigateway.exchange import Incoming
    from cognito_gw.local.apigateway.snapshot import ApiKey, Snapshot


_NAME = r"(?:\.[\w:-]+|\['[^']+'\])+"
_REFERENCE = re.compile(
    rf"\$(?P<brace>\{{)?(?P<name>(?:context|stageVariables|method){_NAME})(?(brace)\}})"
)
_STEP = re.compile(r"\.([\w:-]+)|\['([^']+)'\]")


def rendered(template: str, context: Context, error: Mapping[str, Any]) -> str:
    """Return a gateway response's template filled in; what is unknown is empty."""

    def value(found: re.Match[str]) -> str:
        return text_of(evaluated(found["name"], context, error))

    return _REFERENCE.sub(value, template)


def evaluated(expression: str, context: Context, error: Mapping[str, Any]) -> Any:
    """Return what an expression stands for, or None."""
    if expression.startswith("'"):
        return expression.strip("'")
    root, *rest = expression.partition(".")[0], *_steps(expression)
    match root:
        case "context":
            return _inside({**context.variables, "error": error}, rest)
        case "stageVariables":
            return _inside(context.served.variables, rest)
        case "method":
            return _parameter(context, rest)
    return None


def text_of(value: Any) -> str:
    """Return a value as a template shows it."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return "" if value is None else str(value)


def _steps(expression: str) -> list[str]:
    return [found[1] or found[2] for found in _STEP.finditer(expression)]


def _inside(values: Any, steps: list[str]) -> Any:
    for step in steps:
        values = values.get(step) if isinstance(values, dict) else None
    return values


def _parameter(context: Context, steps: list[str]) -> Any:
    match steps:
        case ["request", "header", name]:
            return context.request.header(name)
        case ["request", "querystring", name]:
            query = parse_qsl(context.request.query, keep_blank_values=True)
            return dict(query).get(name)
        case ["request", "path", name] if context.match:
            return context.match.parameters.get(name)
    return None


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
    """The API that answers: a stage, or (with no deployment) the draft in a test."""

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
        """What finds the method of a request."""
        return Router(self.snapshot.resources)

    @cached_property
    def binary_types(self) -> frozenset[str]:
        """The media types that the API takes for bytes."""
        return frozenset(self.snapshot.rest_api.get("binaryMediaTypes") or ())


@dataclass(frozen=True)
class Context:
    """One request, and what has been found out about it."""

    request: Incoming
    served: Served
    match: Match | None = None
    claims: dict[str, Any] | None = None
    api_key: ApiKey | None = None  # where the method requires one

    @property
    def method_arn(self) -> str:
        """What is called, as policies name it: with the path's variables unfilled."""
        return self.arn_of(self.match.resource["path"] if self.match else "/")

    def arn_of(self, path: str) -> str:
        """Return the ARN of a path with the request's verb."""
        snapshot = self.served.snapshot
        place = f"arn:aws:execute-api:{snapshot.region}:{snapshot.account}"
        stage = f"{snapshot.api_id}/{self.served.stage}"
        return f"{place}:{stage}/{self.request.method}{path}"

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The `$context` variables, which are the event's `requestContext` too."""
        now, request, served = time.time(), self.request, self.served
        resource = self.match.resource if self.match else {}
        variables = {
            "accountId": served.snapshot.account,
            "apiId": served.snapshot.api_id,
            **_place(request, served),
            "extendedRequestId": request.extended_request_id,
            "httpMethod": request.method,
            "identity": _identity(request, served) | self._key,
            "protocol": "HTTP/1.1",
            "requestId": request.request_id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "resourceId": resource.get("id"),
            "resourcePath": resource.get("path"),
            "stage": served.stage,
        }
        if self.claims is not None:
            variables["authorizer"] = {"claims": spelled_claims(self.claims)}
        return variables

    @property
    def _key(self) -> dict[str, str]:
        if self.api_key is None:
            return {}
        return {"apiKey": self.api_key.value, "apiKeyId": self.api_key.id}


def spelled_claims(claims: dict[str, Any]) -> dict[str, str]:
    """Return claims as the authorizer hands them on: every value is text."""
    return {
        name: _date(value) if name in _DATES else _spelled(value)
        for name, value in claims.items()
    }


def _place(request: Incoming, served: Served) -> dict[str, Any]:
    """Return where the request went; a test went nowhere."""
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


def _identity(request: Incoming, served: Served) -> dict[str, Any]:
    identity: dict[str, Any] = dict.fromkeys(_NO_IDENTITY)
    identity["sourceIp"] = request.source_ip
    identity["userAgent"] = request.header("User-Agent")
    if served.is_test:
        account = served.snapshot.account
        identity |= {
            "accountId": account,
            "apiKey": "test-invoke-api-key",
            "apiKeyId": "test-invoke-api-key-id",
            "caller": account,
            "user": account,
            "userArn": f"arn:aws:iam::{account}:root",
        }
    return identity


def _date(value: Any) -> str:
    # As Java's Date.toString() has it.
    if not isinstance(value, int | float):
        return _spelled(value)
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(_spelled(item) for item in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)
