"""Settings that all tables share: the number of runs, latencies, and folders."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.account import Emulated
from benchmarks.measured import middle, shell
from benchmarks.proxy import slow_proxy
from moto_server import moto_server


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks."""

    folder: Path  # removed at the end
    runs: int
    latencies: tuple[int, ...]  # ms
    peers: tuple[str, ...] = ()  # in addition to cgw; empty: all
    options: dict = field(default_factory=dict)  # of the peers

    def shell(self, **variables):
        """Return a shell in a new folder."""
        return shell(Path(tempfile.mkdtemp(dir=self.folder)), **variables)

    def measured(self, the_shell, command, proxy=None):
        """Run a command once, and count its calls."""
        if proxy is None:
            return the_shell.measure(command)
        proxy.calls = 0
        run = the_shell.measure(command)
        return replace(run, calls=proxy.calls)

    def often(self, the_shell, command, proxy=None):
        """Run a command the requested number of times, and return the median."""
        return middle(
            [self.measured(the_shell, command, proxy) for _ in range(self.runs)]
        )

    def interpreter(self):
        """Measure the minimum for any Python program."""
        return self.often(self.shell(), [sys.executable, "-c", "pass"])


@contextmanager
def slow_account():
    """Yield an account of moto's, and the proxy that adds its latency."""
    with moto_server() as url, slow_proxy(url) as proxy:
        yield Emulated(url), proxy


def progress(text):
    """Print the current measurement."""
    sys.stderr.write(f"{text}\n")
