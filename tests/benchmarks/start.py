"""The cost of a command before and besides its calls."""

from __future__ import annotations

import sys

from benchmarks.bench import progress, slow_account
from benchmarks.local_stack import local_stack
from benchmarks.peers.cgw import Cgw
from benchmarks.routes import with_routes
from benchmarks.table import Table, seconds

_COLUMNS = (
    "command",
    "time",
    "of python's",
    "processor",
    "of python's",
    "peak memory",
)


def tables(bench):
    """Measure commands as ratios to `python -c pass`."""
    table = Table("Command start", _COLUMNS)
    start = _Start(bench, table)
    start.measure("python -c pass", bench.shell(), [sys.executable, "-c", "pass"])
    for option in ("--version", "--help"):
        start.measure(f"cgw {option}", bench.shell(), ["cgw", option])
    with local_stack(bench) as shell:
        shell.read("cgw", "token", "--id")  # cached from now on
        start.measure("cgw token --id, kept", shell, ["cgw", "token", "--id"])
    with slow_account() as (account, proxy):
        start.measure_stack(account, proxy)
    table.notes = ["plan, up and down: of moto at 0 ms, whose answers are in the time"]
    return [table]


class _Start:
    def __init__(self, bench, table):
        self.bench, self.table, self.first = bench, table, None

    def measure(self, name, shell, command):
        """Add a row for one command, run the requested number of times."""
        progress(f"start: {name}")
        self._add(name, self.bench.often(shell, command))

    def measure_stack(self, account, proxy):
        """Add the commands of one stack, with one route and with many."""
        shell = self.bench.shell(AWS_ENDPOINT_URL=proxy.url)
        peer = Cgw(shell, proxy.url, {})
        peer.prepare(account)
        self.measure("cgw plan, 1 route", shell, ["cgw", "plan"])
        for verb in ("fresh", "down"):  # once each, as a second run has nothing to do
            progress(f"start: {verb}")
            run = self.bench.measured(shell, getattr(peer, verb)())
            self._add(f"cgw {'up' if verb == 'fresh' else verb}, 1 route", run)
        with_routes(peer.file, 200)
        self.measure("cgw plan, 200 routes", shell, ["cgw", "plan"])

    def _add(self, name, run):
        self.first = self.first or run
        self.table.add(
            name,
            seconds(run.seconds),
            f"{run.seconds / self.first.seconds:.1f}",
            seconds(run.processor),
            f"{run.processor / self.first.processor:.1f}",
            f"{run.peak:.0f} MiB",
        )
