"""The process of a function: its limits, its output, and its end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.local.awslambda import confined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


_PIPE = 65536  # bytes: what a pipe holds, so that one reading empties it
_LONGEST = 262144  # bytes of a line; CloudWatch splits a longer one too


class Output:
    """Reports what a process prints, line by line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Open the pipe that the process prints into: `writer`."""
        self._say = say
        self._reader, self.writer = os.pipe()
        self._rest = b""
        self._is_open = True
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self.drain)

    def drain(self) -> None:
        """Report what has arrived, without waiting for more."""
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
            self._report(line)

    def close(self) -> None:
        """Report an unfinished line, and stop listening."""
        if not self._is_open:
            return
        self._is_open = False
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        if self._rest:
            self._report(self._rest)

    def _report(self, line: bytes) -> None:
        # The Python client joins the lines of a traceback by a carriage return.
        self._say(line.decode("utf-8", "replace").rstrip("\r").replace("\r", "\n"))


# Isolated: without cgw's modules, the user's settings, or bytecode left behind.
_CONFINED = [sys.executable, "-I", "-S", "-u", "-B", confined.__file__]

_INTERPRETER = (sys.prefix, sys.base_prefix, str(Path(confined.__file__).parent))


@dataclass
class Reaper:
    """A process that ends all functions when the server ends, even if it is killed."""

    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it if it is not running."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *_CONFINED,
                "reap",
                stdin=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the server alone
            )

    def guard(self, group: int) -> None:
        """End this process group when the server ends."""
        self._send(f"+{group}\n")

    def release(self, group: int) -> None:
        """Forget a group that has ended: the system may reuse its ID."""
        self._send(f"-{group}\n")

    async def close(self) -> None:
        """End it, and all groups that it still guards."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        self._process = None

    def _send(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line.encode())


@dataclass(frozen=True)
class Floor:
    """The limits that this machine can put on functions."""

    landlock: int  # its version; 0 if the kernel has none
    own_tmp: bool  # under its own name, /tmp
    processes: int | None  # None: as many as the user may have

    def command(
        self, client: Iterable[str], tmp: str, needed: Iterable[object]
    ) -> list[str]:
        """Return the command that runs a client that can write to `tmp` only.

        The `needed` paths stay readable when the function has its own /tmp.
        """
        limits = f"{self.landlock},{self.own_tmp:d},{self.processes or 0}"
        readable = [*_INTERPRETER, *map(str, needed)]
        return [*_CONFINED, limits, tmp, *readable, "--", *client]

    @property
    def document(self) -> dict[str, object]:
        """The limits in force, for `-o json`."""
        return {
            "home": "own",
            "aws_configuration": None,
            "open_files": confined.OPEN_FILES,
            "processes": self.processes,
            "writes": "own /tmp" if self.landlock else "anywhere",
            "landlock_abi": self.landlock or None,
            "private_tmp": self.own_tmp,
        }

    def __str__(self) -> str:
        """Return the limits in force as text."""
        count, landlock = self.processes, self.landlock
        facts = [
            "own home",
            "no AWS configuration",
            f"{confined.OPEN_FILES} open files",
            f"{count} processes" if count else "processes not limited",
            f"writes confined to their /tmp (Landlock ABI {landlock})"
            if landlock
            else "writes not confined (this system has no Landlock)",
        ]
        if not self.own_tmp:
            facts.append("a path that begins with /tmp is not theirs: $TMPDIR is")
        return ", ".join(facts)


@cache
def floor() -> Floor:
    """Return the limits that work on this machine, found by a trial."""
    with tempfile.TemporaryDirectory(prefix="cgw-probe-") as folder:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own arguments
            [*_CONFINED, "", folder, *_INTERPRETER, "--", "probe"],
            capture_output=True,
            check=True,
            text=True,
            cwd="/",  # a folder that always exists
        )
    landlock, own_tmp, processes = map(int, done.stdout.split(","))
    return Floor(landlock, bool(own_tmp), processes or None)


_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB$", re.MULTILINE)
_LONGEST_STATUS = 16384


class Process:
    """A process in its own process group."""

    def __init__(self, process: asyncio.subprocess.Process, output: Output) -> None:
        """Wrap a started process; use `start` to create one."""
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
        """Start a command in a folder; call `say` with each line that it prints."""
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
        """Wait for its end; return the reason in Lambda's words."""
        status = await self._process.wait()
        if status == 0:
            return "Runtime exited without providing a reason"
        if status > 0:
            return f"Runtime exited with error: exit status {status}"
        name, _, _ = (signal.strsignal(-status) or str(-status)).partition(":")
        return f"Runtime exited with error: signal: {name.lower()}"

    async def kill(self) -> None:
        """Kill it and the processes that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.id, signal.SIGKILL)
        await self._process.wait()
        self._output.close()
        if self._status is not None:
            os.close(self._status)
            self._status = None

    def drain(self) -> None:
        """Report what it has printed so far."""
        self._output.drain()

    @property
    def peak_memory(self) -> int | None:
        """The peak memory in MB; None if the system does not report it."""
        if self._status is None:
            return None
        try:
            peak = _PEAK.search(os.pread(self._status, _LONGEST_STATUS, 0))
        except ProcessLookupError:
            return None
        return -(-int(peak[1]) // 1024) if peak else None


def _open_status(process_id: int) -> int | None:
    try:
        # Kept open: opening costs more than reading.
        return os.open(f"/proc/{process_id}/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
