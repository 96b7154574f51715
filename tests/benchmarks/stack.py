"""The tutorial's stack: created, unchanged, changed, and deleted, by each tool."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from time import perf_counter

from benchmarks.bench import progress, slow_account
from benchmarks.critical_path import Tracer
from benchmarks.measured import PASSWORD, Refused, middle
from benchmarks.peers import PEERS
from benchmarks.peers.cgw import Cgw
from benchmarks.peers.peer import STACKS, VERBS
from benchmarks.table import Table, seconds

from cognito_gw.config.load import load

BUDGET = 1.15
_CALLS = 50


def tables(bench):
    """Measure every installed tool."""
    with slow_account() as (account, proxy):
        trips = critical_paths(account.session, account.url)
        table = _Stack(bench, trips, _call_itself(account.session, proxy.url))
        for kind in PEERS:
            if kind is Cgw or not bench.peers or kind.name in bench.peers:
                table.measure(kind, account, proxy)
        account.empty()
    return [table.table(), _chain(trips["fresh"])]


def critical_paths(session, url=None):
    """Return the round trips of each command of cgw, for an empty account."""
    tracer = Tracer(session, url)
    config = load(STACKS / "tutorial.yaml", {"CGW_ALICE_PASSWORD": PASSWORD}).config
    hello = config.functions["hello"].model_copy(update={"memory": 256})
    changed = config.model_copy(update={"functions": {"hello": hello}})
    return {
        "fresh": tracer.up(config),
        "again": tracer.up(config),
        "change": tracer.up(changed),
        "down": tracer.down(changed),
    }


class _Stack:
    """Results by tool, latency and verb."""

    def __init__(self, bench, trips, call_itself):
        self.bench, self.trips, self.call_itself = bench, trips, call_itself
        self.interpreter = bench.interpreter().seconds
        self.results = defaultdict(list)
        self.remarks = {}

    def measure(self, kind, account, proxy):
        """Measure one tool, until a command fails."""
        name = kind.name
        if not kind(self.bench.shell(), proxy.url, {}).is_installed:
            self.remarks[name] = "not installed: skipped"
            return
        self.remarks[name] = kind.remark
        try:
            for latency in self.bench.latencies:
                for _ in range(self.bench.runs):
                    progress(f"{name}, {latency} ms")
                    self._once(kind, account, proxy, latency)
        except Refused as refused:
            self.remarks[name] = "; ".join(filter(None, [kind.remark, str(refused)]))

    def _once(self, kind, account, proxy, latency):
        account.empty()
        proxy.latency = 0.0
        shell = self.bench.shell(AWS_ENDPOINT_URL=proxy.url)
        peer = kind(shell, proxy.url, self.bench.options)
        peer.prepare(account)
        proxy.latency = latency / 1000
        for verb in VERBS:
            try:
                command = getattr(peer, verb)()
                run = self.bench.measured(shell, command, proxy)
                _prove(peer, verb, account)
            except Refused as refused:
                raise Refused(f"`{verb}` on moto: {refused}") from refused
            self.results[peer.name, latency, verb].append(run)

    def table(self):
        """Return the results as ratios, with their seconds."""
        head = [f"{latency} ms" for latency in self.bench.latencies]
        to_path = [f"of path, {latency} ms" for latency in self._added]
        columns = ("tool", "run", "calls", "path", *head, *to_path)
        table = Table("The stack: time, and how many times that of cgw", columns)
        for name in self.remarks:
            is_measured = any(name == each for each, *_ in self.results)
            for verb in VERBS if is_measured else ("none: see below",):
                table.add(name, verb, *self._cells(name, verb))
        table.notes = [f"{name}: {why}" for name, why in self.remarks.items() if why]
        table.notes.append(
            f"of path: (time - {self.interpreter:.3f} s of `python -c pass`) / (path x"
            f" latency); the budget of a fresh `up` is {BUDGET}. A call at 0 ms"
            f" takes {self.call_itself * 1000:.0f} ms here, and is in the time"
        )
        return table

    @property
    def _added(self):
        return [latency for latency in self.bench.latencies if latency]

    def _cells(self, name, verb):
        latencies = self.bench.latencies
        runs = [self._middle(name, verb, latency) for latency in latencies]
        calls = max((run.calls for run in runs if run), default="")
        times = [self._time(name, verb, latency) for latency in latencies]
        if name != "cgw":
            return calls, "", *times, *("" for _ in self._added)
        path = self.trips[verb].length
        ratios = [self._of_path(verb, latency) for latency in self._added]
        return calls, path, *times, *ratios

    def _time(self, name, verb, latency):
        run, ours = (self._middle(each, verb, latency) for each in (name, "cgw"))
        if run is None:
            return ""
        if ours is None or name == "cgw":
            return seconds(run.seconds)
        return f"{seconds(run.seconds)} ({run.seconds / ours.seconds:.1f}x)"

    def _of_path(self, verb, latency):
        run = self._middle("cgw", verb, latency)
        if run is None:
            return ""
        least = self.trips[verb].length * latency / 1000
        return f"{(run.seconds - self.interpreter) / least:.2f}"

    def _middle(self, name, verb, latency):
        runs = self.results.get((name, latency, verb))
        return middle(runs) if runs else None


def _call_itself(session, url):
    """Return the seconds of one short call: of boto3, the proxy and moto."""
    sts, times = session.client("sts", endpoint_url=url), []
    for _ in range(_CALLS):
        began = perf_counter()
        sts.get_caller_identity()
        times.append(perf_counter() - began)
    return median(times)


def _chain(trips):
    """Name each call of the critical path."""
    table = Table(
        f"The critical path of a fresh `cgw up`: {trips.length} of {trips.total} calls",
        ("resource", "calls", "in this order"),
    )
    for whose, calls in trips.chain:
        table.add(whose, len(calls), ", ".join(calls))
    return table


def _prove(peer, verb, account):
    """Raise if the account does not match the tool's report."""
    found = account.parts()
    missing = [part for part in peer.parts if part not in found]
    left = [part for part in peer.parts if part in found]
    if verb == "down" and left:
        raise Refused(f"left {', '.join(left)}")
    if verb != "down" and missing:
        raise Refused(f"made no {', '.join(missing)}")
