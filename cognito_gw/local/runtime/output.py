"""What a function's process prints, as it comes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PIPE = 65536  # bytes: what a pipe holds, so that one reading empties it
_LONGEST = 262144  # bytes of a line; CloudWatch splits a longer one too


class Output:
    """What a process prints, told line by line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Open the pipe to print into: `writer`."""
        self._say = say
        self._reader, self.writer = os.pipe()
        self._rest = b""
        self._is_open = True
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self.drain)

    def drain(self) -> None:
        """Tell all that is there by now, but wait for nothing that is still to come."""
        if not self._is_open:
            return
        try:
            chunk = os.read(self._reader, _PIPE)
        except BlockingIOError:
            return
        if not chunk:
            self.close()
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._tell(line)

    def close(self) -> None:
        """Tell what ends in no line's end, and stop to listen."""
        if not self._is_open:
            return
        self._is_open = False
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        if self._rest:
            self._tell(self._rest)

    def _tell(self, line: bytes) -> None:
        # The Python client joins the lines of a traceback by a carriage return.
        text = line.decode("utf-8", "replace").rstrip("\r").replace("\r", "\n")
        self._say(text)
