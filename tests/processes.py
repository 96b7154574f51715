"""Running processes."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from pathlib import Path


def processes_of(folder):
    """Return the processes, except zombies, that refer to a folder."""
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


@contextmanager
def full_disk():
    """Let all writes to files fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
