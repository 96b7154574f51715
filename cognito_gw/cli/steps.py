"""The ten steps of the tutorial, each a command on one part of the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cognito_gw.app import deploy
from cognito_gw.cli.command import Command
from cognito_gw.cli.results import finish
from cognito_gw.cli.stack import approval
from cognito_gw.cli.terminal import with_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.app.context import Context

_HELP = {
    "pool": "Create the user pool with its groups, resource servers and MFA setting.",
    "client": "Create the app clients.",
    "domain": "Create the domain of the sign-in pages, and their branding.",
    "lambda": "Create the functions with their roles and log groups.",
    "api": "Create the REST API and its gateway responses; delete unlisted routes.",
    "resource": "Create the paths.",
    "method": "Create the methods with their integrations and invoke permissions.",
    "authorizer": "Create the authorizer and attach it to the methods.",
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
    @with_context
    def command(context: Context, **options: bool) -> None:
        take(context, step, **options)

    return command


def step_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a step."""
    deps = click.option("--with-deps", is_flag=True, help="Also create prerequisites.")
    dry = click.option(
        "--dry-run", is_flag=True, help="Show changes without applying them."
    )
    yes = click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
    return deps(dry(yes(command)))


def take(
    context: Context, step: str, *, with_deps: bool, dry_run: bool, yes: bool
) -> None:
    """Run a step, and print its result."""
    context.steps = None if with_deps else (step,)
    deploy.warn(context)
    if dry_run:
        steps = deploy.run_step(context, step, with_deps=with_deps, dry_run=True)
    else:
        approve = approval(context, yes=yes)
        steps = deploy.take_step(context, step, approve, with_deps=with_deps)
    finish(context, steps)


# `user`, with its subcommands, is in user.py.
COMMANDS = {step: _command(step) for step in _HELP}
