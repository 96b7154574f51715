"""What API Gateway does with a REST API's settings: one set of rules for all of cgw.

The commands that call, check and explain an API, and the local API Gateway, all decide
by these functions. They read descriptions as API Gateway's own operations return them,
and make no calls. Sources: API Gateway Developer Guide, and measurements on AWS where
the guide is silent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# A method's `authorizationType`: a Cognito authorizer, a SigV4 signature, or nothing.
COGNITO, IAM, OPEN = "COGNITO_USER_POOLS", "AWS_IAM", "NONE"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ANY = "ANY"  # a method that answers every HTTP method without a method of its own
# Milliseconds that an integration may take unless `timeoutInMillis` says otherwise.
INTEGRATION_TIMEOUT = 29_000

# Routes.

_LITERAL, _VARIABLE, _GREEDY = range(3)
_Route = tuple[list[str], dict[str, Any]]
_UNLISTED = "{}"  # the first part of a path with which no literal route begins


def split_route(route: str) -> tuple[str, str]:
    """Return the method and the path of a route such as `GET /orders/{id}`."""
    method, path = route.split(" ", 1)
    return method, path


@dataclass(frozen=True)
class Match:
    """The method that answers, its resource, and the path variables as sent."""

    resource: dict[str, Any]  # as GetResources describes it
    method: dict[str, Any]
    parameters: dict[str, str] = field(default_factory=dict)


class Router:
    """Matches requests against the resources of one API.

    A literal path part takes precedence over `{one}`, and that over `{all+}`; a method
    takes precedence over `ANY`. Developer Guide, "Set up a proxy integration".
    """

    def __init__(self, resources: Iterable[dict[str, Any]]) -> None:
        """Sort the resources, which are as GetResources describes them."""
        split = [(_parts(item["path"]), item) for item in resources]
        ordered = sorted(split, key=lambda pair: [_rank(part) for part in pair[0]])
        # By a path's first part, so that a call looks at few of many routes.
        self._by_first: dict[str, list[_Route]] = {}
        for first in {_UNLISTED, *(parts[0] for parts, _ in ordered)}:
            self._by_first[first] = [
                (parts, resource)
                for parts, resource in ordered
                if _rank(parts[0]) != _LITERAL or parts[0] == first
            ]

    @classmethod
    def of_routes(cls, routes: Mapping[str, dict[str, Any]]) -> Router:
        """Return a router for methods by route, such as `GET /orders`."""
        paths: dict[str, dict[str, Any]] = {}
        for route, method in routes.items():
            verb, path = split_route(route)
            paths.setdefault(path, {})[verb] = method
        return cls({"path": path, "resourceMethods": paths[path]} for path in paths)

    def match(self, verb: str, path: str) -> Match | None:
        """Return what answers a request; `path` is percent-encoded, without a query."""
        sent = _parts(path)
        routes = self._by_first.get(sent[0], self._by_first[_UNLISTED])
        for template, resource in routes:
            parameters = _fit(template, sent)
            methods = resource.get("resourceMethods", {})
            method = methods.get(verb) or methods.get(ANY)
            if parameters is not None and method:
                return Match(resource, method, parameters)
        return None


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _rank(part: str) -> int:
    if part.endswith("+}"):
        return _GREEDY
    return _VARIABLE if part.startswith("{") else _LITERAL


def _fit(template: list[str], sent: list[str]) -> dict[str, str] | None:
    """Return the variables of a path that fits the template, or None."""
    found: dict[str, str] = {}
    for index, part in enumerate(template):
        rank = _rank(part)
        if rank == _GREEDY:
            rest = "/".join(sent[index:])
            return found | {part[1:-2]: rest} if rest else None
        if index >= len(sent):
            return None
        if rank == _VARIABLE:
            if not sent[index]:
                return None
            found[part[1:-1]] = sent[index]
        elif part != sent[index]:
            return None
    return found if len(template) == len(sent) else None


# Tokens.


def required_token(method: Mapping[str, Any] | None) -> Literal["none", "id", "access"]:
    """Return which token a method requires, by its description (GetMethod).

    A request that no method answers requires none.
    """
    if method is None or method["authorizationType"] == OPEN:
        return "none"
    return token_use(method.get("authorizationScopes") or ())


def token_use(scopes: Collection[str]) -> Literal["id", "access"]:
    """Return the `token_use` that a Cognito authorizer requires of a method's tokens.

    Developer Guide, "Control access to REST APIs using Amazon Cognito user pools": with
    scopes on the method the access token, without scopes the ID token.
    """
    return "access" if scopes else "id"


def granted_scopes(claims: Mapping[str, Any]) -> list[str]:
    """Return the scopes in a token's `scope` claim: a text, separated by one space."""
    scope = claims.get("scope")
    return scope.split(" ") if isinstance(scope, str) else []


