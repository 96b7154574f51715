"""The tutorial's stack on the embedded local AWS."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.cgw import Cgw


@contextmanager
def local_stack(bench):
    """Start it in a separate local AWS, and yield the shell that targets it.

    All its processes and everything that it serves are gone afterwards.
    """
    shell = bench.shell(CGW_LOCAL="1")
    Cgw(shell, "", {}).prepare(None)
    try:
        shell.read("cgw", "local", "start")
        shell.read("cgw", "up")
        yield shell
    finally:
        shell.read("cgw", "local", "stop")


def server(shell):
    """Return the process ID of the local AWS."""
    return json.loads(shell.read("cgw", "local", "status", "-o", "json"))["pid"]


def resident(pid):
    """Return the memory of a process in MiB, as Linux reports it."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    kib = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kib) / 1024


def children(pid):
    """Return the descendants of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    own = [child for task in tasks for child in (task / "children").read_text().split()]
    return [*own, *(deeper for child in own for deeper in children(child))]
