"""One version of a REST API: how cgw reads it, and which methods a token opens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.aws.responses import api_items
from cognito_gw.gateway_rules import (
    ANY,
    COGNITO,
    IAM,
    INTEGRATION_TIMEOUT,
    METHODS,
    OPEN,
    Router,
    fits_audience,
    function_arn,
    granted_scopes,
    split_route,
    token_header,
    token_mismatch,
)
from cognito_gw.oauth.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cognito_gw.aws.clients import Aws


_ANY = "x-amazon-apigateway-any-method"
_API_KEY = "x-api-key"
_SCHEMES = {"cognito_user_pools": COGNITO, "awsSigv4": IAM}


@dataclass(frozen=True)
class Authorizer:
    """A Cognito authorizer: the header it reads, and the user pools it trusts."""

    header: str
    pools: frozenset[str]  # ARNs
    pattern: str | None = None  # identityValidationExpression

    @property
    def pool_ids(self) -> list[str]:
        """The IDs of the user pools that it trusts."""
        return sorted(arn.rpartition("/")[2] for arn in self.pools)

    def lets_in(self, audience: Any) -> bool:
        """Return whether it accepts a token with this `aud`."""
        return fits_audience(self.pattern, audience)


@dataclass(frozen=True)
class Method:
    """One method of one path, its authorization and its integration."""

    verb: str
    path: str  # with its variables
    authorization_type: str
    scopes: tuple[str, ...] = ()
    authorizer: Authorizer | None = None
    function: str | None = None  # the ARN in its integration
    milliseconds: int = INTEGRATION_TIMEOUT
    sends: str = "POST"  # the HTTP method of its integration's request
    needs_key: bool = False  # an API key, in addition

    @property
    def route(self) -> str:
        """The method and its path."""
        return f"{self.verb} {self.path}"

    @property
    def described(self) -> str:
        """Its authorization, to show."""
        if self.authorization_type == OPEN:
            return "open to everyone"
        if self.authorization_type != COGNITO:
            return f"secured by {self.authorization_type}"
        if self.authorizer is None:
            return "secured by an authorizer that does not exist"
        parts = [
            f"header {self.authorizer.header}",
            f"pool {', '.join(self.authorizer.pool_ids)}",
            f"scopes {' '.join(self.scopes)}" if self.scopes else "no scopes",
        ]
        if pattern := self.authorizer.pattern:
            parts.append(f"app clients {pattern}")
        return f"Cognito: {', '.join(parts)}"

    def takes(self, token: str) -> bool:
        """Return whether it accepts a valid token with these claims."""
        claims = claims_of(token)
        authorizer = self.authorizer
        if self.authorization_type != COGNITO or authorizer is None:
            return self.authorization_type == OPEN
        return (
            pool_of(claims) in authorizer.pool_ids
            and authorizer.lets_in(claims.get("aud"))
            and token_mismatch(claims, self.scopes) is None
        )


class Version:
    """The methods of an API at one time."""

    def __init__(self, methods: Iterable[Method]) -> None:
        """Sort the methods by path."""
        self.methods = sorted(methods, key=lambda method: (method.path, method.verb))

    def match(self, verb: str, path: str) -> Method | None:
        """Return the method that answers such a request."""
        found = self._router.match(verb, path)
        return found.method["method"] if found else None

    def verbs(self, path: str) -> list[str]:
        """Return the HTTP methods that a path answers."""
        return [verb for verb in METHODS if self.match(verb, path)]

    @cached_property
    def _router(self) -> Router:
        paths: dict[str, dict[str, Any]] = {}
        for method in self.methods:
            paths.setdefault(method.path, {})[method.verb] = {"method": method}
        return Router(
            {"path": path, "resourceMethods": verbs} for path, verbs in paths.items()
        )


def pool_of(claims: Mapping[str, Any]) -> str:
    """Return the ID of the user pool in a token's `iss` claim."""
    return str(claims.get("iss", "")).rpartition("/")[2]


def drafted(
    resources: Iterable[Mapping[str, Any]], authorizers: Iterable[Mapping[str, Any]]
) -> Version:
    """Return the draft, from the items of GetResources and GetAuthorizers."""
    by_id = {
        item.get("id"): Authorizer(
            token_header(str(item.get("identitySource", ""))),
            frozenset(item.get("providerARNs", ())),
            item.get("identityValidationExpression"),
        )
        for item in authorizers
    }
    return Version(
        Method(
            verb,
            resource.get("path", ""),
            method.get("authorizationType", OPEN),
            tuple(method.get("authorizationScopes") or ()),
            by_id.get(method.get("authorizerId", "")),
            *_integrated(method.get("methodIntegration") or {}),
            needs_key=bool(method.get("apiKeyRequired")),
        )
        for resource in resources
        for verb, method in (resource.get("resourceMethods") or {}).items()
    )


