"""A function's process, with all that it starts in turn."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from cognito_gw.local.runtime.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB$", re.MULTILINE)
_LONGEST_STATUS = 16384


class Process:
    """A process in a group of its own."""

    def __init__(self, process: asyncio.subprocess.Process, output: Output) -> None:
        """Wrap a process that was started; `start` does."""
        self.id = process.pid
        self._process = process
        self._output = output
        self._status = _open_status(self.id)

    @classmethod
    async def start(
        cls,
        command: list[str],
        folder: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> Process:
        """Start a command in a folder; `say` hears each line that it prints."""
        output = Output(say)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.writer,
                stderr=output.writer,
                start_new_session=True,
            )
        except BaseException:
            output.close()
            raise
        finally:
            os.close(output.writer)
        return cls(process, output)

    async def ended(self) -> str:
        """Wait for its end; return how it was, in Lambda's words."""
        status = await self._process.wait()
        if status == 0:
            return "Runtime exited without providing a reason"
        if status > 0:
            return f"Runtime exited with error: exit status {status}"
        name, _, _ = (signal.strsignal(-status) or str(-status)).partition(":")
        return f"Runtime exited with error: signal: {name.lower()}"

    async def kill(self) -> None:
        """End it, and what it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.id, signal.SIGKILL)
        await self._process.wait()
        self._output.close()
        if self._status is not None:
            os.close(self._status)
            self._status = None

    def drain(self) -> None:
        """Tell what it has printed by now."""
        self._output.drain()

    @property
    def peak_memory(self) -> int | None:
        """The most memory it has used, in MB; None where the system does not say."""
        if self._status is None:
            return None
        try:
            peak = _PEAK.search(os.pread(self._status, _LONGEST_STATUS, 0))
        except ProcessLookupError:
            return None
        return -(-int(peak[1]) // 1024) if peak else None


def _open_status(process_id: int) -> int | None:
    try:
        # Kept open, as opening it would be the dearer part of every reading.
        return os.open(f"/proc/{process_id}/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
