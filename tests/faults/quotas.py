"""API Gateway's quotas, enforced by the server."""

from __future__ import annotations

import threading
from collections import Counter

from faults.wire import refused

# Calls per second, and burst: Amazon API Gateway quotas for creating,
# deploying and managing an API.
ALL = (10, 40)
RATES = {
    "CreateDeployment": (1 / 5, 1),
    "CreateResource": (5, 5),
    "CreateRestApi": (1 / 3, 1),
    "DeleteResource": (5, 5),
    "DeleteRestApi": (1 / 30, 1),
    "GetResources": (5 / 2, 5),
}
_ROUNDING = 1e-6


class Quotas:
    """Refuses calls above AWS's quota, of which other clients use a share."""

    def __init__(self, clock, share=1.0):
        self._clock, self._lock = clock, threading.Lock()
        self._all = Bucket(*ALL, share)
        self._each = {name: Bucket(*rate, share) for name, rate in RATES.items()}
        self.refusals = Counter()

    def __call__(self, service, operation, serve):
        """Carry or refuse a request."""
        if service == "api-gateway" and not self._takes(operation):
            self.refusals[operation] += 1
            return refused(service, "TooManyRequestsException", 429)
        return serve()

    def _takes(self, operation):
        buckets = [self._all, self._each.get(operation, self._all)]
        with self._lock:
            now = self._clock.time()
            if any(each.level(now) < 1 - _ROUNDING for each in buckets):
                return False
            for each in dict.fromkeys(buckets):
                each.left -= 1
            return True


class Bucket:
    """A token bucket: refills at a rate up to its size; each call takes one token."""

    def __init__(self, rate, size, share):
        self._rate, self._size = rate * share, max(1.0, size * share)
        self.left, self._then = self._size, 0.0

    def level(self, now):
        """Return the number of calls available now."""
        self.left = min(self._size, self.left + (now - self._then) * self._rate)
        self._then = now
        return self.left
