"""`cgw logs`: what the functions wrote, on AWS and locally alike."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.cli import completions
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command
from cognito_gw.errors import Missing, UsageError
from cognito_gw.report.say import block, say, styled
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.aws.log_events import LogEvent, LogReader
    from cognito_gw.resources.function import Function

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,6})([smhd])")
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue")


class _Since(click.ParamType["datetime"]):
    """A point in time: so long ago, or a date with its time."""

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
                f"{value!r} is neither like 10m, 2h or 1d nor a date.", param, ctx
            )
        return at if at.tzinfo else at.replace(tzinfo=UTC)


@click.command(
    "logs",
    cls=Command,
    examples=(
        "cgw logs",
        "cgw logs hello --since 2h",
        "cgw logs --follow",
    ),
)
@click.argument(
    "functions", nargs=-1, metavar="[FUNCTION]...", shell_complete=completions.functions
)
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--since",
    type=_Since(),
    default="10m",
    show_default=True,
    metavar="AGO|TIME",
    help="30s, 10m, 2h, 1d, or a date and time in UTC: 2026-01-31T08:00.",
)
@with_reading_session
def logs(
    session: Session, *, functions: tuple[str, ...], follow: bool, since: datetime
) -> None:
    """Print what the functions wrote; all of them, unless some are named.

    Times are UTC. With --follow, -o json prints one object per line instead of one
    document.
    """
    from cognito_gw.aws import log_events

    readers = _readers(session, _chosen(session, functions), since)
    if follow:
        _show_following(session, readers)
        return
    events = log_events.read_all(readers)
    if session.settings.as_json:
        show_json({"events": [_document(event) for event in events]})
    elif events:
        _show(events, readers)
    elif not session.settings.quiet:
        say(f"nothing since {since:%Y-%m-%d %H:%M:%S} UTC", err=True)


def _chosen(session: Session, names: tuple[str, ...]) -> dict[str, Function]:
    functions = session.stack.functions
    for name in names:
        if name not in functions:
            what = f"no function `{name}` in the file"
            raise UsageError(unknown(what, name, functions))
    return {name: functions[name] for name in names or functions}


def _readers(
    session: Session, functions: dict[str, Function], since: datetime
) -> list[LogReader]:
    from cognito_gw.aws.log_events import LogReader

    session.look(list(functions.values()))
    for function in functions.values():
        if function.live is None:
            raise Missing(f"{function} does not exist yet", hint="run `cgw up` first")
        if function.log_group.live is None:
            raise Missing(
                f"no logs yet: {function.log_group} does not exist",
                hint="`cgw lambda` makes it, and so does the first call",
            )
    start = int(since.timestamp() * 1000)
    return [
        LogReader(session.aws.logs, name, function.log_group.name, start)
        for name, function in functions.items()
    ]


def _show_following(session: Session, readers: list[LogReader]) -> None:
    from cognito_gw.aws.log_events import follow

    events = follow(readers, session.aws.sleep)
    if session.settings.as_json:
        for event in events:
            show_json(_document(event), indent=None)
    else:
        _show(events, readers)


def _document(event: LogEvent) -> dict[str, Any]:
    at = datetime.fromtimestamp(event.timestamp / 1000, UTC)
    return {
        "function": event.function,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "stream": event.stream,
        "message": event.message,
    }


def _show(events: Iterable[LogEvent], readers: list[LogReader]) -> None:
    """Print lines; which function's only where there are several."""
    names = [reader.function for reader in readers]
    width = max(map(len, names))
    for event in events:
        at = time.strftime("%H:%M:%S", time.gmtime(event.timestamp // 1000))
        parts = [styled(f"{at}.{event.timestamp % 1000:03d}  ", dim=True)]
        if len(names) > 1:
            colour = _COLOURS[names.index(event.function) % len(_COLOURS)]
            parts.append(styled(f"{event.function:<{width}}  ", fg=colour))
        say(*parts, block(event.message))


COMMANDS = {"logs": logs}
