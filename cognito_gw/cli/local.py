"""`cgw local`: starts, stops and shows the embedded local AWS."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from cognito_gw.cli.command import Group
from cognito_gw.cli.output import block, say, say_exactly
from cognito_gw.cli.results import exports, show_json
from cognito_gw.cli.terminal import with_context
from cognito_gw.errors import CgwError, Missing

if TYPE_CHECKING:
    from cognito_gw.app.context import Context
    from cognito_gw.local.process import Server


@click.group(
    "local", cls=Group, examples=("cgw local start --persist", "cgw local logs")
)
def local() -> None:
    """Manage the embedded local AWS."""


local.other_words = {
    "up": "start",
    "run": "start",
    "serve": "start",
    "down": "stop",
    "kill": "stop",
    "ps": "status",
    "info": "status",
    "tail": "logs",
}


@local.command(
    "start", examples=("cgw local start", "cgw local start --port 4566 --persist")
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Default: a free port.",
)
@click.option(
    "--persist",
    is_flag=True,
    help="Load the state of the last time, and save it in a file that only you can "
    "read, as it contains the users' passwords. Tokens are not saved.",
)
@with_context
def start(context: Context, *, port: int, persist: bool) -> None:
    """Start it in the background, unless it is running."""
    from cognito_gw.local import process
    from cognito_gw.local.state_file import Saved

    saved = Saved(context.state)
    last_port = saved.port if persist else 0
    server = process.start(context.state, port, persist=persist)
    if port and not server.is_at(port):
        _tell(f"it is already running, on another port: {server.url}")
    elif last_port and not server.is_at(last_port):
        _tell(
            f"port {last_port} of the last time is in use; it now runs at {server.url}"
        )
    if saved.path.exists() and not server.saved:
        advice = "to load it, run `cgw local stop`, then `cgw local start --persist`"
        _tell(f"{saved.path} is not used; {advice}")
    _show(context, server)


@local.command("stop", examples=("cgw local stop",))
@with_context
def stop(context: Context) -> None:
    """Stop it; without --persist, its state is lost."""
    from cognito_gw.local import process

    was_running = process.stop(context.state)
    if context.options.as_json:
        _show(context, None)
    else:
        _tell("stopped" if was_running else "it was not running")


@local.command("status", examples=("cgw local status", "cgw local status -o json"))
@with_context
def status(context: Context) -> None:
    """Show whether it is running, its URL, and how functions are confined."""
    _show_with_functions(context, _running(context))


@local.command(
    "env",
    examples=(
        'eval "$(cgw local env)"',
        'eval "$(cgw local env)" && aws cognito-idp list-user-pools --max-results 10',
    ),
)
@with_context
def env(context: Context) -> None:
    """Print environment variables for other AWS clients, for `eval`."""
    server = _required(context)
    values = server.variables(_region(context))
    if context.options.as_json:
        show_json(values)
    else:
        say_exactly(*exports(values))


@local.command("logs", examples=("cgw local logs",))
@with_context
def logs(context: Context) -> None:
    """Print its log: requests, decisions, and the output of functions."""
    server = _required(context)
    say(block(server.log.read_text(encoding="utf-8", errors="replace")))


def _tell(text: str) -> None:
    say(text, err=True)


def _running(context: Context) -> Server | None:
    from cognito_gw.local import process

    return process.running(context.state)


def _region(context: Context) -> str | None:
    """Return the Region of the stack, if there is a valid file."""
    with suppress(CgwError):
        return context.region
    return None


def _required(context: Context) -> Server:
    server = _running(context)
    if server is None:
        raise Missing("the local AWS is not running", hint="run `cgw local start`")
    return server


def _show(context: Context, server: Server | None) -> None:
    if context.options.as_json:
        show_json(_document(server))
    elif server is None:
        say("not running")
    else:
        say(f"running at {server.url} (pid {server.pid}, log {server.log})")
        if server.saved:
            say(f"saved in {server.saved}")


def _document(server: Server | None) -> dict[str, object]:
    return {
        "running": server is not None,
        "url": server.url if server else None,
        "pid": server.pid if server else None,
        "log": str(server.log) if server else None,
    }


def _show_with_functions(context: Context, server: Server | None) -> None:
    """Show the status, and how functions are confined."""
    if server is None:
        _show(context, None)
        return
    from cognito_gw.local.awslambda.process import floor

    if context.options.as_json:
        show_json(_document(server) | {"functions": floor().document})
    else:
        _show(context, server)
        say(f"functions: {floor()}")


COMMANDS = {"local": local}
