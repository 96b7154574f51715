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


# It sees nothing of ours, nothing of the user's settings, and leaves no bytecode.
_CONFINED = [sys.executable, "-I", "-S", "-u", "-B", confined.__file__]

_INTERPRETER = (sys.prefix, sys.base_prefix, str(Path(confined.__file__).parent))


@dataclass(frozen=True)
class Floor:
    """What this machine can keep functions from."""

    landlock: int  # its version; 0 where the kernel has none
    own_tmp: bool  # under its own name, /tmp
    processes: int | None  # None: as many as the user may have

    def command(
        self, client: Iterable[str], tmp: str, needed: Iterable[object]
    ) -> list[str]:
        """Return the command that runs a client, which writes to `tmp` alone.

        What is `needed` stays readable where /tmp is not the machine's.
        """
        told = f"{self.landlock},{self.own_tmp:d},{self.processes or 0}"
        readable = [*_INTERPRETER, *map(str, needed)]
        return [*_CONFINED, told, tmp, *readable, "--", *client]

    @property
    def document(self) -> dict[str, object]:
        """What is in force, for programs."""
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
        """Say what is in force."""
        facts = ["own home", "no AWS configuration"]
        facts.append(f"{confined.OPEN_FILES} open files")
        facts.append(
            f"{self.processes} processes" if self.processes else "processes not limited"
        )
        facts.append(self._writes)
        if not self.own_tmp:
            facts.append("a path that begins with /tmp is not theirs: $TMPDIR is")
        return ", ".join(facts)

    @property
    def _writes(self) -> str:
        if self.landlock:
            return f"writes confined to their /tmp (Landlock ABI {self.landlock})"
        return "writes not confined (this system has no Landlock)"


@cache
def floor() -> Floor:
    """Return what this machine offers, found out by trying."""
    with tempfile.TemporaryDirectory(prefix="cgw-probe-") as folder:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own arguments
            [*_CONFINED, "", folder, *_INTERPRETER, "--", "probe"],
            capture_output=True,
            check=True,
            text=True,
            cwd="/",  # which is there before and after
        )
    landlock, own_tmp, processes = map(int, done.stdout.split(","))
    return Floor(landlock, bool(own_tmp), processes or None)


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
