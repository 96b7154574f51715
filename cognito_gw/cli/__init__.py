"""The command line: parse, call, report. Decisions are made elsewhere."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from cognito_gw import __version__
from cognito_gw.cli.settings import Group, with_options
from cognito_gw.errors import CgwError, ExitCode
from cognito_gw.report.say import block, fitted, say, styled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Command: the module that has it, under its own name, loaded only when it is asked for.
_SECTIONS = {
    "Whole stack": {
        "init": "init",
        "plan": "stack",
        "up": "stack",
        "down": "down",
        "status": "status",
        "outputs": "outputs",
        "list": "status",
        "policy": "outputs",
        "doctor": "doctor",
    },
    "Steps of the tutorial": {
        "pool": "steps",
        "client": "steps",
        "domain": "steps",
        "user": "user",
        "lambda": "steps",
        "api": "steps",
        "resource": "steps",
        "method": "steps",
        "authorizer": "steps",
        "deploy": "steps",
    },
    "Tokens and calls": {
        "token": "token",
        "call": "call",
        "check": "check",
        "explain": "explain",
        "test-method": "test_buttons",
        "test-authorizer": "test_buttons",
        "open": "pages",
        "logout": "pages",
        "logs": "logs",
    },
    "Local AWS": {"local": "local", "demo": "demo"},
    "Shell and editor": {"completion": "completion", "schema": "init"},
}
_MODULES = {
    name: module for names in _SECTIONS.values() for name, module in names.items()
}
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
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
    "curl": "call",
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
    """The group of commands; a failure of ours ends in a message, not a traceback."""

    other_words = _OTHER_WORDS

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order in which one meets them."""
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

            from cognito_gw.cli.completion import SHELLS

            for name, shell in SHELLS.items():
                add_completion_class(shell, name)
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of the help; commands tell theirs
            code = _shown(error)
            if code is None:
                raise
            sys.exit(code)

    def sections(self, ctx: click.Context) -> Mapping[str, Iterable[str]]:  # noqa: ARG002
        """Return the commands in their sections."""
        return _SECTIONS

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; word what goes wrong, and exit as the contract says."""
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
            sys.stderr.close()  # whoever read us has gone: nothing more to say
            ctx.exit(ExitCode.FAILED)
        except Exception as error:
            code = _shown(error)
            if code is None:
                raise
            ctx.exit(code)


def _shown(error: Exception) -> ExitCode | None:
    """Print an error that the user can act upon, if it is one; return its exit code."""
    known = known_error(error)
    if known is None:
        return None
    if isinstance(error, OSError) and error.filename is None:
        sys.stdout = io.StringIO()  # what it holds still cannot be written either
    show_error(known)
    return known.exit_code


@contextmanager
def _safe_words() -> Iterator[None]:
    """Make safe what click says of a command line: it quotes what it was given."""
    try:
        yield
    except click.UsageError as error:
        words = error.format_message()
        shown = fitted(block(words), sys.stderr, len("Error: "))
        if shown == words:
            raise
        raise click.UsageError(shown, error.ctx) from None


def _is_interrupt(stop: BaseException) -> bool:
    """Tell Ctrl-C, at a prompt too, from a "no" or the end of the input."""
    return isinstance(stop.__context__ or stop, KeyboardInterrupt)


def show_error(error: CgwError) -> None:
    """Print what is wrong and what to do next, on stderr."""
    what = block(error.what.replace("\n  ", "\n"), "  ")
    say(styled("error: ", fg="red", bold=True), what, err=True)
    if error.hint:
        say(f"  hint: {with_options(error.hint)}", err=True)


def known_error(error: Exception) -> CgwError | None:
    """Return what the user can mend: AWS's answers, and files that are in the way."""
    if isinstance(error, click.ClickException | click.exceptions.Exit):
        return None  # click words these itself
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        file = error.filename or "the output"
        hint = "free some space on that disk, then run the same command again"
        return CgwError(f"{file} cannot be written: {error.strerror}", hint=hint)
    if isinstance(error, OSError) and error.filename is not None:
        return CgwError(f"{error.filename}: {error.strerror}")
    from cognito_gw.aws.errors import as_cgw_error

    return as_cgw_error(error)


@click.group(
    cls=Cgw,
    examples=("cgw init", "cgw --local up", "cgw --local call /transactions"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="cgw", message="%(prog)s %(version)s")
def cgw() -> None:
    """A REST API secured by Amazon Cognito: up, proven, and down again.

    One YAML file describes it; `cgw init` writes the first. With `--local` everything
    runs on an embedded local AWS: no account, no Docker, no network.
    """
