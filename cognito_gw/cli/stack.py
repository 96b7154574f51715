"""`cgw plan` and `cgw up`: the whole stack."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from cognito_gw.app.applied import Applied
from cognito_gw.app.context import Session, with_session
from cognito_gw.app.prompter import is_terminal
from cognito_gw.cli.results import finish, show_left, show_next
from cognito_gw.cli.settings import Command, with_options
from cognito_gw.errors import CannotChange, CgwError, UsageError
from cognito_gw.oauth.cache import forget
from cognito_gw.report.say import confirm, say, styled

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.app.context import Session
    from cognito_gw.engine.resource import Resource, Step


@click.command(
    "plan",
    cls=Command,
    examples=(
        "cgw plan",
        "cgw plan -c prod.yaml --detailed-exitcode",
    ),
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 0 without changes, 2 with changes."
)
@with_session
def plan(session: Session, *, detailed_exitcode: bool) -> None:
    """Show what `up` would do, attribute by attribute; change nothing."""
    from cognito_gw.report.lines import step_lines, summary

    session.warn()
    applied = Applied(session)
    session.prepare(applied.look)
    show_notices(session, applied.notices())
    resources = session.stack.resources
    session.check_code(resources)
    steps = _planned(session, resources)
    if not session.settings.as_json:
        for step in steps:
            for each in step_lines(step, with_values=True):
                say(each)
        say(summary(steps))
    show_left(session)
    finish(session, steps)
    if detailed_exitcode and any(step.is_change for step in steps):
        raise SystemExit(2)


@click.command(
    "up",
    cls=Command,
    examples=(
        "cgw --local up",
        "cgw --local up --watch",
        "cgw up --profile work",
    ),
)
@click.option(
    "--watch",
    is_flag=True,
    help="Go on until Ctrl-C: each save of the file or of functions' code goes live.",
)
@click.option("-y", "--yes", is_flag=True, help="Skip the question before a deletion.")
@with_session
def up(session: Session, *, watch: bool, yes: bool) -> None:
    """Create or update the stack to match the file.

    At a terminal it shows what it would delete or replace, and asks first.
    """
    from cognito_gw.report.lines import summary

    asks = not yes and not session.settings.as_json
    if watch:
        _watch(session, asks=asks)
        return
    session.warn()
    applied = Applied(session)
    session.prepare(applied.look)
    steps = make(session, session.stack.resources, applied, asks=asks)
    if not session.settings.quiet:
        say(summary(steps), err=True)
    show_left(session)
    finish(session, steps, with_outputs=True)
    if not (session.settings.quiet or session.settings.as_json):
        show_next(session)


def _planned(session: Session, resources: list[Resource]) -> list[Step]:
    """Return what `make` would do."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.resource import told
    from cognito_gw.engine.walk import forward

    visit = partial(reconcile.plan, aws=session.aws)
    return told(session.walk(visit, forward(resources), resources, silently=True))


def make(
    session: Session,
    resources: list[Resource],
    applied: Applied | None = None,
    *,
    asks: bool = False,
) -> list[Step]:
    """Make resources of the stack as the file wants them, while no other cgw does."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.resource import told
    from cognito_gw.engine.walk import forward

    session.check_code(resources)
    visit = partial(reconcile.apply, aws=session.aws)
    applied = applied or Applied(session)
    with session.alone():
        session.check_passwords(resources)
        if failed := stuck(session, resources) if applied.exists else []:
            return failed
        plan = partial(_planned, session, resources)
        agree(applied, plan if asks else None)
        steps = session.walk(visit, forward(resources), resources)
    if any(client.changed for client in session.stack.clients.values()):
        forget(session.config.name)
    return told(steps)


def stuck(session: Session, resources: list[Resource]) -> list[Step]:
    """Return the steps of a run that changes nothing, if AWS fixed what must change.

    The few resources of which AWS fixes something tell it, before all is looked at.
    """
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.resource import Action, Step
    from cognito_gw.engine.walk import forward

    fixed = [each for each in resources if each.frozen]
    visit = partial(reconcile.plan, aws=session.aws)
    steps = session.walk(visit, forward(fixed), fixed, silently=True)
    failed = {
        each.resource: each for each in steps if isinstance(each.error, CannotChange)
    }
    if not failed:
        return []
    for step in failed.values():
        session.reporter.finished(step)
    why = CgwError("nothing was changed: another step is sure to fail")
    return [
        failed.get(each) or Step(each, Action.SKIP, error=why, done=True)
        for each in resources
        if each.enabled
    ]


def _watch(session: Session, *, asks: bool) -> None:
    from cognito_gw.app.watch import Watch, require_watchfiles

    if session.settings.as_json:
        raise UsageError(
            "`-o json` is one document, and `--watch` has no end",
            hint="leave one of them out",
        )
    require_watchfiles()
    Watch(session, asks=asks).run()


COMMANDS = {"plan": plan, "up": up}


def agree(applied: Applied, planned: Callable[[], list[Step]] | None) -> None:
    """Say what is worth a thought, and ask about it; then remember who applies this.

    `planned` returns the steps to ask about; without it nothing is asked. Without a
    terminal, what was said is all.
    """
    notices = applied.notices()
    show_notices(applied.session, notices)
    if planned and is_terminal() and sys.stderr.isatty():
        changes = [each for each in planned() if each.is_change]
        # Of a stack that others applied, everything that changes is worth a look.
        asked = changes if notices else [each for each in changes if each.is_loss]
        if asked:
            _ask(asked)
    applied.note()


def show_notices(session: Session, notices: list[str]) -> None:
    """Print them, each on its line."""
    for each in [] if session.settings.quiet else notices:
        say(styled("warning:", fg="yellow"), f" {with_options(each)}", err=True)


def _ask(steps: list[Step]) -> None:
    from cognito_gw.report.lines import step_lines

    for step in steps:
        for each in step_lines(step):
            say(each, err=True)
    confirm("Go on?", abort=True)
