"""The server's log, with lines as the `logging` module writes them here.

That module would cost a call more than its authorizer does: each has four lines.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress


def write(*lines: str) -> None:
    """Write lines; where they cannot be written, nobody is kept from work."""
    now = time.time()
    seconds = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    stamp = f"{seconds},{int(now % 1 * 1000):03d}"
    with suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{stamp} {line}\n" for line in lines))
