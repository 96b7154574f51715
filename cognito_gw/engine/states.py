"""What a plan says of the present: whether each resource is as the file wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.engine.resource import Action
from cognito_gw.errors import CannotChange, NotOurs

if TYPE_CHECKING:
    from cognito_gw.engine.resource import Step

_STATES = {
    Action.CREATE: "missing",
    Action.UPDATE: "drifted",
    Action.DELETE: "drifted",
    Action.SKIP: "missing",
}


def state_of(step: Step) -> str | None:
    """Return ok, drifted, missing or unmanaged; None when AWS did not let us see."""
    if step.action is Action.FAIL:
        if isinstance(step.error, NotOurs):
            return "unmanaged"
        return "drifted" if isinstance(step.error, CannotChange) else None
    if step.action is Action.KEEP:
        return "ok" if step.resource.managed else "unmanaged"
    return _STATES[step.action]
