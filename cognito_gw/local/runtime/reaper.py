"""Ends the functions' processes when the server has gone without doing so itself.

A busy function hears nothing of a server that is killed. So a process of its own waits
for that: it reads `+ID` and `-ID`, a line each, and when the pipe ends, by whatever
death of the server's, it kills the process groups that were not taken back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress


class Reaper:
    """The process that outlives the server by a moment."""

    def __init__(self) -> None:
        """Start it with the first `start`."""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, if it does not run."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                __file__,
                stdin=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is meant for the server
            )

    def guard(self, group: int) -> None:
        """End this process group when the server has gone."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Leave alone a group that has ended: its id may soon be another's."""
        self._tell(f"-{group}\n")

    async def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        self._process = None

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line.encode())


def _reap() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    _reap()
