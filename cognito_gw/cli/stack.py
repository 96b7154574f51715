"""`cgw plan` and `cgw up`: the whole stack, said and done."""

from __future__ import annotations

from functools import partial

import click

from cognito_gw.cli.results import finish
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command
from cognito_gw.oauth.cache import forget


@click.command("plan", cls=Command)
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
    resources = session.stack.resources
    visit = partial(reconcile.plan, aws=session.aws)
    steps = session.walk(visit, forward(resources), resources, silently=True)
    if not session.settings.as_json:
        for step in steps:
            click.echo("\n".join(step_lines(step, with_values=True)))
        click.echo(summary(steps))
    finish(session, steps)
    if detailed_exitcode and any(step.is_change for step in steps):
        raise SystemExit(2)


@click.command("up", cls=Command)
@with_session
def up(session: Session) -> None:
    """Make it so; a second run changes nothing."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward
    from cognito_gw.report.lines import summary

    session.warn()
    resources = session.stack.resources
    visit = partial(reconcile.apply, aws=session.aws)
    with session.alone():
        steps = session.walk(visit, forward(resources), resources)
    if not session.settings.quiet:
        click.echo(summary(steps), err=True)
    if any(client.changed for client in session.stack.clients.values()):
        forget(session.config.name)
    finish(session, steps, with_outputs=True)


COMMANDS = {"plan": plan, "up": up}
