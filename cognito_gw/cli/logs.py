"""`cgw logs`: the logs of the functions."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.stack_state import log_readers
from cognito_gw.cli import completions
from cognito_gw.cli.command import command
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import with_reading_context
from cognito_gw.report.say import block, say, styled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.app.context import Context
    from cognito_gw.aws.log_events import LogEvent, LogReader

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,6})([smhd])")
_COLORS = ("cyan", "magenta", "yellow", "green", "blue")


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


@command("logs", "cgw logs", "cgw logs hello --since 2h", "cgw logs --follow")
@click.argument(
    "functions", nargs=-1, metavar="[FUNCTION]...", shell_complete=completions.functions
)
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
    context: Context, *, functions: tuple[str, ...], follow: bool, since: datetime
) -> None:
    """Print the logs of the functions: all, or those named.

    Times are in UTC. With --follow, `-o json` prints one object per line instead of
    one document.
    """
    from cognito_gw.aws import log_events

    readers = log_readers(context, functions, since)
    if follow:
        _show_following(context, readers)
        return
    events = log_events.read_all(readers)
    if context.options.as_json:
        show_json({"events": [_document(event) for event in events]})
    elif events:
        _show(events, readers)
    elif not context.options.quiet:
        say(f"no logs since {since:%Y-%m-%d %H:%M:%S} UTC", err=True)


def _show_following(context: Context, readers: list[LogReader]) -> None:
    from cognito_gw.aws.log_events import follow

    events = follow(readers, context.aws.sleep)
    if context.options.as_json:
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
    """Print each event; with its function if there are several."""
    names = [reader.function for reader in readers]
    width = max(map(len, names))
    for event in events:
        at = time.strftime("%H:%M:%S", time.gmtime(event.timestamp // 1000))
        parts = [styled(f"{at}.{event.timestamp % 1000:03d}  ", dim=True)]
        if len(names) > 1:
            color = _COLORS[names.index(event.function) % len(_COLORS)]
            parts.append(styled(f"{event.function:<{width}}  ", fg=color))
        say(*parts, block(event.message))


COMMANDS = {"logs": logs}
