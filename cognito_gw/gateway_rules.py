"""What API Gateway means: which method answers a request, and who may invoke."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


_LITERAL, _VARIABLE, _GREEDY = range(3)
_Route = tuple[list[str], dict[str, Any]]
_OTHER = "{}"  # stands for a first part that no route begins with


@dataclass(frozen=True)
class Match:
    """The method that answers, its resource, and the path's variables as sent."""

    resource: dict[str, Any]  # as GetResources describes it
    method: dict[str, Any]
    parameters: dict[str, str] = field(default_factory=dict)


class Router:
    """Matches requests against the resources of one API."""

    def __init__(self, resources: Iterable[dict[str, Any]]) -> None:
        """Order the resources: a literal part wins over {one}, and that over {all+}."""
        split = [(_parts(item["path"]), item) for item in resources]
        ordered = sorted(split, key=lambda pair: [_rank(part) for part in pair[0]])
        # By a path's first part, so that a call looks at few of many routes.
        self._by_first: dict[str, list[_Route]] = {}
        for first in {_OTHER, *(parts[0] for parts, _ in ordered)}:
            self._by_first[first] = [
                route for route in ordered if _may_begin(route[0][0], first)
            ]

    @classmethod
    def of_routes(cls, routes: Mapping[str, dict[str, Any]]) -> Router:
        """Return one of methods by name, such as `GET /orders`."""
        paths: dict[str, dict[str, Any]] = {}
        for name, method in routes.items():
            verb, path = name.split(" ", 1)
            paths.setdefault(path, {})[verb] = method
        return cls({"path": path, "resourceMethods": paths[path]} for path in paths)

    def match(self, verb: str, path: str) -> Match | None:
        """Return what answers a request; `path` is percent-encoded, without a query."""
        sent = _parts(path)
        for template, resource in self._by_first.get(sent[0], self._by_first[_OTHER]):
            parameters = _fit(template, sent)
            methods = resource.get("resourceMethods", {})
            method = methods.get(verb) or methods.get("ANY")
            if parameters is not None and method:
                return Match(resource, method, parameters)
        return None


def _may_begin(template: str, part: str) -> bool:
    return _rank(template) != _LITERAL or template == part


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


_SERVICE = "apigateway.amazonaws.com"
_LIKE = ("ArnLike", "ArnEquals", "StringLike", "StringEquals")


def may_invoke(statements: list[dict[str, Any]], source_arn: str, account: str) -> bool:
    """Decide for a call that comes from `source_arn`, in `account`."""
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
    return any(_allows(statement, context) for statement in statements)


def _allows(statement: dict[str, Any], context: dict[str, str]) -> bool:
    principal = statement.get("Principal", {})
    service = principal.get("Service") if isinstance(principal, dict) else principal
    if service not in (_SERVICE, "*"):
        return False
    if statement.get("Action") not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    wanted = [
        (context.get(key.lower(), ""), pattern)
        for operator, entries in (statement.get("Condition") or {}).items()
        if operator in _LIKE
        for key, pattern in entries.items()
    ]
    return all(_is_like(value, pattern) for value, pattern in wanted)


def _is_like(value: str, pattern: str) -> bool:
    """Compare part by part, as ArnLike does; the last may hold colons of its own."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(
        # Of fnmatch's characters, AWS knows `*` and `?` alone.
        part == like or fnmatchcase(part, like.replace("[", "[[]"))
        for part, like in zip(parts, patterns, strict=True)
    )


# BLOCK OF THE LOCAL API GATEWAY. The same functions, under the same names and with the
# same results, come into the sections above: on a merge keep those, drop this block.

_FUNCTION = re.compile(r"/functions/(arn:[^/]+)/invocations")
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
# Milliseconds that an integration may take unless `timeoutInMillis` says otherwise.
INTEGRATION_TIMEOUT = 29_000


def token_use(scopes: Collection[str]) -> Literal["id", "access"]:
    """Return the `token_use` that a Cognito authorizer requires of a method's tokens.

    Developer Guide, "Control access to REST APIs using Amazon Cognito user pools": with
    scopes on the method the access token, without scopes the ID token.
    """
    return "access" if scopes else "id"


def token_header(identity_source: str) -> str:
    """Return the header's name in `method.request.header.NAME`."""
    return identity_source.rpartition(".")[2]


def fits_audience(pattern: str | None, audience: Any) -> bool:
    """Tell whether a token's `aud` fits an `identityValidationExpression`.

    The expression must match all of it. An access token has no `aud`, so it fits none.
    """
    if not pattern:
        return True
    try:
        return isinstance(audience, str) and bool(re.fullmatch(pattern, audience))
    except re.error:
        return False


def function_arn(uri: str) -> str | None:
    """Return the ARN of the Lambda function that an integration's URI names."""
    found = _FUNCTION.search(uri)
    return found[1] if found else None


def with_stage_variables(text: str, variables: Mapping[str, str]) -> str:
    """Replace each `${stageVariables.NAME}`; a variable that is not set is empty."""
    return _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), text)
