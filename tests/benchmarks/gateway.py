"""The local gateway in front of one warm Python function."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.bench import progress
from benchmarks.local_stack import children, local_stack, resident, server
from benchmarks.table import Table

CONNECTIONS = 16
SECONDS = 5.0
_CALLERS = Path(__file__).with_name("callers.py")


def tables(bench):
    """Measure accepted and refused calls."""
    columns = ("call", "answer", "calls a second", "p50", "p99")
    table = Table("The local gateway", columns)
    with local_stack(bench) as shell:
        outputs = json.loads(shell.read("cgw", "outputs", "-o", "json"))
        url = f"{outputs['invoke_url']}/transactions"
        token = shell.read("cgw", "token", "--id").strip()
        _rate(shell, url, token, 1.0)  # warm
        for name, its_token in _tokens(token).items():
            progress(f"gateway: {name}")
            table.add(name, *_cells(_rate(shell, url, its_token, SECONDS)))
        table.notes = _notes(server(shell))
    return [table]


def _tokens(token):
    head, claims, signature = token.split(".")
    forged = f"{head}.{claims}.{signature[:-8]}{signature[-8:][::-1]}"
    return {"ID token": token, "no token": "", "forged token": forged}


def _rate(shell, url, token, seconds):
    call = [str(_CALLERS), url, token, str(CONNECTIONS), str(seconds)]
    return json.loads(shell.read(sys.executable, *call))


def _cells(result):
    answers = ", ".join(result["answers"])
    times = (f"{result[part]:.1f} ms" for part in ("p50", "p99"))
    return answers, f"{result['rate']:.0f}", *times


def _notes(pid):
    kept = f"{CONNECTIONS} connections, kept open, for {SECONDS:.0f} s each"
    notes = [f"{kept}; callers, server and function share the machine's cores"]
    if Path("/proc/self/status").exists():
        functions = ", ".join(f"{resident(child):.0f}" for child in children(pid))
        memory = f"memory after it: {resident(pid):.0f} MiB"
        notes.append(f"{memory}; its functions' processes: {functions} MiB")
    return notes
