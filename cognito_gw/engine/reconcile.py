"""The four things that can be done with one resource.

Each command is a composition of these: `apply` is `plan` and then the write that the
plan asks for, so a plan cannot promise what an apply does not do.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cognito_gw.aws.errors import absent_is_none, is_absent, is_lost, is_taken
from cognito_gw.engine.diff import diff
from cognito_gw.engine.resource import (
    Action,
    Change,
    NotReady,
    Resource,
    Step,
    previewing,
)
from cognito_gw.errors import CannotChange, CgwError, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cognito_gw.aws.clients import Aws

# Seconds; the first is longer than AWS takes to list what it has made: what is not
# seen is made again.
_PAUSES = (6.0, 6.0, 8.0, 10.0, 15.0)
_CONTESTS = 2  # over who makes a thing, before AWS's refusal stands
Done = TypeVar("Done")


def look(resource: Resource, aws: Aws) -> Step:
    """Read the resource from AWS into `live`. Never writes."""
    resource.live = resource.step = None
    with suppress(NotReady), absent_is_none():  # its parent is absent, or it is
        resource.live = resource.observe(aws)
    return Step(resource, Action.KEEP)


def require(resource: Resource, aws: Aws) -> Step:
    """Look at what another step must have made; raise when it has not."""
    step = look(resource, aws)
    if resource.live is None and resource.wanted and not resource.optional:
        raise Missing(
            f"{resource} does not exist yet",
            hint=f"run `cgw {resource.command}` first, or add `--with-deps`",
        )
    return step


def plan(resource: Resource, aws: Aws) -> Step:
    """Read AWS and say what `apply` would do. Never writes."""
    look(resource, aws)
    return _planned(resource)


def _planned(resource: Resource) -> Step:
    resource.step = step = _decide(resource)
    if step.is_change and resource.obstacle:
        raise resource.obstacle
    return step


def apply(resource: Resource, aws: Aws) -> Step:
    """Make the resource as the file wants it, looking again where that is unsure."""
    again = partial(_apply, resource, aws)  # looks before it writes
    do = partial(_apply_unseen, resource, aws) if _cannot_be_there(resource) else again
    return _insistently(resource, aws, do, again, contests=_CONTESTS)


def _cannot_be_there(resource: Resource) -> bool:
    """Whether what it stands in was made in this run, and so has nothing in it."""
    return resource.follows is not None and resource.follows.is_new


def _apply_unseen(resource: Resource, aws: Aws) -> Step:
    """Make what cannot be there, and so need not be looked for."""
    resource.live = resource.step = None
    return _carried_out(resource, aws, _planned(resource))


def _apply(resource: Resource, aws: Aws) -> Step:
    return _carried_out(resource, aws, plan(resource, aws))


def _carried_out(resource: Resource, aws: Aws, step: Step) -> Step:
    if step.action is Action.CREATE:
        resource.live = resource.create(aws)
    elif step.action is Action.UPDATE:
        resource.live = resource.update(aws, step.changes)
    elif step.action is Action.DELETE:
        resource.delete(aws)
        resource.live = None
    resource.step = step.carried_out()
    return resource.step


def destroy(resource: Resource, aws: Aws) -> Step:
    """Remove the resource that was looked at, unless its container took it along."""
    if resource.live is None:
        return Step(resource, Action.KEEP, done=True)
    if not resource.managed:
        kept = CgwError("the file names it by `id`: left as it is")
        return Step(resource, Action.SKIP, error=kept, done=True)
    if resource.inside is None or resource.inside.live is not None:
        once = partial(_delete, resource, aws)
        _insistently(resource, aws, once, partial(_delete_if_there, resource, aws))
    resource.live = None  # or what hangs under it would look through a stale id
    return Step(resource, Action.DELETE, done=True)


def _delete(resource: Resource, aws: Aws) -> None:
    with absent_is_none():
        resource.delete(aws)


def _delete_if_there(resource: Resource, aws: Aws) -> None:
    look(resource, aws)
    if resource.live is not None:
        _delete(resource, aws)


def _insistently(
    resource: Resource,
    aws: Aws,
    do: Callable[[], Done],
    again: Callable[[], Done],
    *,
    contests: int = 0,
) -> Done:
    """Do it, and `again`, which looks first, while AWS does not answer.

    So also while it does not know yet what was made a moment ago, and, up to `contests`
    times, where another cgw may have made the same just now.
    """
    is_new = False
    for attempt, pause in enumerate(_PAUSES):
        try:
            return do()
        except Exception as error:
            is_new = is_new or _is_being_made(resource)
            if is_lost(error):
                why = "AWS did not answer"
            elif is_taken(error) and attempt < contests:
                why = "another has just made or changed it"
            elif is_absent(error) and is_new:
                why = "AWS does not know yet what was just created"
            else:
                raise
        aws.tell(f"{resource}: {why}: looking again in {pause:.0f} s")
        aws.sleep(pause)
        do = _refreshed(resource, aws, again)
    return do()


def _is_being_made(resource: Resource) -> bool:
    """Whether it is not done with its creation: all that it needs was there before."""
    step = resource.step
    return step is not None and step.action is Action.CREATE and not step.done


def _refreshed(
    resource: Resource, aws: Aws, do: Callable[[], Done]
) -> Callable[[], Done]:
    def refreshed() -> Done:
        resource.refresh(aws)
        return do()

    return refreshed


def _decide(resource: Resource) -> Step:
    if not resource.managed:
        if resource.live is None:
            raise Missing(f"{resource} does not exist, yet the file names it by `id`")
        return Step(resource, Action.KEEP)
    if not resource.wanted:
        return Step(resource, Action.KEEP if resource.live is None else Action.DELETE)
    changes = _changes(resource)
    if resource.live is None:
        return Step(resource, Action.CREATE, changes)
    for field, key in resource.frozen.items():
        if field in changes:
            before, after = map(_in_file, (changes[field].before, changes[field].after))
            raise CannotChange(
                f"{resource}: `{'.'.join(key)}` is {after} in the file and {before} on "
                "AWS, which fixes it at creation",
                key=key,
                hint=f"take the change back; {resource.replacing}",
            )
    return Step(resource, Action.UPDATE if changes else Action.KEEP, changes)


def _changes(resource: Resource) -> Mapping[str, Change]:
    with previewing():
        changes = diff(resource.desired(), resource.live or {})
    return {
        field: Change("(hidden)", "(hidden)") if _is_hidden(field, resource) else change
        for field, change in changes.items()
    }


def _in_file(value: Any) -> str:
    """Spell a value as the file does."""
    if isinstance(value, list | None):
        return f"[{', '.join(value or ())}]"
    return json.dumps(value)


def _is_hidden(field: str, resource: Resource) -> bool:
    return field.partition(".")[0] in resource.hidden
