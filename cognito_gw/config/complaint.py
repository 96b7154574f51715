"""Pydantic's errors in our user's words: what is wrong, and what is allowed."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Any

from cognito_gw.config.document import KeyPath, Problem
from cognito_gw.config.schema import Config

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PLAIN = {
    "invalid_key": "a key must be text",
    "missing": "this key is required",
    "too_short": "must not be empty",
}
_TYPES = {
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "path_type": "a path",
}


def complaint(error: ErrorDetails) -> Problem:
    """Word one validation error."""
    path = tuple(key for key in error["loc"] if key != "[key]")
    return Problem(path, _what(error, path))


def _what(error: ErrorDetails, path: KeyPath) -> str:
    kind, value = error["type"], error["input"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, not {_shown(value)}"
    if kind == "literal_error":
        return f"must be {context['expected']}, not {_shown(value)}"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} does not fit the pattern {context['pattern']}"
    return error["msg"].removeprefix("Value error, ").replace("Input should", "should")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return "nothing" if value is None else f"`{value}`"


def _unknown_key(path: KeyPath) -> str:
    allowed = _keys_at(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), allowed, n=1)
    guess = f"did you mean `{near[0]}`? " if near else ""
    return f"unknown key; {guess}allowed: {', '.join(allowed)}"


def _keys_at(path: KeyPath) -> list[str]:
    node = _schema()
    for key in path:
        node = _below(node, key)
    return sorted(_resolved(node).get("properties", {}))


def _below(node: dict[str, Any], key: str | int) -> dict[str, Any]:
    node = _resolved(node)
    if isinstance(key, int):
        return dict(node.get("items", {}))
    inside = node.get("properties", {}).get(key) or node.get("additionalProperties")
    inside = inside or next(iter(node.get("patternProperties", {}).values()), {})
    return dict(inside)


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, also one that may be null instead."""
    for option in node.get("anyOf", []):
        if "$ref" in option:
            node = option
    while "$ref" in node:
        node = _schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


@cache
def _schema() -> dict[str, Any]:
    return Config.model_json_schema()
