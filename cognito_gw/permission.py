"""Whether a function's resource policy lets API Gateway invoke it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

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
