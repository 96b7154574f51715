"""Which processes run."""

from __future__ import annotations

import os
from pathlib import Path


def processes_of(folder):
    """The processes, zombies aside, whose environment or arguments name a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                files = (entry / "environ", entry / "cmdline")
                told = b"".join(file.read_bytes() for file in files)
            except OSError:
                continue
            if str(folder).encode() in told:
                found.append(entry.name)
    return found
