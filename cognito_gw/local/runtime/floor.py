"""What no function may do, and how its process is started so that it cannot."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.local.runtime import confined

if TYPE_CHECKING:
    from collections.abc import Iterable

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
