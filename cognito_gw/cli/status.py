"""`cgw status`, `list`, `outputs`, `policy` and `logs`: they change nothing."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app import stack_state
from cognito_gw.app.walks import look
from cognito_gw.cli import completions
from cognito_gw.cli.command import command
from cognito_gw.cli.output import block, line, say, say_exactly, styled
from cognito_gw.cli.results import (
    change_lines,
    changes_document,
    exports,
    show_json,
    show_outputs,
)
from cognito_gw.cli.terminal import with_reading_context
from cognito_gw.errors import UsageError
from cognito_gw.oauth.tokens import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.app.context import Context
    from cognito_gw.aws.log_events import LogEvent, LogReader
    from cognito_gw.engine.resource import Step


_STATE_COLORS = {
    "ok": "green",
    "drifted": "yellow",
    "missing": "red",
    "unmanaged": "cyan",
}


@command("status", "cgw status", "cgw status -o json")
@with_reading_context
def status(context: Context) -> None:
    """Show what exists, with IDs and links, and how it differs from the file."""
    from cognito_gw.config.load import spell

    for problem in context.loaded.unread:
        context.ui.tell(f"not compared: {spell(problem.path)}{problem.what}")
    steps = stack_state.drift(context)
    if context.options.as_json:
        rows = [
            stack_state.resource_document(step)
            | {"changes": changes_document(step.changes)}
            for step in steps
        ]
        rows += stack_state.unmanaged_documents(context)
        show_json({"stack": context.config.name, "resources": rows})
    else:
        _show(context, steps)


def _show(context: Context, steps: list[Step]) -> None:
    for step in steps:
        row = stack_state.resource_document(step)
        _show_row(row)
        if row["state"] == "drifted":
            for text in change_lines(step.changes):
                say(text)
        if step.error:
            say(" " * 11, step.error)
    for row in stack_state.unmanaged_documents(context):
        _show_row(row)
    say()
    values = stack_state.outputs(context)
    if stack_state.exists(values):
        show_outputs(values)


def _show_row(row: dict[str, Any]) -> None:
    state = styled(f"{row['state']:<11}", fg=_STATE_COLORS[row["state"]])
    has_id = row["id"] not in (None, row["name"])
    id_ = line("  ", styled(row["id"], dim=True)) if has_id else ""
    say(state, f"{row['kind']:<18}", row["name"], id_)


@command("list", "cgw list", "cgw --local list -o json")
@with_reading_context
def list_stacks(context: Context) -> None:
    """List the stacks of this account and Region, with their environments.

    It finds them by their tags and needs no file. It does not count resources that have
    no tags. The state `incomplete` means: no user pool and no API.
    """
    from cognito_gw.config.model import Config

    if not context.has_file:
        context = replace(context, given=Config(name="none"))
    stacks = stack_state.stacks(context.aws)
    if context.options.as_json:
        show_json({"stacks": stacks})
        return
    if not stacks:
        say(f"no stacks in {context.aws.account.region}", err=True)
    for stack in stacks:
        count, env = f"{stack['resources']:>4} resources", stack["env"] or "-"
        say(f"{stack['name']:<34}{env:<18}{count}  {_age(stack['created'])}")


def _age(created: str | None) -> str:
    """Return the state and the age of a stack."""
    if created is None:
        return "incomplete"
    at = datetime.fromisoformat(created)
    age = in_words((datetime.now(UTC) - at).total_seconds())
    return f"up, created {at:%Y-%m-%d %H:%M} ({age} ago)"


@command("outputs", "cgw outputs", 'eval "$(cgw outputs --format env)"')
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "env"]),
    help='env: lines for `eval "$(cgw outputs --format env)"`.',
)
@with_reading_context
def outputs(context: Context, *, form: str | None) -> None:
    """Print IDs and URLs."""
    look(context, context.stack.resources)
    values = stack_state.outputs(context)
    is_there = stack_state.exists(values)
    if not is_there:
        name = context.config.name
        context.ui.tell(f"the stack {name} does not exist yet: run `cgw up` first")
    form = form or context.options.output
    if form == "json":
        show_json(values)
    elif form == "env":
        named = stack_state.variables(values)
        if context.is_local:
            named |= context.server.variables(context.aws.region)
        say_exactly(*exports(named))
    elif is_there:
        show_outputs(values)


@command(
    "policy",
    "cgw policy --account 123456789012 > policy.json",
    "cgw policy --boundary arn:aws:iam::123456789012:policy/functions",
    "cgw policy --for use",
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["up", "use"]),
    default="up",
    show_default=True,
    help="up: `up`, `down`, `plan` and the steps. use: `status`, `outputs`, `logs`, "
    "`explain`, `check`, `call`, `token`, `user` and `doctor`.",
)
@click.option(
    "--boundary",
    metavar="ARN",
    help="Allow function roles only with this permissions boundary. "
    "Default: `iam.permissions_boundary` of the file.",
)
@click.option(
    "--split",
    "is_split",
    is_flag=True,
    help="Print a list of policies, each within IAM's limit of 6,144 characters.",
)
@click.option(
    "--account",
    metavar="NUMBER",
    help="The account of the policy. Default: the caller's, from AWS.",
)
@with_reading_context
def policy(
    context: Context,
    *,
    purpose: str,
    boundary: str | None,
    is_split: bool,
    account: str | None,
) -> None:
    """Print a least-privilege IAM policy for this file."""
    _check(purpose, boundary, account)
    policies, notes = stack_state.policy(
        context, purpose, boundary=boundary, account=account, is_split=is_split
    )
    for note in notes:
        context.ui.warn(note)
    show_json(policies if is_split else policies[0])


def _check(purpose: str, boundary: str | None, account: str | None) -> None:
    from cognito_gw.config.model import POLICY_ARN

    if account and not re.fullmatch("[0-9]{12}", account):
        raise UsageError(f"`{account}` is not a valid account number: it has 12 digits")
    if boundary and not re.fullmatch(POLICY_ARN, boundary):
        raise UsageError(
            f"`{boundary}` is not a valid policy ARN",
            hint="such as arn:aws:iam::123456789012:policy/functions",
        )
    if boundary and purpose == "use":
        raise UsageError("`--boundary` is for `--for up`: `--for use` creates no roles")


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,6})([smhd])")
_FUNCTION_COLORS = ("cyan", "magenta", "yellow", "green", "blue")


class _Since(click.ParamType["datetime"]):
    """A point in time: a duration before now, or a date and time."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the point in time."""
        ago = _AGO.fullmatch(value)
        try:
            if ago:
                number, unit = ago.groups()
                return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})
            at = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a duration such as 10m, 2h or 1d, and not a date.",
                param,
                ctx,
            )
        return at if at.tzinfo else at.replace(tzinfo=UTC)


