"""The connection between botocore and AWS, and its failures."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from functools import partial

from botocore import exceptions
from botocore.client import BaseClient
from faults.local import written
from moto.core.botocore_stubber import BotocoreStubber

NOTICE = "<Response><Error><Code>{0}</Code><Message>{0}</Message></Error></Response>"


class Wire:
    """Passes each request to `carry`, with a function that lets AWS answer it."""

    def __init__(self, monkeypatch, serve):
        self.carry = straight
        self._inside = threading.local()

        def send(_stub, event_name, request, **_):
            if self.is_inside:
                return None  # from the local AWS to moto: answered there
            _, service, operation = event_name.split(".")
            return self.carry(service, operation, partial(self._serve, serve, request))

        monkeypatch.setattr(BotocoreStubber, "__call__", send)

    @property
    def is_inside(self):
        """Whether the local AWS is running in this thread."""
        return getattr(self._inside, "is_served", False)

    def _serve(self, serve, *request):
        self._inside.is_served = True
        try:
            return serve(*request)
        finally:
            self._inside.is_served = False


class ShortWire(Wire):
    """Passes each call to `carry` before it becomes a request: twice as fast."""

    def __init__(self, monkeypatch, answer, session):
        super().__init__(monkeypatch, answer)
        call = BaseClient._make_api_call  # noqa: SLF001 - where requests are made

        def make(client, operation, params):
            if self.is_inside:
                return call(client, operation, params)
            service = client.meta.service_model.service_name
            session.calls.append((service, operation, params))
            serve = partial(self._serve, answer, service, operation, params)
            return self.carry(service, operation, serve)

        monkeypatch.setattr(BaseClient, "_make_api_call", make)


def straight(_service, _operation, serve):
    """Let AWS answer."""
    return serve()


def refused(service, code, status=400, words=""):
    """Return an error response of a service."""
    if service in ("iam", "sts"):
        return written(status, {"Content-Type": "text/xml"}, NOTICE.format(code))
    body = json.dumps({"__type": code, "message": words or code})
    return written(status, {"x-amzn-errortype": code}, body)


class Killed(BaseException):
    """The end of the process: it is not caught, and no other code runs after it."""


class Kill:
    """Kills the process at its n-th call: before AWS receives it, or afterwards."""

    def __init__(self, number, *, is_done):
        self._left, self._is_done = number, is_done
        self._lock = threading.Lock()
        self._is_dead = False

    def __call__(self, _service, _operation, serve):
        """Carry a request while the process lives."""
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
            if self._is_dead or (is_last and not self._is_done):
                self._is_dead = True
                raise Killed
        answer = serve()
        with self._lock:
            self._is_dead = self._is_dead or is_last
            if self._is_dead:
                raise Killed
        return answer


class Flaky:
    """Loses and refuses a share of the calls, reproducible by seed."""

    def __init__(self, seed, share=0.3):
        self._seed, self._share = seed, share
        self._lock = threading.Lock()
        self._calls = Counter()
        self.happened = Counter()

    def __call__(self, service, operation, serve):
        """Carry a request, or let it fail."""
        with self._lock:
            self._calls[operation] += 1
            place = f"{self._seed} {operation} {self._calls[operation]}"
        chance = random.Random(place)  # noqa: S311 - a seed, not a secret
        if chance.random() >= self._share:
            return serve()
        happening = chance.choice(HAPPENINGS)
        with self._lock:
            self.happened[happening.__name__] += 1
        return happening(service, serve)


def throttled(service, _serve):
    """Throttle it with the service's error."""
    if service == "iam":
        return refused(service, "Throttling")
    return refused(service, "TooManyRequestsException", 429)


def failed(service, _serve):
    """Fail without an effect."""
    return refused(service, "InternalFailure", 500)


def done_and_failed(service, serve):
    """Carry it out, and fail."""
    serve()
    return refused(service, "ServiceUnavailable", 503)


def unreachable(_service, _serve):
    """Refuse the connection."""
    raise exceptions.ConnectTimeoutError(endpoint_url="https://aws")


def reset(_service, _serve):
    """Close the connection without an effect."""
    raise exceptions.ConnectionClosedError(endpoint_url="https://aws")


def done_and_reset(_service, serve):
    """Carry it out, and close the connection."""
    serve()
    raise exceptions.ConnectionClosedError(endpoint_url="https://aws")


def done_and_silent(_service, serve):
    """Carry it out, and never respond."""
    serve()
    raise exceptions.ReadTimeoutError(endpoint_url="https://aws")


HAPPENINGS = (
    throttled,
    throttled,
    failed,
    done_and_failed,
    unreachable,
    reset,
    done_and_reset,
    done_and_silent,
)
