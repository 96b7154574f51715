"""The ten steps of the tutorial, each a command: one part of the same graph."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

from cognito_gw.app.applied import Applied
from cognito_gw.app.context import Session, with_session
from cognito_gw.cli.results import finish
from cognito_gw.cli.settings import Command
from cognito_gw.cli.stack import agree, stuck
from cognito_gw.errors import Missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.engine.resource import Resource, Step

_HELP = {
    "pool": "Make the user pool, its groups, resource servers and MFA setting.",
    "client": "Make the app clients.",
    "domain": "Make the domain of the sign-in pages, and their branding.",
    "lambda": "Make the functions, each with its role and log group.",
    "api": "Make the REST API and its gateway responses; remove unlisted routes.",
    "resource": "Make the paths.",
    "method": "Make the methods with their integrations and invoke permissions.",
    "authorizer": "Make the authorizer and attach it to the methods to be secured.",
    "deploy": "Deploy the API to its stage.",
}


def _command(step: str) -> click.Command:
    @click.command(
        step,
        cls=Command,
        help=_HELP[step],
        examples=(f"cgw {step}", f"cgw {step} --with-deps --dry-run"),
    )
    @step_options
    @with_session
    def command(session: Session, **options: bool) -> None:
        take(session, step, **options)

    return command


def step_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a step."""
    deps = click.option(
        "--with-deps", is_flag=True, help="Make what it stands on, too."
    )
    dry = click.option("--dry-run", is_flag=True, help="Only say what it would do.")
    yes = click.option(
        "-y", "--yes", is_flag=True, help="Skip the question before a deletion."
    )
    return deps(dry(yes(command)))


def take(
    session: Session, step: str, *, with_deps: bool, dry_run: bool, yes: bool
) -> None:
    """Take one step, and tell what came of it."""
    session.steps = None if with_deps else (step,)
    session.warn()
    run = partial(run_step, session, step, with_deps=with_deps)
    plan = partial(run, dry_run=True, silently=True)
    with nullcontext() if dry_run else session.alone():
        if not dry_run:
            asks = not (yes or session.settings.as_json)
            agree(Applied(session), plan if asks else None)
        steps = run(dry_run=dry_run)
    finish(session, steps)


def run_step(
    session: Session,
    step: str,
    *,
    with_deps: bool = False,
    dry_run: bool = False,
    silently: bool = False,
) -> list[Step]:
    """Make one step's resources, once what they stand on is found."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.resource import told
    from cognito_gw.engine.walk import closure, forward

    chosen = _chosen(session, step)
    around = closure(chosen)
    shown = around if with_deps else chosen
    _require(session, [each for each in around if each not in shown])
    session.check_code(shown)
    if not dry_run:
        session.check_passwords(shown)
    if failed := stuck(session, shown) if with_deps and not dry_run else []:
        return failed
    do = partial(reconcile.plan if dry_run else reconcile.apply, aws=session.aws)
    return told(session.walk(do, forward(shown), shown, silently=silently))


def _chosen(session: Session, step: str) -> list[Resource]:
    """Return what the step makes; the authorizer is also attached to its methods."""
    chosen = session.stack.of(step)
    if step != "authorizer":
        return chosen
    secured = [each for each in session.stack.methods if each.authorizer is not None]
    session.look([*secured])
    return [*chosen, *(each for each in secured if each.live is not None)]


def _require(session: Session, needs: list[Resource]) -> None:
    """Look at what the step stands on; raise one error for all that is not there."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward
    from cognito_gw.resources.stack import STEPS

    visit = partial(reconcile.require, aws=session.aws)
    steps = session.walk(visit, forward(needs), needs, silently=True)
    failed = [each for each in steps if each.word == "failed" and each.error]
    for step in failed:
        if step.error and not isinstance(step.error, Missing):
            raise step.error
    if failed:
        # What was skipped hangs under what failed, so it is to be made, too.
        steps_before = {each.resource.command for each in steps if each.error}
        commands = [f"`cgw {step}`" for step in STEPS if step in steps_before]
        raise Missing(
            f"not there yet: {', '.join(str(each.resource) for each in failed)}",
            hint=f"run {', '.join(commands)} first, or add `--with-deps`",
        )


# `user` is one too, and has commands of its own beside: see user.py.
COMMANDS = {step: _command(step) for step in _HELP}
