"""The server's log, in the format that the `logging` module has here.

Each API call writes four lines, and `logging` would take longer than the authorizer.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress
from typing import Any

from cognito_gw.text import one_line, printable


def write(*lines: str) -> None:
    """Write lines, and ignore a log that cannot be written.

    Paths, claims and output of functions come from callers: each stays on one line.
    """
    now = time.time()
    seconds = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    stamp = f"{seconds},{int(now % 1 * 1000):03d}"
    with suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{stamp} {one_line(line)}\n" for line in lines))


class Lines(logging.Formatter):
    """Writes each message of the `logging` module on one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        """Return the line."""
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's
        """Return the traceback, whose last line may quote a caller's text."""
        return printable(super().formatException(ei))
