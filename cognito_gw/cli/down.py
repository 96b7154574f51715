"""`cgw down`: removes what the stack owns, and nothing else."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import click

from cognito_gw.app.applied import Applied
from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.app.prompter import is_terminal
from cognito_gw.cli.results import failure_code, finish
from cognito_gw.cli.settings import Command
from cognito_gw.cli.stack import show_notices
from cognito_gw.errors import NotOurs, UsageError
from cognito_gw.oauth.cache import forget
from cognito_gw.report.say import confirm, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.engine.resource import Resource, Step


@click.command(
    "down",
    cls=Command,
    examples=(
        "cgw down",
        "cgw --local down --yes",
    ),
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_reading_session
def down(session: Session, *, yes: bool) -> None:
    """Remove all that this stack owns, and nothing else."""
    with session.alone():
        _remove(session, is_asked=not yes)


def _remove(session: Session, *, is_asked: bool) -> None:
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import backward
    from cognito_gw.report.lines import summary

    found, foreign = _found(session)
    owned = [each for each in found if each.managed]
    if session.stack.pool.protected:
        raise session.stack.pool.protected
    for step in foreign:
        say(f"left as it is: {step.error}", err=True)
    if not owned:
        say("nothing to do", err=True)
        finish(session, [])
        return
    show_notices(session, Applied(session).notices())
    if is_asked:
        ask_before_deletion(session, owned, "cgw down", _gone_along(session))
    visit = partial(reconcile.destroy, aws=session.aws)
    steps = session.walk(visit, backward(found), owned)
    forget(session.config.name)
    if not failure_code(steps):
        Applied(session).clear()
    if not session.settings.quiet:
        say(summary(steps), err=True)
    finish(session, steps)


def _found(session: Session) -> tuple[list[Resource], list[Step]]:
    """Look at everything; return what exists, and what is there but not ours."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward
    from cognito_gw.resources.unmanaged import leftover_functions

    session.prepare()
    resources = session.stack.resources + leftover_functions(session.stack, session.aws)
    visit = partial(reconcile.refresh, aws=session.aws)
    steps = session.walk(visit, forward(resources), resources, silently=True)
    for step in steps:
        if step.word == "failed" and step.error and not isinstance(step.error, NotOurs):
            raise step.error
    foreign = [step for step in steps if isinstance(step.error, NotOurs)]
    return [each for each in resources if each.live is not None], foreign


def _gone_along(session: Session) -> str:
    """Say what the pool and the API take along that the file does not name."""
    from cognito_gw.resources.unmanaged import unmanaged

    stack = session.stack
    inside = [kind for kind, *_ in unmanaged(stack, session.aws) if kind != "function"]
    counts = Counter(inside)
    if stack.pool.live and stack.pool.managed:
        in_file = sum(user.live is not None for user in stack.users)
        counts["user"] = stack.pool.live.get("EstimatedNumberOfUsers", 0) - in_file
    if stack.api.live and stack.api.managed:
        counts["route"] = len(stack.api.live["UnlistedRoutes"])
    some = [_counted(kind, count) for kind, count in counts.items() if count > 0]
    return f"with them go {', '.join(some)} not in the file" if some else ""


def _counted(kind: str, count: int) -> str:
    return f"{count} {kind}{'s' * (count > 1)}"


def ask_before_deletion(
    session: Session, owned: Sequence[Resource], command: str, along: str = ""
) -> None:
    """Show what is to go, and go on only after a yes; abort at a no."""
    for resource in owned:
        say(f"  {resource.kind:<18}{resource.label}", err=True)
    if along:
        say(along, err=True)
    if not is_terminal():
        raise UsageError(f"`{command}` asks before it deletes", hint="add `--yes`")
    where = "the local AWS" if session.is_local else session.aws.account.number
    these = f"these {len(owned)}" if len(owned) > 1 else "this"
    question = f"Delete {these} from {where} ({session.aws.region})?"
    confirm(question, abort=True)


COMMANDS = {"down": down}
