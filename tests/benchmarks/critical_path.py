"""The critical path of round trips: the minimum for any order of the calls.

A resource's calls run in sequence, after those of all resources that it requires.
So the calls of each resource are counted by walking the graph in this process, and
the longest path through the graph is computed, with its calls as weights. The calls
before any resource (GetCallerIdentity; for `down` also the search for functions that
left the file) are added in front. `down` is two walks in sequence: one reads
everything, and the other deletes it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from graphlib import TopologicalSorter

from cognito_gw.aws.clients import Aws
from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import backward, forward, walk
from cognito_gw.resources.stack import build
from cognito_gw.resources.unmanaged import leftover_functions

BEFORE = "before all"


class Ledger:
    """Chains of calls of a session, by the resource that makes them."""

    def __init__(self, session):
        self.calls = defaultdict(list)
        self.total = 0
        self._thread = threading.local()
        session.events.register("before-call.*.*", self._note)

    def _note(self, model, **_):
        call = f"{model.service_model.signing_name}:{model.name}"
        self.total += 1
        self._chain.append(call)

    @property
    def _chain(self):
        return self.calls[getattr(self._thread, "whose", BEFORE)]

    def of_longest(self, asks):
        """Run concurrent calls in sequence; only the longest chain counts as one."""
        before, chains, answers = [*self._chain], [], []
        for ask in asks:
            self._chain.clear()
            answers.append(ask())
            chains.append([*self._chain])
        self._chain[:] = before + max(chains, key=len)
        return answers

    @contextmanager
    def of(self, whose):
        """Record the calls of this thread for an owner."""
        self._thread.whose = whose
        try:
            yield
        finally:
            self._thread.whose = BEFORE


@dataclass
class Trips:
    """The round trips of one command, and the longest chain of them."""

    total: int = 0
    chain: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def length(self):
        """The critical path, in round trips."""
        return sum(len(calls) for _, calls in self.chain)

    def words(self):
        """Name each call of the chain."""
        return "; ".join(f"{whose}: {', '.join(calls)}" for whose, calls in self.chain)


class Tracer:
    """Runs commands as `cgw` does, and traces their calls."""

    def __init__(self, session, endpoint_url=None):
        self.ledger = Ledger(session)
        self.aws = Aws(session, endpoint_url=endpoint_url, sleep=lambda _: None)
        self.aws.gather = lambda *asks: self.ledger.of_longest(asks)

    def up(self, config):
        """Create or update a stack to match the file."""
        with self._trips() as trips:
            stack = self._build(config)
            self._walk(reconcile.apply, forward(stack.resources), trips)
        return trips

    def down(self, config):
        """Delete the stack."""
        with self._trips() as trips:
            stack = self._build(config)
            resources = stack.resources + leftover_functions(stack, self.aws)
            self._walk(reconcile.refresh, forward(resources), trips)
            found = [resource for resource in resources if resource.live is not None]
            self._walk(reconcile.destroy, backward(found), trips)
        return trips

    def _build(self, config):
        caller = self.aws.sts.get_caller_identity()  # each command fetches it once
        assert caller["Account"] == self.aws.account.number
        return build(config, self.aws.account)

    @contextmanager
    def _trips(self):
        _ = self.aws.account  # known: what a command asks is asked in `_build`
        self.ledger.calls.clear()
        self.ledger.total = 0
        trips = Trips()
        yield trips
        trips.total = self.ledger.total
        trips.chain.insert(0, (BEFORE, self.ledger.calls.pop(BEFORE)))

    def _walk(self, verb, graph, trips):
        calls = self.ledger.calls

        def visit(resource):
            with self.ledger.of(resource):
                return verb(resource, aws=self.aws)

        for step in walk(visit, graph):
            if step.error:
                raise step.error
        own = {node: calls.pop(node, []) for node in graph}
        trips.chain += [(str(node), own[node]) for node in _longest(graph, own)]


def _longest(graph, own):
    """Return the path through the graph with the most calls."""
    length = partial(_length, own)
    ending_at = {}
    for each in TopologicalSorter(graph).static_order():
        before = max((ending_at[need] for need in graph[each]), key=length, default=[])
        ending_at[each] = [*before, each]
    longest = max(ending_at.values(), key=length, default=[])
    return [node for node in longest if own[node]]


def _length(own, path):
    return sum(len(own[node]) for node in path)
