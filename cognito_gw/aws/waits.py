"""Bounded waits while AWS becomes consistent, and the pace of control-plane calls."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import message_of
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cognito_gw.aws.clients import Aws


Answer = TypeVar("Answer")


def settle(  # noqa: PLR0913 - each is a bound or a word of the wait
    call: Callable[[], Answer],
    aws: Aws,
    *,
    passing: Callable[[ClientError], bool],
    until: str,
    first: float = 1.0,
    longest: float = 10.0,
    patience: float = 90.0,
) -> Answer:
    """Call until AWS takes it, while its refusal is a `passing` one.

    Pauses grow from `first` to `longest` seconds, with jitter, and add up to no more
    than `patience` seconds; then the refusal stands, with what was waited for.
    """
    pauses = naps(first, longest, patience)
    while True:
        try:
            return call()
        except ClientError as error:
            if not passing(error):
                raise
            nap = next(pauses, None)
            if nap is None:
                waited = f" (after {patience:.0f} s of waiting until {until})"
                error.response["Error"]["Message"] = message_of(error) + waited
                raise
        _wait(nap, aws, until)


def wait_for(
    ask: Callable[[], Answer | None], aws: Aws, *, until: str, patience: float = 60.0
) -> Answer:
    """Ask until there is an answer, for no more than `patience` seconds; return it."""
    pauses = naps(1.0, 5.0, patience)
    while not (answer := ask()):
        nap = next(pauses, None)
        if nap is None:
            raise CgwError(
                f"gave up waiting, after {patience:.0f} s, until {until}",
                hint="run the same command again in a minute",
            )
        _wait(nap, aws, until)
    return answer


def naps(first: float, longest: float, patience: float) -> Iterator[float]:
    """Yield pauses that grow, with jitter, and add up to about `patience` seconds."""
    pause, waited = first, 0.0
    while waited < patience:
        nap = pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        yield nap
        waited += nap
        pause = min(pause * 1.6, longest)


def _wait(nap: float, aws: Aws, until: str) -> None:
    aws.tell(f"waiting {nap:.0f} s until {until}")
    aws.sleep(nap)


_PAUSES = 30  # after which the refusal is final, some 20 s later
_FIRST, _LONGEST = 0.1, 1.5  # seconds


def pause_after(conflicts: int) -> float | None:
    """Return the seconds to wait after so many conflicts; None once it is enough."""
    if conflicts > _PAUSES:
        return None
    longest = min(_FIRST * 1.5 ** (conflicts - 1), _LONGEST)
    return random.uniform(0, longest)  # noqa: S311 - jitter, not a secret


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
