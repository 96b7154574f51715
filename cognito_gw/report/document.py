"""Steps as data: the JSON that scripts read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.engine.resource import Change, Step


def steps_document(
    stack: str, steps: Iterable[Step], outputs: dict[str, Any]
) -> dict[str, Any]:
    """Return the document of `plan`, `up`, `down` and every step."""
    return {
        "stack": stack,
        "steps": [step_document(step) for step in steps],
        "outputs": outputs,
    }


def step_document(step: Step) -> dict[str, Any]:
    """Return one step as JSON-ready data."""
    return {
        "kind": step.resource.kind,
        "name": step.resource.label,
        "action": step.word,
        "changes": changes_document(step.changes),
        "error": str(step.error) if step.error else None,
    }


def changes_document(changes: Any) -> dict[str, Any]:
    """Return changes as `{field: {from, to}}`."""
    return {field: _change(change) for field, change in changes.items()}


def _change(change: Change) -> dict[str, Any]:
    return {"from": change.before, "to": change.after}
