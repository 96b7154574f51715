"""Keeps to the rates at which API Gateway takes calls of its control plane.

They are fixed for an account and a region: what goes beyond is refused with 429, and
slows others down as well. Source: Amazon API Gateway quotas for creating, deploying and
managing an API.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Quota:
    """So many calls in so many seconds, and no more than `burst` at once."""

    calls: float
    seconds: float
    burst: int
    _due: float = field(default=0.0, init=False)  # when the last call is paid for
    _eased: float = field(default=-inf, init=False)  # when it was last

    def wait(self, now: float) -> float:
        """Take a place, and return how many seconds it is off."""
        self._due = max(self._due, now) + self._each
        return max(0.0, self._due - now - self._each * self.burst)

    def ease(self, now: float) -> bool:
        """Be content with half as much, once for all refusals of a moment."""
        if now - self._eased < _MOMENT:
            return False
        self._eased = now
        if self.burst > 1:  # one call at a time is as slow as it gets
            self.seconds *= 2
            self._due = now + self._each * self.burst  # nothing is left for a burst
        return True

    @property
    def _each(self) -> float:
        return self.seconds / self.calls


# AWS takes 40 at once. Each of our threads may have taken a place here and still be
# waiting for that of its operation: those calls come later than they count.
_BURST = 40 - 16
_MOMENT = 5.0  # seconds


def _quotas() -> dict[str, Quota]:
    """Return those of single operations."""
    return {
        "CreateDeployment": Quota(1, 5, 1),
        "CreateResource": Quota(5, 1, 5),
        "CreateRestApi": Quota(1, 3, 1),
        "DeleteResource": Quota(5, 1, 5),
        "DeleteRestApi": Quota(1, 30, 1),
        "GetResources": Quota(5, 2, 5),
    }


class Pace:
    """Holds each call back until API Gateway takes it; shared by all threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Measure by `clock`, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._all = Quota(10, 1, _BURST)
        self._by_operation = _quotas()

    def wait(self, operation: str) -> float:
        """Take a call's place, and return how many seconds it has to wait."""
        with self._lock:
            now = self._clock()
            waits = [self._all.wait(now)]
            if quota := self._by_operation.get(operation):
                waits.append(quota.wait(now))
            return max(waits)

    def ease(self, operation: str) -> bool:
        """Slow down, as AWS refused a call: others use the quotas, too.

        Return whether that is news.
        """
        with self._lock:
            quota = self._by_operation.get(operation, self._all)
            return quota.ease(self._clock())
