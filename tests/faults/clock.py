"""Time that passes only while every thread waits: tests of hours run instantly."""

from __future__ import annotations

import heapq
import itertools
import threading
from contextlib import contextmanager
from types import SimpleNamespace


class Clock:
    """A clock for many threads: it advances once all active threads wait for it."""

    def __init__(self):
        self.now = 0.0
        self._changed = threading.Condition()
        self._waiting = []  # heap of (end of the wait, ...)
        self._places = itertools.count()  # none is another's
        self._busy = 0
        self._own = threading.local()

    def time(self):
        """Return the seconds since the start."""
        return self.now

    @contextmanager
    def at_work(self):
        """Stop time while the caller is active and does not wait."""
        with self._changed:
            self._busy += 1
        self._own.is_busy = True
        try:
            yield
        finally:
            self._own.is_busy = False
            with self._changed:
                self._busy -= 1
                self._go_on()

    def sleep(self, seconds):
        """Wait for this many seconds."""
        is_busy = getattr(self._own, "is_busy", False)
        with self._changed:
            place = self.now + seconds, next(self._places), is_busy
            heapq.heappush(self._waiting, place)
            self._busy -= is_busy
            self._go_on()
            while place in self._waiting:
                self._changed.wait()

    def _go_on(self):
        """Wake the thread with the earliest end once no thread is active."""
        if self._busy == 0 and self._waiting:
            self.now, _, is_busy = heapq.heappop(self._waiting)
            self._busy += is_busy
            self._changed.notify_all()

    @property
    def module(self):
        """Return the substitute for the module `time` where botocore waits."""
        return SimpleNamespace(sleep=self.sleep, time=self.time)
