"""The operations on one resource: refresh, diff, plan, apply and destroy.

`apply` is `plan` followed by the planned write, so a plan shows exactly what an apply
does.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from cognito_gw.aws.errors import absent_is_none, is_absent, is_lost, is_taken
from cognito_gw.engine.resource import (
    KNOWN_AFTER_APPLY,
    Action,
    Change,
    Exactly,
    NotReady,
    Resource,
    Step,
)
from cognito_gw.errors import CannotChange, CgwError, Missing
from cognito_gw.text import key_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cognito_gw.aws.clients import Aws

# Seconds. The first is longer than AWS takes to list what it has created: a resource
# that is not listed is created again.
_PAUSES = (6.0, 6.0, 8.0, 10.0, 15.0)
_CONFLICTS = 2  # with a concurrent creation, before AWS's refusal is final
Done = TypeVar("Done")


def refresh(resource: Resource, aws: Aws) -> Step:
    """Read the resource from AWS into `live`. Never writes."""
    resource.live = resource.step = None
    with suppress(NotReady), absent_is_none():  # it is absent, or its parent is
        resource.live = resource.observe(aws)
    return Step(resource, Action.KEEP)


def require(resource: Resource, aws: Aws) -> Step:
    """Read a resource of another step; raise Missing when it does not exist."""
    step = refresh(resource, aws)
    if resource.live is None and resource.enabled and not resource.optional:
        raise Missing(
            f"{resource} does not exist yet",
            hint=f"run `cgw {resource.command}` first, or add `--with-deps`",
        )
    return step


def plan(resource: Resource, aws: Aws) -> Step:
    """Read AWS and return the step that `apply` would take. Never writes."""
    refresh(resource, aws)
    resource.step = _decide(resource)
    return resource.step


def apply(resource: Resource, aws: Aws) -> Step:
    """Create, update or delete the resource to match the file.

    Where AWS does not answer, or refuses because of a concurrent change, `apply` reads
    the resource and tries again.
    """

    def after_plan() -> Step:
        return _carry_out(resource, aws, plan(resource, aws))

    def unseen() -> Step:
        resource.live = None
        resource.step = _decide(resource)
        return _carry_out(resource, aws, resource.step)

    first = unseen if resource.is_known_absent else after_plan
    return _retry(resource, aws, first, after_plan, conflicts=_CONFLICTS)


def _carry_out(resource: Resource, aws: Aws, step: Step) -> Step:
    if any(KNOWN_AFTER_APPLY in str(change.after) for change in step.changes.values()):
        raise NotReady(f"{resource} needs a value that is not known yet")
    if step.action is Action.CREATE:
        resource.live = resource.create(aws)
    elif step.action is Action.UPDATE:
        resource.live = resource.update(aws, step.changes)
    elif step.action is Action.DELETE:
        resource.delete(aws)
        resource.live = None
    resource.step = replace(step, done=True)
    return resource.step


def destroy(resource: Resource, aws: Aws) -> Step:
    """Delete a resource that was read, unless AWS deleted it with its parent."""
    if resource.live is None:
        return Step(resource, Action.KEEP, done=True)
    if not resource.managed:
        kept = CgwError("the file names it by `id`: not deleted")
        return Step(resource, Action.SKIP, error=kept, done=True)

    def delete() -> None:
        with absent_is_none():
            resource.delete(aws)

    def delete_if_there() -> None:
        refresh(resource, aws)
        if resource.live is not None:
            delete()

    if resource.parent is None or resource.parent.live is not None:
        _retry(resource, aws, delete, delete_if_there)
    resource.live = None  # or its children would be read through a stale ID
    return Step(resource, Action.DELETE, done=True)


def _retry(
    resource: Resource,
    aws: Aws,
    first: Callable[[], Done],
    again: Callable[[], Done],
    *,
    conflicts: int = 0,
) -> Done:
    """Call `first`, and then `again`, which reads before it writes, until AWS answers.

    It also retries while AWS does not know yet what was created a moment ago and, up
    to `conflicts` times, after a conflict with another cgw process.
    """

    def retry() -> Done:
        resource.refresh_source(aws)
        return again()

    is_new = False
    for attempt, pause in enumerate(_PAUSES):
        try:
            return retry() if attempt else first()
        except Exception as error:
            is_new = is_new or _is_being_created(resource)
            if is_lost(error):
                why = "AWS did not answer"
            elif is_taken(error) and attempt < conflicts:
                why = "conflict with a concurrent change"
            elif is_absent(error) and is_new:
                why = "AWS does not know yet what was just created"
            else:
                raise
        aws.tell(f"{resource}: {why}: trying again in {pause:.0f} s")
        aws.sleep(pause)
    return retry()


def _is_being_created(resource: Resource) -> bool:
    """Whether its creation has begun, so that its dependencies existed before."""
    step = resource.step
    return step is not None and step.action is Action.CREATE and not step.done


def _decide(resource: Resource) -> Step:
    if not resource.managed:
        if resource.live is None:
            raise Missing(f"{resource} does not exist, yet the file names it by `id`")
        return Step(resource, Action.KEEP)
    if not resource.enabled:
        return Step(resource, Action.KEEP if resource.live is None else Action.DELETE)
    changes = _changes(resource)
    if resource.live is None:
        return Step(resource, Action.CREATE, changes)
    for field, key in resource.frozen.items():
        if field in changes:
            before, after = _in_file(changes[field])
            raise CannotChange(
                f"{resource}: `{key_path(key)}` is {after} in the file and {before} on "
                "AWS, which fixes it at creation",
                key=key,
                hint=f"undo the change; {resource.replacing}",
            )
    return Step(resource, Action.UPDATE if changes else Action.KEEP, changes)


def _changes(resource: Resource) -> Mapping[str, Change]:
    hidden = Change("(hidden)", "(hidden)")
    return {
        field: hidden if field.partition(".")[0] in resource.hidden else change
        for field, change in diff(resource.desired(), resource.live or {}).items()
    }


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


def _in_file(change: Change) -> list[str]:
    """Spell both values as the file does."""
    values = change.before, change.after
    nothing = "[]" if any(isinstance(value, list) for value in values) else "not set"
    return [
        nothing
        if value is None
        else f"[{', '.join(value)}]"
        if isinstance(value, list)
        else json.dumps(value)
        for value in values
    ]
