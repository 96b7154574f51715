"""The variables that an API's settings may name: of stage, context and request.

`${stageVariables.pool}` stands in ARNs; `$context.requestId` in the template of a
gateway response; `method.request.header.Origin` or `'text'` in its parameters.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.apigw.context import Context

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_NAME = r"(?:\.[\w:-]+|\['[^']+'\])+"
_REFERENCE = re.compile(
    rf"\$(?P<brace>\{{)?(?P<name>(?:context|stageVariables|method){_NAME})(?(brace)\}})"
)
_STEP = re.compile(r"\.([\w:-]+)|\['([^']+)'\]")


def with_stage_variables(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with the stage's variables in it; one that is not set is empty."""
    return _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), text)


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
