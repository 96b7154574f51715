"""Runs of cgw, each like a separate process: without memory of earlier runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from fakes import InTurn, is_read

from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import backward, forward, walk
from cognito_gw.errors import CgwError
from cognito_gw.resources.stack import build
from cognito_gw.resources.unmanaged import leftover_functions

PACE = {
    "before-call.api-gateway.*": "cgw-pace",
    "needs-retry.api-gateway.*": "cgw-ease",
    "needs-retry.*.*": "cgw-repeat",
}


@dataclass(frozen=True)
class Run:
    """The result of a run."""

    errors: list
    calls: list
    told: list
    words: set  # the actions on the resources

    @property
    def writes(self):
        """The operations that write."""
        return [name for name in self.calls if not is_read(name)]


class Cgw:
    """Runs `up` and `down` by a simulated clock."""

    def __init__(self, session, clock, configured):
        self.session, self.clock, self.configured = session, clock, configured

    def up(self, text, workers=16):
        """Run `up` on a stack."""
        return self._run(self._up, text, workers)

    def down(self, text, workers=16):
        """Run `down` on a stack."""
        return self._run(self._down, text, workers)

    def down_unchanged(self, text):
        """Run `down`, with an error for each resource that `up` would change."""
        return self._run(self._down_unchanged, text, 16)

    def aws(self, told=None):
        """Return clients that wait by the simulated clock."""
        self.forget_pace()
        return InTurn(
            self.session,
            tell=(told if told is not None else []).append,
            sleep=self.clock.sleep,
            clock=self.clock.time,
        )

    def forget_pace(self):
        """Reset the pacing of the shared clients after an earlier run."""
        for client in self.session.made.values():
            for event, name in PACE.items():
                client.meta.events.unregister(event, unique_id=name)

    def _run(self, do, text, workers):
        told = []
        aws = self.aws(told)
        stack = build(self.configured(text), aws.account)
        self.session.calls.clear()
        steps = do(stack, aws, workers)
        errors = [f"{step.resource}: {step.error}" for step in steps if step.error]
        calls = [name for _, name, _ in self.session.calls]
        return Run(errors, calls, told, {step.word for step in steps})

    def _up(self, stack, aws, workers):
        return self._walk(reconcile.apply, forward(stack.resources), aws, workers)

    def _down(self, stack, aws, workers):
        resources = stack.resources + leftover_functions(stack, aws)
        steps = self._walk(reconcile.refresh, forward(resources), aws, workers)
        found = [resource for resource in resources if resource.live is not None]
        return steps + self._walk(reconcile.destroy, backward(found), aws, workers)

    def _down_unchanged(self, stack, aws, workers):
        resources = stack.resources
        planned = self._walk(reconcile.plan, forward(resources), aws, workers)
        changes = [
            replace(each, error=CgwError(f"would be changed: {each.changes}"))
            for each in planned
            if each.is_change
        ]
        found = [resource for resource in resources if resource.live is not None]
        done = self._walk(reconcile.destroy, backward(found), aws, workers)
        return changes + done

    def _walk(self, verb, graph, aws, workers):
        visit = partial(verb, aws=aws)

        def at_work(resource):
            with self.clock.at_work():
                return visit(resource)

        return list(walk(at_work, graph, workers=workers))