@command(
    "logs",
    "cgw logs",
    "cgw logs hello --since 2h",
    "cgw logs --follow",
    "cgw logs --access",
)
@click.argument(
    "functions", nargs=-1, metavar="[FUNCTION]...", shell_complete=completions.functions
)
@click.option("--access", is_flag=True, help="Print the access log of the API instead.")
@click.option("-f", "--follow", is_flag=True, help="Print new logs until Ctrl-C.")
@click.option(
    "--since",
    type=_Since(),
    default="10m",
    show_default=True,
    metavar="AGO|TIME",
    help="30s, 10m, 2h, 1d, or a date and time in UTC: 2026-01-31T08:00.",
)
@with_reading_context
def logs(
    context: Context,
    *,
    functions: tuple[str, ...],
    access: bool,
    follow: bool,
    since: datetime,
) -> None:
    """Print the logs of the functions: all, or those named.

    Times are in UTC. With --follow, `-o json` prints one object per line instead of
    one document.
    """
    from cognito_gw.aws import log_events

    if access and functions:
        raise click.UsageError("--access takes no functions.")
    if access:
        readers = [stack_state.access_log_reader(context, since)]
    else:
        readers = stack_state.log_readers(context, functions, since)
    if follow:
        _follow(context, readers)
        return
    events = log_events.read_all(readers)
    if context.options.as_json:
        show_json({"events": [_document(event) for event in events]})
    elif events:
        _show_events(events, readers)
    elif not context.options.quiet:
        say(f"no logs since {since:%Y-%m-%d %H:%M:%S} UTC", err=True)


def _follow(context: Context, readers: list[LogReader]) -> None:
    from cognito_gw.aws.log_events import follow

    events = follow(readers, context.aws.sleep)
    if context.options.as_json:
        for event in events:
            show_json(_document(event), indent=None)
    else:
        _show_events(events, readers)


def _document(event: LogEvent) -> dict[str, Any]:
    at = datetime.fromtimestamp(event.timestamp / 1000, UTC)
    return {
        "function": event.function,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "stream": event.stream,
        "message": event.message,
    }


def _show_events(events: Iterable[LogEvent], readers: list[LogReader]) -> None:
    """Print each event; with its function if there are several."""
    names = [reader.function for reader in readers]
    width = max(map(len, names))
    for event in events:
        at = time.strftime("%H:%M:%S", time.gmtime(event.timestamp // 1000))
        parts = [styled(f"{at}.{event.timestamp % 1000:03d}  ", dim=True)]
        if len(names) > 1:
            color = _FUNCTION_COLORS[
                names.index(event.function) % len(_FUNCTION_COLORS)
            ]
            parts.append(styled(f"{event.function:<{width}}  ", fg=color))
        say(*parts, block(event.message))


COMMANDS = {
    "status": status,
    "list": list_stacks,
    "outputs": outputs,
    "policy": policy,
    "logs": logs,
}
