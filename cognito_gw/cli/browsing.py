"""Shows an address in the user's browser, and nothing of the browser's on stdout."""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cognito_gw.report.say import say

if TYPE_CHECKING:
    from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2


def show_page(url: str, *, opens: bool) -> None:
    """Print the address on stderr, and open it in a browser if one is to be had."""
    if not opens:
        say("open this address in a browser on this machine:", err=True)
        say(url, err=True)
        return
    say("your browser should open this address:", err=True)
    say(url, err=True)
    if not open_page(url):
        say("no browser could be opened: open the address yourself", err=True)


def open_page(url: str) -> bool:
    """Open an address in a browser; return whether there was one."""
    with _stdout_as_stderr():
        return webbrowser.open(url)


@contextmanager
def _stdout_as_stderr() -> Iterator[None]:
    """Let programs started meanwhile write to stderr: stdout is for the token."""
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)
