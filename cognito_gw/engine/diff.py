"""Compares what the file wants with what AWS has."""

from __future__ import annotations

import json
from typing import Any

from cognito_gw.engine.resource import Change


class Exactly(dict[str, Any]):
    """A mapping that must be as it is on AWS, with no key more."""


def diff(
    desired: dict[str, Any], live: dict[str, Any], path: str = ""
) -> dict[str, Change]:
    """Return the fields, by dotted path, in which `live` is not as desired.

    What `live` has beyond `desired` is nobody's business: the file does not speak of
    it. AWS returns lists in any order and leaves empty values out, so neither counts.
    """
    changes: dict[str, Change] = {}
    for key, wanted in desired.items():
        where, has = f"{path}{key}", live.get(key)
        if isinstance(wanted, dict) and not isinstance(wanted, Exactly):
            changes |= diff(wanted, has if isinstance(has, dict) else {}, f"{where}.")
        elif _canonical(wanted) != _canonical(has):
            changes[where] = Change(has, wanted)
    return changes


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()} or None
    if isinstance(value, list | tuple | set | frozenset):
        items = [_canonical(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) or None
    return None if value == "" or value is False else value
