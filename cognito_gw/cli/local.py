"""`cgw local`: the embedded local AWS, started, stopped and asked how it is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from cognito_gw.app.context import Session, with_session
from cognito_gw.cli.results import exports, show_json
from cognito_gw.cli.settings import Group
from cognito_gw.errors import CgwError, Missing
from cognito_gw.report.say import block, say, say_exactly

if TYPE_CHECKING:
    from cognito_gw.local.process import Server


@click.group(
    "local",
    cls=Group,
    examples=("cgw local start --persist", "cgw local logs"),
)
def local() -> None:
    """The embedded local AWS: start, stop, status, env, logs."""


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
    "start",
    examples=("cgw local start", "cgw local start --port 4566 --persist"),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Default: a free one.",
)
@click.option(
    "--persist",
    is_flag=True,
    help="Go on with what was there last time, and keep it for the next time: in a "
    "file for your eyes only, as it holds the users' passwords. Tokens are not kept.",
)
@with_session
def start(session: Session, *, port: int, persist: bool) -> None:
    """Start it in the background, if it does not run."""
    from cognito_gw.local import process
    from cognito_gw.local.state_file import Saved

    saved = Saved(session.state)
    last_port = saved.port if persist else 0
    server = process.start(session.state, port, persist=persist)
    if port and not server.is_at(port):
        _tell(f"it runs already, at another port: {server.url}")
    elif last_port and not server.is_at(last_port):
        _tell(f"port {last_port} of last time is taken; it is now at {server.url}")
    if saved.path.exists() and not server.saved:
        advice = "`cgw local stop`, then `cgw local start --persist` goes on with it"
        _tell(f"{saved.path} is left alone; {advice}")
    _show(session, server)


@local.command("stop", examples=("cgw local stop",))
@with_session
def stop(session: Session) -> None:
    """Stop it; without --persist, what it holds is gone."""
    from cognito_gw.local import process

    was_running = process.stop(session.state)
    if session.settings.as_json:
        _show(session, None)
    else:
        _tell("stopped" if was_running else "it was not running")


@local.command("status", examples=("cgw local status", "cgw local status -o json"))
@with_session
def status(session: Session) -> None:
    """Show whether it runs, where, and how functions are confined."""
    _show_with_functions(session, _running(session))


@local.command(
    "env",
    examples=(
        'eval "$(cgw local env)"',
        'eval "$(cgw local env)" && aws cognito-idp list-user-pools --max-results 10',
    ),
)
@with_session
def env(session: Session) -> None:
    """Print what other AWS clients need to call it, for `eval`."""
    server = _required(session)
    values = server.variables(_region(session))
    if session.settings.as_json:
        show_json(values)
    else:
        say_exactly(*exports(values))


@local.command("logs", examples=("cgw local logs",))
@with_session
def logs(session: Session) -> None:
    """Print its log: requests, decisions, and what functions print."""
    server = _required(session)
    say(block(server.log.read_text(encoding="utf-8", errors="replace")))


def _tell(text: str) -> None:
    say(text, err=True)


def _running(session: Session) -> Server | None:
    from cognito_gw.local import process

    return process.running(session.state)


def _region(session: Session) -> str | None:
    """Return the region of the stack, if there is a file and it can be read."""
    with suppress(CgwError):
        return session.region
    return None


def _required(session: Session) -> Server:
    server = _running(session)
    if server is None:
        raise Missing("the local AWS is not running", hint="`cgw local start`")
    return server


def _show(session: Session, server: Server | None) -> None:
    if session.settings.as_json:
        show_json(_document(server))
    elif server is None:
        say("not running")
    else:
        say(f"running at {server.url} (pid {server.pid}, log {server.log})")
        if server.saved:
            say(f"kept in {server.saved}")


def _document(server: Server | None) -> dict[str, object]:
    return {
        "running": server is not None,
        "url": server.url if server else None,
        "pid": server.pid if server else None,
        "log": str(server.log) if server else None,
    }


def _show_with_functions(session: Session, server: Server | None) -> None:
    """Show also how functions are confined."""
    if server is None:
        _show(session, None)
        return
    from cognito_gw.local.awslambda.process import floor

    if session.settings.as_json:
        show_json(_document(server) | {"functions": floor().document})
    else:
        _show(session, server)
        say(f"functions: {floor()}")


COMMANDS = {"local": local}
