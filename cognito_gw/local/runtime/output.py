"""What a function's process prints, as it comes."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65536


class Output:
    """What a process prints, told line by line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Open the pipe to print into: `writer`."""
        self._say = say
        self._reader, self.writer = os.pipe()
        self._rest = b""
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self.drain)

    def drain(self) -> None:
        """Tell all that is there by now."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._reader, _CHUNK):
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                for line in lines:
                    self._say(line.decode("utf-8", "replace"))
            asyncio.get_running_loop().remove_reader(self._reader)  # it has ended

    def close(self) -> None:
        """Stop to listen."""
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
