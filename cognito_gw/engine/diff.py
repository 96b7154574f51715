"""Compares the file's settings with what AWS has."""

from __future__ import annotations

import json
from typing import Any

from cognito_gw.engine.resource import Change


class Exactly(dict[str, Any]):
    """A mapping that AWS must have exactly so, without further keys."""


def diff(
    desired: dict[str, Any], live: dict[str, Any], path: str = ""
) -> dict[str, Change]:
    """Return the fields, by dotted path, in which `live` differs from `desired`.

    Fields that only `live` has are ignored: the file does not set them. AWS returns
    lists in any order and omits empty values, so neither is a difference.
    """
    changes: dict[str, Change] = {}
    for key, after in desired.items():
        field, before = f"{path}{key}", live.get(key)
        if isinstance(after, dict) and not isinstance(after, Exactly):
            inner = before if isinstance(before, dict) else {}
            changes |= diff(after, inner, f"{field}.")
        elif _canonical(after) != _canonical(before):
            changes[field] = Change(before, after)
    return changes


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()} or None
    if isinstance(value, list | tuple | set | frozenset):
        items = [_canonical(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) or None
    return None if value == "" or value is False else value