def token_mismatch(claims: Mapping[str, Any], scopes: Collection[str]) -> str | None:
    """Return the cause code for which a method with these scopes rejects a token.

    `access-token-without-scopes`, `id-token-with-scopes` or `insufficient-scope`; None
    for a token that fits. One of a method's scopes is enough.
    """
    use = claims.get("token_use")
    if not scopes:
        return "access-token-without-scopes" if use == "access" else None
    if use == "id":
        return "id-token-with-scopes"
    is_granted = not {*scopes}.isdisjoint(granted_scopes(claims))
    return None if is_granted else "insufficient-scope"


def token_header(identity_source: str) -> str:
    """Return the header's name in `method.request.header.NAME`."""
    return identity_source.rpartition(".")[2]


def fits_audience(pattern: str | None, audience: Any) -> bool:
    """Return whether a token's `aud` fits an `identityValidationExpression`.

    The expression must match all of it. An access token has no `aud`, so it fits none.
    """
    if not pattern:
        return True
    try:
        return isinstance(audience, str) and bool(re.fullmatch(pattern, audience))
    except re.error:
        return False


# Integrations and stages.

_FUNCTION = re.compile(r"/functions/(arn:[^/]+)/invocations")
STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


def function_arn(uri: str) -> str | None:
    """Return the ARN of the Lambda function that an integration's URI names."""
    found = _FUNCTION.search(uri)
    return found[1] if found else None


def with_stage_variables(
    text: str, variables: Mapping[str, str], *, keeps_unset: bool = False
) -> str:
    """Replace each `${stageVariables.NAME}`.

    API Gateway replaces a variable that the stage does not set with nothing;
    `keeps_unset` leaves the reference, to be shown.
    """
    return STAGE_VARIABLE.sub(
        lambda found: variables.get(found[1], found[0] if keeps_unset else ""), text
    )


# The permission to invoke a function.

_SERVICE = "apigateway.amazonaws.com"
_COMPARISONS = ("ArnLike", "ArnEquals", "StringLike", "StringEquals")


def may_invoke(statements: list[dict[str, Any]], source_arn: str, account: str) -> bool:
    """Return whether a function's policy lets API Gateway invoke it.

    The statements are those of Lambda's GetPolicy; the call comes from the method
    `source_arn` in `account`.
    """
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
    return any(_allows(statement, context) for statement in statements)


def _allows(statement: dict[str, Any], context: dict[str, str]) -> bool:
    principal = statement.get("Principal", {})
    service = principal.get("Service") if isinstance(principal, dict) else principal
    if service not in (_SERVICE, "*"):
        return False
    if statement.get("Action") not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    return all(
        _is_like(context.get(key.lower(), ""), pattern)
        for operator, entries in (statement.get("Condition") or {}).items()
        if operator in _COMPARISONS
        for key, pattern in entries.items()
    )


def _is_like(value: str, pattern: str) -> bool:
    """Compare part by part, as ArnLike does; the last part may contain colons."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(
        # Of fnmatch's characters, AWS knows `*` and `?` alone.
        part == like or fnmatchcase(part, like.replace("[", "[[]"))
        for part, like in zip(parts, patterns, strict=True)
    )
