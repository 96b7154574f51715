"""Bounded waits for eventual consistency, rates of calls, and values computed once."""

from __future__ import annotations

import random
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import message_of
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


Result = TypeVar("Result")


class Clock(Protocol):
    """What a wait needs of `Aws`: to report a note, and to sleep."""

    @property
    def tell(self) -> Callable[[str], None]:
        """Report a note."""

    @property
    def sleep(self) -> Callable[[float], None]:
        """Sleep for a number of seconds."""


def settle(  # noqa: PLR0913 - each is a bound or a text of the wait
    call: Callable[[], Result],
    aws: Clock,
    *,
    passing: Callable[[ClientError], bool],
    until: str,
    first: float = 1.0,
    longest: float = 10.0,
    patience: float = 90.0,
) -> Result:
    """Call until it succeeds, while AWS refuses it with a `passing` error.

    The pauses grow from `first` to `longest` seconds, with jitter, and add up to at
    most `patience` seconds. After that it raises the error, with `until` added.
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
    ask: Callable[[], Result | None], aws: Clock, *, until: str, patience: float = 60.0
) -> Result:
    """Call `ask` until it returns something true, for at most `patience` seconds."""
    pauses = naps(1.0, 5.0, patience)
    while not (result := ask()):
        nap = next(pauses, None)
        if nap is None:
            raise CgwError(
                f"gave up waiting, after {patience:.0f} s, until {until}",
                hint="rerun the command in a minute",
            )
        _wait(nap, aws, until)
    return result


def naps(first: float, longest: float, patience: float) -> Iterator[float]:
    """Yield growing pauses, with jitter, that add up to about `patience` seconds."""
    pause, waited = first, 0.0
    while waited < patience:
        nap = pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        yield nap
        waited += nap
        pause = min(pause * 1.6, longest)


def _wait(nap: float, aws: Clock, until: str) -> None:
    aws.tell(f"waiting {nap:.0f} s until {until}")
    aws.sleep(nap)


_PAUSES = 30  # after about 20 s the error is final
_FIRST, _LONGEST = 0.1, 1.5  # seconds


def pause_after(conflicts: int) -> float | None:
    """Return the seconds to wait after this many conflicts; None to give up."""
    if conflicts > _PAUSES:
        return None
    longest = min(_FIRST * 1.5 ** (conflicts - 1), _LONGEST)
    return random.uniform(0, longest)  # noqa: S311 - jitter, not a secret


@dataclass
class Quota:
    """A quota of `calls` in `seconds`, and at most `burst` at once."""

    calls: float
    seconds: float
    burst: int
    _due: float = field(default=0.0, init=False)  # when it allows the last call
    _eased: float = field(default=-inf, init=False)  # the last time

    def wait(self, now: float) -> float:
        """Count a call, and return the seconds until the quota allows it."""
        self._due = max(self._due, now) + self._each
        return max(0.0, self._due - now - self._each * self.burst)

    def ease(self, now: float) -> bool:
        """Halve the rate, once for all errors of a moment; return whether it did."""
        if now - self._eased < _MOMENT:
            return False
        self._eased = now
        if self.burst > 1:  # single calls are slow enough
            self.seconds *= 2
            self._due = now + self._each * self.burst  # nothing is left for a burst
        return True

    @property
    def _each(self) -> float:
        return self.seconds / self.calls


# AWS allows 40 at once. A thread may have counted its call here and still wait for the
# quota of its operation: such calls arrive later than they count.
_BURST = 40 - 16
_MOMENT = 5.0  # seconds


def _quotas() -> dict[str, Quota]:
    """Return the quotas of single operations."""
    return {
        "CreateDeployment": Quota(1, 5, 1),
        "CreateResource": Quota(5, 1, 5),
        "CreateRestApi": Quota(1, 3, 1),
        "DeleteResource": Quota(5, 1, 5),
        "DeleteRestApi": Quota(1, 30, 1),
        "GetResources": Quota(5, 2, 5),
    }


class Pace:
    """Delays each call until API Gateway's quotas allow it; shared by all threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Measure with `clock`, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._all = Quota(10, 1, _BURST)
        self._by_operation = _quotas()

    def wait(self, operation: str) -> float:
        """Count a call, and return the seconds that it has to wait."""
        with self._lock:
            now = self._clock()
            waits = [self._all.wait(now)]
            if quota := self._by_operation.get(operation):
                waits.append(quota.wait(now))
            return max(waits)

    def ease(self, operation: str) -> bool:
        """Slow down after a throttled call, as others use the quotas too.

        Return False if it slowed down a moment ago.
        """
        with self._lock:
            quota = self._by_operation.get(operation, self._all)
            return quota.ease(self._clock())


Answer = TypeVar("Answer")


class Once(Generic[Answer]):
    """Computes on the first call; all callers share the result or the exception."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        """Store the function; do not call it yet."""
        self._ask = ask
        self._lock = Lock()
        self._answer: Future[Answer] = Future()

    def __call__(self) -> Answer:
        """Return the result; concurrent callers wait for it."""
        with self._lock:
            if not self._answer.done():
                self._put()
        return self._answer.result()

    def _put(self) -> None:
        try:
            self._answer.set_result(self._ask())
        except Exception as error:  # noqa: BLE001 - raised to every caller
            self._answer.set_exception(error)
