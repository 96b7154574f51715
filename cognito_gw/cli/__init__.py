"""The command line: parses, calls `app`, and prints the result."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from cognito_gw import __version__
from cognito_gw.app import walks
from cognito_gw.cli.command import Group
from cognito_gw.cli.output import block, fitted, say
from cognito_gw.cli.terminal import show_error
from cognito_gw.errors import CgwError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# For each command, its module, which is imported when the command is used.
_SECTIONS = {
    "Whole stack": {
        "init": "init",
        "plan": "stack",
        "up": "stack",
        "down": "stack",
        "status": "status",
        "outputs": "status",
        "env": "status",
        "export": "export",
        "list": "status",
        "policy": "status",
        "doctor": "doctor",
    },
    "Steps of the tutorial": {
        "pool": "stack",
        "client": "stack",
        "domain": "stack",
        "user": "user",
        "lambda": "stack",
        "api": "stack",
        "resource": "stack",
        "method": "stack",
        "authorizer": "stack",
        "deploy": "stack",
    },
    "Tokens and calls": {
        "token": "token",
        "call": "call",
        "curl": "programs",
        "exec": "programs",
        "check": "checks",
        "explain": "call",
        "test-method": "checks",
        "test-authorizer": "checks",
        "open": "token",
        "logout": "token",
        "logs": "status",
    },
    "Local AWS": {"local": "local", "demo": "demo"},
    "Shell and editor": {"completion": "init", "schema": "init"},
}
_MODULES = {
    name: module for names in _SECTIONS.values() for name, module in names.items()
}
_OTHER_WORDS = {
    "apply": "up",
    "create": "up",
    "start": "local start",
    "stop": "local stop",
    "help": "--help",
    "version": "--version",
    "sync": "up",
    "delete": "down",
    "destroy": "down",
    "remove": "down",
    "rm": "down",
    "diff": "plan",
    "preview": "plan",
    "validate": "plan",
    "login": "token",
    "signin": "token",
    "auth": "token",
    "invoke": "call",
    "request": "call",
    "test": "check",
    "ls": "list",
    "show": "status",
    "output": "outputs",
    "tail": "logs",
    "signout": "logout",
    "users": "user",
}


class Cgw(Group):
    """The group of commands; known errors end in a message, without a traceback."""

    other_words = _OTHER_WORDS

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order of the help."""
        return list(_MODULES)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        name: str,
    ) -> click.Command | None:
        """Load one command."""
        if name not in _MODULES:
            return None
        module = import_module(f"cognito_gw.cli.{_MODULES[name]}")
        command: click.Command = module.COMMANDS[name]
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line, or complete it for a shell."""
        if "_CGW_COMPLETE" in os.environ:
            from click.shell_completion import add_completion_class

            from cognito_gw.cli.completions import SHELLS

            for name, shell in SHELLS.items():
                add_completion_class(shell, name)
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # while printing the help
            code = _shown(error)
            if code is None:
                raise
            sys.exit(code)

    def sections(self, ctx: click.Context) -> Mapping[str, Iterable[str]]:  # noqa: ARG002
        """Return the commands in their sections."""
        return _SECTIONS

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a known error, and exit with its code."""
        with _safe_words():
            return self._invoke(ctx)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line."""
        with _safe_words():
            return super().make_context(*args, **kwargs)

    def _invoke(self, ctx: click.Context) -> Any:
        if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
            ctx.color = False
        try:
            return super().invoke(ctx)
        except CgwError as error:
            show_error(error)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort) as stop:
            if not _is_interrupt(stop):
                raise
            say("interrupted", err=True)
            ctx.exit(ExitCode.INTERRUPTED)
        except BrokenPipeError:
            sys.stderr.close()  # the reader of the output has exited
            ctx.exit(ExitCode.FAILED)
        except Exception as error:
            code = _shown(error)
            if code is None:
                raise
            ctx.exit(code)


def _shown(error: Exception) -> ExitCode | None:
    """Print an error that the user can act on; return its exit code, else None."""
    known = known_error(error)
    if known is None:
        return None
    if isinstance(error, OSError) and error.filename is None:
        sys.stdout = io.StringIO()  # its buffer cannot be written either
    show_error(known)
    return known.exit_code


@contextmanager
def _safe_words() -> Iterator[None]:
    """Make click's messages safe to print: they quote the command line."""
    try:
        yield
    except click.UsageError as error:
        words = error.format_message()
        shown = fitted(block(words), sys.stderr, len("Error: "))
        if shown == words:
            raise
        raise click.UsageError(shown, error.ctx) from None


def _is_interrupt(stop: BaseException) -> bool:
    """Whether it is Ctrl-C, also at a prompt, rather than a "no" or end of input."""
    return isinstance(stop.__context__ or stop, KeyboardInterrupt)


def known_error(error: Exception) -> CgwError | None:
    """Return an error as one that the user can act on; None for any other."""
    if isinstance(error, click.ClickException | click.exceptions.Exit):
        return None  # click prints these itself
    return walks.known_error(error)


@click.group(
    cls=Cgw,
    examples=("cgw init", "cgw --local up", "cgw --local call /transactions"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="cgw", message="%(prog)s %(version)s")
def cgw() -> None:
    """Build, verify and remove a REST API secured by Amazon Cognito.

    One YAML file describes it; `cgw init` writes the first one. With `--local`,
    everything runs on an embedded local AWS: no account, no Docker, no network.
    """
