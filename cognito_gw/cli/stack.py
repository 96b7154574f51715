"""`cgw plan` and `cgw up`: the whole stack, said and done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from cognito_gw.cli.results import finish
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command
from cognito_gw.errors import UsageError
from cognito_gw.oauth.cache import forget

if TYPE_CHECKING:
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
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward
    from cognito_gw.report.lines import step_lines, summary

    session.warn()
    session.prepare()
    resources = session.stack.resources
    session.check_code(resources)
    visit = partial(reconcile.plan, aws=session.aws)
    steps = session.walk(visit, forward(resources), resources, silently=True)
    if not session.settings.as_json:
        for step in steps:
            click.echo("\n".join(step_lines(step, with_values=True)))
        click.echo(summary(steps))
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
@with_session
def up(session: Session, *, watch: bool) -> None:
    """Make it so; a second run changes nothing."""
    from cognito_gw.report.lines import summary

    if watch:
        _watch(session)
        return
    session.warn()
    session.prepare()
    steps = make(session, session.stack.resources)
    if not session.settings.quiet:
        click.echo(summary(steps), err=True)
    finish(session, steps, with_outputs=True)


def make(session: Session, resources: list[Resource]) -> list[Step]:
    """Make resources of the stack as the file wants them, while no other cgw does."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward

    session.check_code(resources)
    visit = partial(reconcile.apply, aws=session.aws)
    with session.alone():
        steps = session.walk(visit, forward(resources), resources)
    if any(client.changed for client in session.stack.clients.values()):
        forget(session.config.name)
    return steps


def _watch(session: Session) -> None:
    from cognito_gw.cli.saves import require_watchfiles
    from cognito_gw.cli.watching import Watch

    if session.settings.as_json:
        raise UsageError(
            "`-o json` is one document, and `--watch` has no end",
            hint="leave one of them out",
        )
    require_watchfiles()
    Watch(session).run()


COMMANDS = {"plan": plan, "up": up}
