"""The user interface of the command line, and the context of a command."""

from __future__ import annotations

import io
import os
import sys
import webbrowser
from contextlib import contextmanager
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Context, Options, UserInterface
from cognito_gw.cli.command import with_options
from cognito_gw.cli.output import ask, block, say, styled
from cognito_gw.cli.results import show_steps, summary, with_hint
from cognito_gw.engine.resource import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from cognito_gw.cli.rows import Rows
    from cognito_gw.engine.resource import Resource, Step
    from cognito_gw.errors import CgwError

_STDOUT, _STDERR = 1, 2


def is_terminal() -> bool:
    """Whether the user can answer questions."""
    return sys.stdin.isatty()


class Terminal(UserInterface):
    """Reports on stderr, with rows in place where it is a terminal."""

    def __init__(self, options: Options) -> None:
        """Report as much as the `options` ask for."""
        self._options = options
        self._rows: Rows | None = None

    @property
    def is_interactive(self) -> bool:  # type: ignore[override]
        """Whether the user can answer questions."""
        return is_terminal()

    def tell(self, text: str) -> None:
        """Print a note, unless quiet."""
        text = with_options(text)
        if self._rows:
            self._rows.tell(text)
        elif not self._options.quiet:
            say(styled(f"  {text}", dim=True), err=True)

    def trace(self, text: str) -> None:
        """Print a note if `-v` is given."""
        if self._options.verbose:
            self.tell(text)

    def warn(self, text: str) -> None:
        """Print a warning, unless quiet."""
        if not self._options.quiet:
            prefix = styled("warning:", fg="yellow")
            say(prefix, f" {with_options(text)}", err=True)

    def announce(self, text: str) -> None:
        """Print a note, even when quiet."""
        if self._rows:
            self._rows.announce(text)
        else:
            say(text, err=True)

    @contextmanager
    def walking(
        self, shown: Sequence[Resource], *, only_changes: bool = False
    ) -> Iterator[None]:
        """Show rows on a terminal; otherwise each step is a line."""
        is_animated = sys.stdout.isatty() and sys.stderr.isatty()
        is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        is_quiet = self._options.quiet or only_changes or not shown
        if is_plain or not is_animated or is_quiet:
            yield
            return
        from cognito_gw.cli.rows import Rows

        with Rows([*shown]) as rows:
            self._rows = rows
            try:
                yield
            finally:
                self._rows = None

    def started(self, resource: Resource) -> None:
        """Show the row of a resource as in progress."""
        if self._rows:
            self._rows.started(resource)

    def finished(self, step: Step) -> None:
        """Print the result of a visit; only failures when quiet."""
        if self._rows:
            self._rows.finished(with_hint(step))
        elif not self._options.quiet or step.action is Action.FAIL:
            show_steps([step], err=True)

    def interrupted(self, done: list[Step], left: int) -> None:
        """Print what is done and what is left, and how to continue."""
        if not self._options.quiet:
            words = ", ".join(filter(None, [summary(done), f"{left} not done"]))
            say(f"{words}: rerun the command to continue", err=True)

    def show(self, text: str) -> None:
        """Print a line."""
        say(text, err=True)

    def show_secret(self, secret: str, uri: str) -> None:
        """Print the secret, and its URI as a QR code."""
        import segno

        picture = io.StringIO()
        segno.make(uri, micro=False).terminal(out=picture, compact=True)
        say("Scan this with an authenticator app, or type the secret:", err=True)
        for row in picture.getvalue().splitlines():
            # Not the terminal's own colors: a light theme would invert the picture.
            say(styled(row, fg="bright_white", bg="black"), err=True)
        say(f"secret: {secret}", err=True)

    def open_page(self, url: str, *, opens_browser: bool) -> None:
        """Print the address, and open it in a browser."""
        if not opens_browser:
            say("open this address in a browser on this machine:", err=True)
            say(url, err=True)
            return
        say("your browser should open this address:", err=True)
        say(url, err=True)
        if not open_page(url):
            say("no browser could be opened: open the address yourself", err=True)

    def ask(
        self,
        question: str,
        *,
        hidden: bool = False,
        twice: bool = False,
        options: Sequence[str] = (),
    ) -> str:
        """Ask on stderr until the answer is valid."""
        if options:
            choice = click.Choice(list(options))
            return str(ask(question, type=choice, show_choices=False))
        return str(ask(question, hide_input=hidden, confirmation_prompt=twice))


def open_page(url: str) -> bool:
    """Open an address in a browser; return whether there is one."""
    with _stdout_as_stderr():
        return webbrowser.open(url)


@contextmanager
def _stdout_as_stderr() -> Iterator[None]:
    """Redirect stdout of the programs that are started, as it is for the token."""
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def show_error(error: CgwError) -> None:
    """Print what is wrong and what to do next, on stderr."""
    what = block(error.what.replace("\n  ", "\n"), "  ")
    say(styled("error: ", fg="red", bold=True), what, err=True)
    if error.hint:
        say(f"  hint: {with_options(error.hint)}", err=True)


def with_context(function: Callable[..., None]) -> Callable[..., None]:
    """Pass a command its context as the first argument."""
    return _with_context(function, steps=None)


def with_reading_context(function: Callable[..., None]) -> Callable[..., None]:
    """Pass a context; what only creating resources needs may be wrong in the file."""
    return _with_context(function, steps=())


def _with_context(
    function: Callable[..., None], *, steps: Collection[str] | None
) -> Callable[..., None]:
    @click.pass_context
    def run(ctx: click.Context, /, *args: Any, **kwargs: Any) -> None:
        options = ctx.ensure_object(Options)
        context = Context(options, steps=steps, ui=Terminal(options))
        function(context, *args, **kwargs)

    return update_wrapper(run, function)
