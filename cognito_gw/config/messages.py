"""Pydantic's errors as messages: what is wrong, and what is allowed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cognito_gw.config.model import (
    API_NAME,
    ENVIRONMENT,
    HEADER,
    MEDIA_TYPE,
    ORIGIN,
    POLICY_ARN,
    Config,
)
from cognito_gw.config.variables import KeyPath, Password
from cognito_gw.config.yaml_file import Problem, brief
from cognito_gw.text import guess

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_NO_SPACE = "1 to 128 characters without spaces"
ALLOWED = {
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$": "letters, digits, - and _, beginning with a "
    "letter or digit; at most 128 characters",
    r"^[A-Za-z0-9_ +=,.@-]+$": "letters from A to Z, digits, spaces and + = , . @ - _",
    r"^[A-Za-z0-9_-]{1,64}$": "letters, digits, - and _; at most 64 characters",
    r"^[A-Za-z0-9+=._:/-]+$": "letters, digits and + = . _ : / -",
    r"^[A-Za-z0-9-]+_[0-9A-Za-z]+$": "a user pool ID, such as us-east-1_Ab12Cd34E",
    r"^\S{1,128}$": _NO_SPACE,
    r"^[A-Za-z0-9_+]+$": "an app client ID: letters and digits",
    r"^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$": "printable ASCII characters without "
    "spaces, quotation marks, slashes and backslashes; at most 256",
    r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$": "lowercase letters, digits and -, "
    "beginning and ending with a letter or digit; at most 63 characters",
    r"^[a-z][a-z0-9.-]{1,31}$": "a Lambda runtime, such as python3.13 or nodejs22.x",
    r"^[a-zA-Z][a-zA-Z0-9_]+$": "a letter from A to Z, then letters, digits and _; at "
    "least 2 characters",
    ENVIRONMENT: "letters, digits and -, beginning with a letter or digit",
    POLICY_ARN: "the ARN of a policy, such as "
    "arn:aws:iam::123456789012:policy/functions",
    r"^[A-Za-z0-9_-]+$": "the name of a header: letters, digits, - and _",
    API_NAME: "printable ASCII characters, not beginning or ending with a space; at "
    "most 128",
    HEADER: "the name of a header, such as X-Trace-Id; at most 128 characters",
    MEDIA_TYPE: "a media type, such as image/png, image/* or */*, without parameters",
    ORIGIN: "`*`, or an origin without a path, such as https://app.example.com",
    r"^[a-z0-9]+$": "the ID of a REST API: lowercase letters and digits",
    r"^[A-Za-z0-9_-]{1,128}$": "letters, digits, - and _; at most 128 characters",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$": "letters, digits, - and _, beginning with a "
    "letter or digit; at most 32 characters",
    r"^[A-Za-z][A-Za-z0-9-]{0,31}$": "a letter, then letters, digits and -; at most 32 "
    "characters",
    r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$": "an AWS region, such as us-east-1",
    r"^[\x21\x23-\x5B\x5D-\x7E]{1,256}$": "printable ASCII characters without spaces, "
    "quotation marks and backslashes; at most 256",
}


_PLAIN = {
    "missing": "this key is required",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_COUNTED = {"string_too_long": "characters", "too_long": "entries"}
_TYPES = {
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "path_type": "a path",
}
_KINDS = (
    (dict, "a mapping"),
    (list, "a list"),
    (Password, "a password"),
    (bool, "true or false"),
    (int | float, "a number"),
)
_LONGEST = 200  # characters of a value in a complaint


def complaint(error: ErrorDetails) -> Problem:
    """Return a validation error as a problem."""
    path = path_of(error)
    return Problem(path, _what(error, path))


def path_of(error: ErrorDetails) -> KeyPath:
    """Return the key path of a validation error."""
    return tuple(key for key in error["loc"] if key != "[key]")


def _what(error: ErrorDetails, path: KeyPath) -> str:
    kind, value = error["type"], error["input"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _TYPES:
        given = _kind(value) if _is_private(path) else _shown(value)
        is_text = _TYPES[kind] in ("text", "a path")
        advice = _unquoted(value) if is_text else ""
        return f"must be {_TYPES[kind]}, not {given}{advice}"
    if kind == "literal_error":
        return f"must be {context['expected']}, not {_shown(value)}"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} must be {ALLOWED[context['pattern']]}"
    return _limit(kind, context) or error["msg"].removeprefix("Value error, ").replace(
        "Input should", "should"
    )


def _limit(kind: str, context: dict[str, Any]) -> str | None:
    counted = _COUNTED.get(kind)
    return counted and f"must have at most {context['max_length']} {counted}"


def _unquoted(value: Any) -> str:
    """Return advice on text that YAML reads as another type."""
    if value is None:
        return ': empty text is ""'
    if isinstance(value, bool):
        return " (so YAML reads yes, no, on and off): put it in quotes"
    return ": put it in quotes" if isinstance(value, int | float) else ""


def _is_private(path: KeyPath) -> bool:
    """Whether it can be a secret, or one in the wrong place."""
    return (path[:1] == ("users",) and len(path) > 1) or "environment" in path


def _kind(value: Any) -> str:
    for kinds, name in _KINDS:
        if isinstance(value, kinds):
            return name
    return "nothing" if value is None else "text"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list | Password):
        return _kind(value)
    if isinstance(value, bool):
        return f"`{value}`".lower()
    try:
        return "nothing" if value is None else f"`{brief(f'{value}', _LONGEST)}`"
    except ValueError:  # Python refuses to print thousands of digits
        return "a number without end"


def _unknown_key(path: KeyPath) -> str:
    if path == ("api", "authorizers"):
        return (
            "reserved: Cognito is the only kind of authorizer for now, and "
            "`authorizer` sets it; a route without one is `auth: none`"
        )
    allowed = _keys_at(path[:-1])
    meant = f"{guess(str(path[-1]), allowed)} ".lstrip()
    return f"unknown key; {meant}allowed: {', '.join(allowed)}"


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
