"""AWS's eventual consistency: temporary errors and outdated responses."""

from __future__ import annotations

import json
from math import inf

from botocore.exceptions import ReadTimeoutError
from faults.local import written
from faults.wire import refused


class Refusing:
    """Refuses operations, each for some seconds after its first call."""

    def __init__(self, clock, refusals, seconds):
        self._clock, self._refusals, self._seconds = clock, refusals, seconds
        self._ends = {}

    @property
    def refused(self):
        """The operations called."""
        return self._ends.keys()

    def __call__(self, service, operation, serve):
        """Carry or refuse a request."""
        if operation not in self._refusals:
            return serve()
        now = self._clock.now
        if now < self._ends.setdefault(operation, now + self._seconds):
            return refused(service, *self._refusals[operation])
        return serve()


class Lagging:
    """Changes the response of one operation for some seconds after another operation.

    The other operation's first response can also be lost.
    """

    def __init__(self, clock, *lag, loses=False):
        self._clock, self._loses = clock, loses
        self._operation, self._after, self._amend, self._seconds = lag
        self._end = -inf

    def __call__(self, _service, operation, serve):
        """Carry a request, and change its response."""
        answer = serve()
        if operation == self._after:
            self._end = self._clock.now + self._seconds
            if self._loses:
                self._loses = False
                raise ReadTimeoutError(endpoint_url="https://aws")
        if operation != self._operation or self._clock.now >= self._end:
            return answer
        content = json.loads(answer.content)
        self._amend(content)
        return written(answer.status_code, answer.headers, json.dumps(content))
