"""A second cgw process that changes the same stack in the same account."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from fakes import QuickAws

from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import backward, closure, forward, walk
from cognito_gw.resources.stack import build

WHO = threading.local()  # the cgw that a thread works for
SMALL = {
    "app_clients": {"web": {}},
    "users": [{"username": "bob@example.com", "groups": ["writers"]}],
    "functions": {"hello": {}},
    "api": {
        "cors": {"origins": ["*"]},
        "routes": {"GET /orders": {"function": "hello"}},
    },
}


class Refused(NamedTuple):
    """The response of a raised error."""

    status_code: int = 409


class Cgw:
    """A cgw on a separate machine: it shares no lock and no memory with others."""

    def __init__(self, session, configured, url=None, **sections):
        self.aws = QuickAws(session)
        self.aws.endpoint_url = url
        self.stack = build(configured(**SMALL | sections), self.aws.account)

    def up(self, *resources, me=None):
        """Create resources and their dependencies, one call at a time."""
        chosen = closure(resources or self.stack.resources)
        steps = self._walked(reconcile.apply, forward(chosen), me)
        for step in steps:
            if step.error:
                raise step.error
        return {step.resource: step.word for step in steps}

    def down(self, me=None):
        """Delete the stack, one call at a time; return the errors."""
        chosen = closure(self.stack.resources)
        self._walked(reconcile.refresh, forward(chosen), me)
        steps = self._walked(reconcile.destroy, backward(chosen), me)
        return [step.error for step in steps if step.error]

    def _walked(self, verb, graph, me):
        def visit(resource):
            WHO.name = me
            return verb(resource, self.aws)

        return list(walk(visit, graph, workers=1))

    def find(self, kind):
        """Return the first resource of a kind."""
        return next(each for each in self.stack.resources if each.kind == kind)


@contextmanager
def once(when, client, operation, act, refusal=None):
    """Run an action right before a call, or right after it (`after-call`)."""
    event = f"{when}.*.{operation}"

    def happen(**_):
        client.meta.events.unregister(event, happen)
        act()
        return refusal and (Refused(), {"Error": refusal})

    client.meta.events.register(event, happen)
    yield
    client.meta.events.unregister(event, happen)


class Turns:
    """Lets two cgws alternate calls, once the first is some calls ahead."""

    def __init__(self, clients, lead):
        self._clients, self._lead = clients, lead
        self._next, self._done = "first", set()
        self._changed = threading.Condition()

    def __enter__(self):
        """Start to hold calls back."""
        for client in self._clients:
            client.meta.events.register_first("before-call.*.*", self._take)
            client.meta.events.register_last("after-call.*.*", self._give)
        return self

    def __exit__(self, *_):
        """Stop holding calls back."""
        for client in self._clients:
            client.meta.events.unregister("before-call.*.*", self._take)
            client.meta.events.unregister("after-call.*.*", self._give)

    def run(self, first, second):
        """Run both; return their results."""
        with ThreadPoolExecutor(2) as pool:
            works = {"first": first, "second": second}
            futures = [pool.submit(self._work, *each) for each in works.items()]
            return [future.result() for future in futures]

    def _work(self, me, work):
        try:
            return work(me=me)
        finally:
            self._pass_on(me)

    def _take(self, **_):
        with self._changed:
            self._changed.wait_for(lambda: self._next == WHO.name, timeout=60)

    def _give(self, **_):
        with self._changed:
            self._lead -= 1
            if self._lead < 0:
                self._hand_over(WHO.name)

    def _pass_on(self, me):
        with self._changed:
            self._done.add(me)
            self._hand_over(me)

    def _hand_over(self, me):
        other = "second" if me == "first" else "first"
        if other not in self._done:
            self._next = other
        self._changed.notify_all()


def pools(aws):
    """Return the ids of all user pools."""
    return [
        each["Id"] for each in aws.cognito.list_user_pools(MaxResults=60)["UserPools"]
    ]


def apis(aws):
    """Return the ids of all REST APIs."""
    return [each["id"] for each in aws.apigateway.get_rest_apis()["items"]]


def clients(aws):
    """Return the ids of the app clients `shop-web` of all pools."""
    listing = aws.cognito.list_user_pool_clients
    return [
        each["ClientId"]
        for pool in pools(aws)
        for each in listing(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
        if each["ClientName"] == "shop-web"
    ]
