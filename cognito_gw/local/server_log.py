"""The server's log, with lines as the `logging` module writes them here.

That module would cost a call more than its authorizer does: each has four lines.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress
from typing import Any

from cognito_gw.text import one_line, printable


def write(*lines: str) -> None:
    """Write lines; where they cannot be written, nobody is kept from work.

    Paths, claims and what functions print are a caller's: each stays on its one line.
    """
    now = time.time()
    seconds = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    stamp = f"{seconds},{int(now % 1 * 1000):03d}"
    with suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{stamp} {one_line(line)}\n" for line in lines))


class Lines(logging.Formatter):
    """Writes what the `logging` module is told, each message on its one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        """Return the line."""
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's
        """Return the traceback, whose last line quotes what it is about."""
        return printable(super().formatException(ei))
