"""An API of many routes."""

from __future__ import annotations

from benchmarks.bench import progress, slow_account
from benchmarks.peers.cgw import Cgw
from benchmarks.table import Table, seconds

ROUTES = 200
_LATENCIES = (0, 80)
_PACE = (
    "moto is not paced: API Gateway itself takes five CreateResource a second, and ten"
    " calls of all kinds"
)
_VERBS = {"fresh": "up", "again": "up, again", "down": "down"}


def with_routes(file, count):
    """Add a number of routes to a stack's file, four to a path."""
    verbs = ("GET", "POST", "PUT", "DELETE")
    routes = [f"{verbs[number % 4]} /items{number // 4}" for number in range(count)]
    lines = [f"    {route}: {{function: hello}}\n" for route in routes]
    head = file.read_text("utf-8").partition("  routes:")[0]
    file.write_text(f"{head}  routes:\n{''.join(lines)}", "utf-8")


def tables(bench):
    """Measure cgw at 200 routes."""
    table = Table(
        f"{ROUTES} routes",
        ("run", "latency", "calls", "calls a route", "time", "a route", "peak memory"),
    )
    with slow_account() as (account, proxy):
        for latency in _LATENCIES:
            proxy.latency = 0.0
            account.empty()
            shell = bench.shell(AWS_ENDPOINT_URL=proxy.url)
            peer = Cgw(shell, proxy.url, {})
            peer.prepare(account)
            with_routes(peer.file, ROUTES)
            proxy.latency = latency / 1000
            for verb, name in _VERBS.items():
                progress(f"routes: {name}, {latency} ms")
                run = bench.measured(shell, getattr(peer, verb)(), proxy)
                table.add(f"cgw {name}", f"{latency} ms", *_cells(run))
    table.notes = ["each is run once", _PACE]
    return [table]


def _cells(run):
    return (
        run.calls,
        f"{run.calls / ROUTES:.2f}",
        seconds(run.seconds),
        f"{run.seconds / ROUTES * 1000:.0f} ms",
        f"{run.peak:.0f} MiB",
    )