def exported(document: Mapping[str, Any]) -> Version:
    """Return what a stage serves, from the OpenAPI document of GetExport."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    return Version(
        Method(
            ANY if verb == _ANY else verb.upper(),
            path,
            *_secured(operation.get("security") or [], schemes),
            *_integrated(operation.get("x-amazon-apigateway-integration") or {}),
            needs_key=_needs_key(operation.get("security") or [], schemes),
        )
        for path, operations in document.get("paths", {}).items()
        for verb, operation in operations.items()
        if verb == _ANY or verb.upper() in METHODS
    )


def _secured(
    security: list[dict[str, list[str]]], schemes: Mapping[str, Any]
) -> tuple[str, tuple[str, ...], Authorizer | None]:
    """Return an operation's authorization type, scopes and authorizer."""
    for name, scopes in (pair for scheme in security for pair in scheme.items()):
        if name not in schemes:  # its authorizer was deleted
            return COGNITO, tuple(scopes), None
        scheme = schemes[name]
        if scheme.get("name") == _API_KEY:
            continue  # an API key is not authorization
        kind = scheme.get("x-amazon-apigateway-authtype", "")
        authorization_type = _SCHEMES.get(kind, "CUSTOM")
        more = scheme.get("x-amazon-apigateway-authorizer", {})
        authorizer = Authorizer(
            scheme.get("name", "Authorization"),
            frozenset(more.get("providerARNs", ())),
            more.get("identityValidationExpression"),
        )
        if authorization_type != COGNITO:
            return authorization_type, tuple(scopes), None
        return COGNITO, tuple(scopes), authorizer
    return OPEN, (), None


def _needs_key(
    security: list[dict[str, list[str]]], schemes: Mapping[str, Any]
) -> bool:
    names = (name for scheme in security for name in scheme)
    return any(schemes.get(name, {}).get("name") == _API_KEY for name in names)


def _integrated(integration: Mapping[str, Any]) -> tuple[str | None, int, str]:
    milliseconds = integration.get("timeoutInMillis") or Method.milliseconds
    sends = integration.get("httpMethod") or Method.sends
    arn = function_arn(str(integration.get("uri", "")))
    return arn, int(milliseconds), sends


def read_stages(aws: Aws, api_id: str) -> dict[str, dict[str, Any]] | None:
    """Return the stages by name, as GetStages has them; None without the API."""
    with absent_is_none():
        answer = aws.apigateway.get_stages(restApiId=api_id)
        return {stage["stageName"]: stage for stage in answer.get("item", [])}
    return None


def read_export(aws: Aws, api_id: str, stage: str) -> str | None:
    """Return what a stage serves, as OpenAPI in JSON; None without the stage."""
    with absent_is_none():
        answer = aws.apigateway.get_export(
            restApiId=api_id,
            stageName=stage,
            exportType="oas30",
            parameters={"extensions": "integrations,authorizers"},
            accepts="application/json",
        )
        return str(answer["body"].read().decode())
    return None


def read_draft(aws: Aws, api_id: str) -> str | None:
    """Return the draft's resources and authorizers as JSON; None without the API."""
    with absent_is_none():
        gateway, api = aws.apigateway, {"restApiId": api_id}
        resources = api_items(gateway, "get_resources", **api, embed=["methods"])
        authorizers = api_items(gateway, "get_authorizers", **api)
        return json.dumps([resources, authorizers], default=str)
    return None


_MISMATCHES = {
    "access-token-without-scopes": "it has no scopes, so it requires the ID token",
    "id-token-with-scopes": "it has scopes, so it requires the access token",
    "insufficient-scope": "the token has none of its scopes",
}


@dataclass(frozen=True)
class Reach:
    """A route, and whether it accepts a valid token with certain claims."""

    route: str
    is_open: bool
    why: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {"route": self.route, "ok": self.is_open, "why": self.why}


def reach_of(
    claims: Mapping[str, Any],
    resources: Iterable[Mapping[str, Any]],
    *,
    is_ours: bool = True,
) -> list[Reach]:
    """Return whether each method accepts a valid token with these claims.

    `resources` are the items of GetResources. A token that is not `is_ours` is from
    another user pool than the API's.
    """
    found = [
        _judged(method, claims, is_ours=is_ours)
        for method in drafted(resources, []).methods
        if method.verb != "OPTIONS"
    ]
    return sorted(found, key=lambda reach: split_route(reach.route)[::-1])


def _judged(method: Method, claims: Mapping[str, Any], *, is_ours: bool) -> Reach:
    route = method.route
    if method.authorization_type == OPEN:
        return Reach(route, is_open=True, why="it requires no token")
    if method.authorization_type != COGNITO:
        return Reach(
            route, is_open=False, why=f"it is secured by {method.authorization_type}"
        )
    if not is_ours:
        return Reach(route, is_open=False, why="the token is from another user pool")
    if mismatch := token_mismatch(claims, method.scopes):
        return Reach(route, is_open=False, why=_MISMATCHES[mismatch])
    granted = [scope for scope in method.scopes if scope in granted_scopes(claims)]
    why = f"by the scope {granted[0]}" if granted else "it requires an ID token"
    return Reach(route, is_open=True, why=why)
