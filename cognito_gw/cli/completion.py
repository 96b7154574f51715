"""`cgw completion`: the script that lets a shell complete cgw's command lines."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import PurePath

import click

from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command
from cognito_gw.errors import UsageError
from cognito_gw.report.say import say, say_exactly


@dataclass(frozen=True)
class _Shell:
    file: str  # that it reads when it starts
    line: str  # that is to stand there


_SHELLS = {
    "bash": _Shell("~/.bashrc", 'eval "$(cgw completion bash)"'),
    "zsh": _Shell("~/.zshrc", 'eval "$(cgw completion zsh)"'),
    "fish": _Shell("~/.config/fish/config.fish", "cgw completion fish | source"),
}


@click.command(
    "completion",
    cls=Command,
    examples=(
        "cgw completion",
        'eval "$(cgw completion bash)"',
    ),
)
@click.argument("shell", required=False, type=click.Choice(list(_SHELLS)))
@with_session
def completion(session: Session, *, shell: str | None) -> None:
    """Print the script that completes cgw's command lines in your shell.

    It completes commands, options, and the names in the file: users, routes, app
    clients, functions. Without a shell it is for the one that SHELL names.
    """
    name = shell or _own_shell(session)
    script, its = _script(name), _SHELLS[name]
    if session.settings.as_json:
        show_json({"shell": name, "script": script, "file": its.file, "line": its.line})
        return
    say_exactly(*script.rstrip("\n").split("\n"))
    if sys.stdout.isatty() and not session.settings.quiet:
        say(f"to have it in every {name}, add to {its.file}:", err=True)
        say(f"  {its.line}", err=True)


def _own_shell(session: Session) -> str:
    name = PurePath(session.environment.get("SHELL", "")).name
    if name not in _SHELLS:
        known = " or ".join(f"`cgw completion {each}`" for each in _SHELLS)
        what = f"SHELL is {name}" if name else "SHELL is not set"
        raise UsageError(f"which shell is it for? {what}", hint=known)
    return name


def _script(shell: str) -> str:
    from cognito_gw.cli.shells import SHELLS

    cgw = click.get_current_context().find_root().command
    return SHELLS[shell](cgw, {}, "cgw", "_CGW_COMPLETE").source()


COMMANDS = {"completion": completion}
