"""Wrong passwords and codes in a row lock a user out, each time for longer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable

_FREE_FAILURES = 5  # the last of them begins the first pause, of a second
_LONGEST_PAUSE = 900  # seconds; after as many without an attempt all is forgotten


@dataclass
class _Failures:
    """The failures of one user since the last success."""

    count: int = 0
    locked_until: float = 0.0
    last_attempt: float = 0.0


class Lockout:
    """Counts failed attempts by user; a name that no user has is counted like one."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Tell the time by `clock`."""
        self._clock = clock
        self._failures: dict[str, _Failures] = {}

    def check(self, who: str) -> None:
        """Refuse an attempt during a pause."""
        if self.is_locked(who):
            raise AwsFault("NotAuthorizedException", "Password attempts exceeded")

    def is_locked(self, who: str) -> bool:
        """Begin an attempt; return whether it is during a pause, and does not count."""
        now = self._clock()
        self._forget(now)
        failures = self._failures.get(who)
        if failures is None:
            return False
        failures.last_attempt = now
        return now < failures.locked_until

    def failed(self, who: str) -> None:
        """Count a failure; from the fifth on it begins a pause, twice the last one."""
        now = self._clock()
        failures = self._failures.setdefault(who, _Failures())
        failures.count += 1
        failures.last_attempt = now
        if failures.count >= _FREE_FAILURES:
            pause = 2 ** min(failures.count - _FREE_FAILURES, 10)
            failures.locked_until = now + min(pause, _LONGEST_PAUSE)

    def succeeded(self, who: str) -> None:
        """Forget the failures of a user who has signed in."""
        self._failures.pop(who, None)

    def _forget(self, now: float) -> None:
        """Drop those who have made no attempt for a quarter of an hour."""
        self._failures = {
            who: failures
            for who, failures in self._failures.items()
            if now - failures.last_attempt < _LONGEST_PAUSE
        }
