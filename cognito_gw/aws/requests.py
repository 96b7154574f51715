"""Requests built from what AWS answered, for calls that replace the whole object."""

from __future__ import annotations

from typing import Any


def settable(client: Any, operation: str, live: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a description that `operation` takes back.

    Empty values go: AWS describes unset settings with them and refuses to be sent them.
    """
    members = client.meta.service_model.operation_model(operation).input_shape.members
    return {
        key: value
        for key, value in live.items()
        if key in members and not is_empty(value)
    }


def overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `top` laid over it, mapping by mapping."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        merged[key] = overlay(below, value) if both and below else value
    return merged


def described(answer: dict[str, Any]) -> dict[str, Any]:
    """Take from an answer of AWS what is about the call."""
    answer.pop("ResponseMetadata", None)
    return answer


def is_empty(value: Any) -> bool:
    """Whether a value says nothing: None, or an empty text, list or mapping."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def without_empty(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request without what says nothing."""
    return {key: value for key, value in request.items() if not is_empty(value)}
