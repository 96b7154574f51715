"""`cgw plan`, `up`, `down`, and the ten steps of the tutorial."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cognito_gw.app import deploy
from cognito_gw.app.history import History
from cognito_gw.app.stack_state import outputs
from cognito_gw.app.walks import failure_code, locked
from cognito_gw.app.watch import Screen, Watch, require_watchfiles
from cognito_gw.cli.command import command
from cognito_gw.cli.options import step_options, yes_option
from cognito_gw.cli.output import confirm, say
from cognito_gw.cli.results import (
    finish,
    show_next,
    show_outputs,
    show_steps,
    show_unmanaged,
    summary,
)
from cognito_gw.cli.terminal import (
    is_terminal,
    show_error,
    with_context,
    with_reading_context,
)
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from cognito_gw.app.context import Context
    from cognito_gw.app.deploy import Approve
    from cognito_gw.engine.resource import Resource, Step
    from cognito_gw.errors import CgwError


@command("plan", "cgw plan", "cgw plan -c prod.yaml --detailed-exitcode")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 0 without changes, 2 with changes."
)
@with_context
def plan(context: Context, *, detailed_exitcode: bool) -> None:
    """Show what `up` would change, without changing anything."""
    steps = deploy.plan(context)
    if not context.options.as_json:
        show_steps(steps, with_values=True)
        say(summary(steps))
    show_unmanaged(context)
    finish(context, steps)
    if detailed_exitcode and any(step.is_change for step in steps):
        raise SystemExit(2)


@command("up", "cgw --local up", "cgw --local up --watch", "cgw up --profile work")
@click.option(
    "--watch",
    is_flag=True,
    help="Apply each save of the file or of functions' code, until Ctrl-C.",
)
@yes_option
@with_context
def up(context: Context, *, watch: bool, yes: bool) -> None:
    """Create or update the stack to match the file.

    At a terminal, it asks for confirmation before it deletes or replaces anything.
    """
    approve = approval(context, yes=yes)
    if watch:
        _watch(context, approve)
        return
    steps = deploy.up(context, approve)
    if not context.options.quiet:
        say(summary(steps), err=True)
    show_unmanaged(context)
    finish(context, steps, with_outputs=True)
    if not (context.options.quiet or context.options.as_json):
        show_next(context)


def approval(context: Context, *, yes: bool) -> Approve | None:
    """Return what asks for confirmation; None without a terminal, or if not wanted.

    Without a terminal, it refuses the changes of a protected stack.
    """
    if yes:
        return None
    if not context.options.as_json and is_terminal() and sys.stderr.isatty():
        return _approve
    return partial(_refuse, context) if context.config.protect else None


def _approve(steps: list[Step]) -> None:
    show_steps(steps, err=True)
    confirm("Go on?", abort=True)


def _refuse(context: Context, steps: list[Step]) -> None:
    raise UsageError(
        f"the stack {context.config.name} is protected{_where_protected(context)}: "
        f"not changed without confirmation ({summary(steps)})",
        hint="add `--yes`, or confirm at a terminal",
    )


def _where_protected(context: Context) -> str:
    place = context.loaded.where(("protect",))
    return f" (`protect` at {place})" if place else ""


def _watch(context: Context, approve: Approve | None) -> None:
    if context.options.as_json:
        raise UsageError(
            "`-o json` prints one document, and `--watch` does not end",
            hint="use only one of them",
        )
    require_watchfiles()
    Watch(context, approve=approve, screen=WatchScreen(context)).run()


_SHOWN = 3  # names of paths that were saved together


class WatchScreen(Screen):
    """Prints what a watch does; errors even when quiet."""

    def __init__(self, context: Context) -> None:
        """Print nothing yet."""
        self._context = context
        self._outputs: dict[str, Any] = {}

    def watching(self, paths: set[Path]) -> None:
        """Print what is watched."""
        self._say(f"watching {_names(paths)}; press Ctrl-C to stop")

    def saved(self, paths: set[Path]) -> None:
        """Print what was saved and what was removed."""
        there = {path for path in paths if path.exists()}
        groups = {"saved": there, "removed": paths - there}
        words = [f"{word}: {_names(group)}" for word, group in groups.items() if group]
        self._say("")
        self._say(", ".join(words))

    def failed(self, error: CgwError) -> None:
        """Print the error."""
        show_error(error)
        self._say("waiting for the next save")

    def applied(self, steps: list[Step], seconds: float, *, is_whole: bool) -> None:
        """Print a summary, and outputs that changed."""
        words = f"{summary(steps) or 'nothing to change'} in {seconds:.2f} s"
        if failure_code(steps):
            self._say(f"{words}; waiting for the next save")
            return
        self._say(words)
        if not is_whole:
            return
        show_unmanaged(self._context)
        values = outputs(self._context)
        if values != self._outputs:
            show_outputs(values)
        self._outputs = values

    def _say(self, text: str) -> None:
        if not self._context.options.quiet:
            say(text, err=True)


def _names(paths: Iterable[Path]) -> str:
    """Return some paths, relative to the working directory if they are in it."""
    here = Path.cwd()
    names = sorted(
        str(path.relative_to(here) if path.is_relative_to(here) else path)
        for path in paths
    )
    more = [f"and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return ", ".join([*names[:_SHOWN], *more])


@command("down", "cgw down", "cgw --local down --yes")
@yes_option
@click.option(
    "--yes-really-delete",
    "named",
    metavar="NAME",
    help="Skip confirmation, also if `protect` is on. NAME is the name of the stack.",
)
@with_reading_context
def down(context: Context, *, yes: bool, named: str | None) -> None:
    """Delete everything that this stack owns, and nothing else."""
    _check_protection(context, named)
    with locked(context):
        _remove(context, is_asked=not yes and named is None)


def _check_protection(context: Context, named: str | None) -> None:
    """Raise if the option names another stack, or a protected stack is not named."""
    name = context.config.name
    if named is not None and named != name:
        raise UsageError(
            f"`--yes-really-delete {named}` names another stack: this one is `{name}`"
        )
    if named is None and context.config.protect:
        raise UsageError(
            f"the stack `{name}` is protected{_where_protected(context)}",
            hint=f"to delete it: `cgw down --yes-really-delete {name}`",
        )


def _remove(context: Context, *, is_asked: bool) -> None:
    removal = deploy.Removal(context)
    owned = removal.find()
    for step in removal.foreign:
        say(f"not deleted: {step.error}", err=True)
    if not owned:
        say("nothing to delete", err=True)
        finish(context, [])
        return
    for notice in History(context).notices():
        context.ui.warn(notice)
    if is_asked:
        contents = removal.contents()
        counts = [
            f"{count} {kind}{'s' * (count > 1)}" for kind, count in contents.items()
        ]
        along = f"also deleted, not in the file: {', '.join(counts)}" if counts else ""
        ask_before_deletion(context, owned, "cgw down", along)
    steps = removal.remove()
    if not context.options.quiet:
        say(summary(steps), err=True)
    finish(context, steps)


def ask_before_deletion(
    context: Context, owned: Sequence[Resource], command: str, along: str = ""
) -> None:
    """Show what will be deleted, and ask; abort at a no."""
    for resource in owned:
        say(f"  {resource.kind:<18}{resource.label}", err=True)
    if along:
        say(along, err=True)
    if not is_terminal():
        raise UsageError(f"`{command}` asks before it deletes", hint="add `--yes`")
    where = "the local AWS" if context.is_local else context.aws.account.number
    these = f"these {len(owned)}" if len(owned) > 1 else "this"
    question = f"Delete {these} from {where} ({context.aws.region})?"
    confirm(question, abort=True)


_STEPS = {
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
    @command(step, f"cgw {step}", f"cgw {step} --with-deps --dry-run")
    @step_options
    @with_context
    def run(context: Context, **options: bool) -> None:
        take(context, step, **options)

    run.help = _STEPS[step]
    return run


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
COMMANDS = {
    "plan": plan,
    "up": up,
    "down": down,
    **{step: _command(step) for step in _STEPS},
}
