"""Events of the local AWS, for its page and for saving, and the server's log."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


_KEPT = 200  # of each kind, so that a function that logs a lot hides no mail
_WAITING = 1000  # for a slow follower; more is dropped


@dataclass(frozen=True)
class Event:
    """A `request`, a line of a `log`, a `mail`, or a `change`."""

    id: int
    at: float  # seconds since 1970
    kind: str
    facts: dict[str, Any]


def _microseconds() -> itertools.count[int]:
    """Count up from the clock, so that ids also rise over a restart."""
    return itertools.count(time.time_ns() // 1000)


@dataclass
class Activity:
    """Keeps the latest events and sends each to all followers. Thread-safe."""

    _latest: dict[str, deque[Event]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_KEPT))
    )
    _ids: itertools.count[int] = field(default_factory=_microseconds)
    _followers: dict[asyncio.Queue[Event | None], asyncio.AbstractEventLoop] = field(
        default_factory=dict
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, **facts: Any) -> None:
        """Record an event and send it to the followers."""
        with self._lock:
            event = Event(next(self._ids), time.time(), kind, facts)
            self._latest[kind].append(event)
            self._send(event)

    def latest(self, after: int = 0) -> list[Event]:
        """Return the latest events with ids above `after`, oldest first."""
        with self._lock:
            kept = [event for kind in self._latest.values() for event in kind]
        newer = (event for event in kept if event.id > after)
        return sorted(newer, key=lambda event: event.id)

    @property
    def last_id(self) -> int:
        """The id of the latest event, or 0."""
        return max((kind[-1].id for kind in list(self._latest.values())), default=0)

    async def follow(self, after: int | None = None) -> AsyncGenerator[Event, None]:
        """Yield the events from now on, or with ids above `after`, until closed."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._followers[queue] = asyncio.get_running_loop()
        last = self.last_id if after is None else after
        try:
            for event in self.latest(last):
                yield event
                last = event.id
            while (coming := await queue.get()) is not None:
                if coming.id > last:
                    yield coming
        finally:
            del self._followers[queue]

    def close(self) -> None:
        """End all followers."""
        self._send(None)

    def _send(self, event: Event | None) -> None:
        for queue, loop in list(self._followers.items()):
            loop.call_soon_threadsafe(_put, queue, event)


def _put(queue: asyncio.Queue[Event | None], event: Event | None) -> None:
    if event is None or queue.qsize() < _WAITING:
        queue.put_nowait(event)


def write_log(*lines: str) -> None:
    """Write lines, and ignore a log that cannot be written.

    Paths, claims and output of functions come from callers: each stays on one line.
    A call of an API writes four, and `logging` would take longer than the authorizer.
    """
    now = time.time()
    seconds = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    stamp = f"{seconds},{int(now % 1 * 1000):03d}"
    with suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{stamp} {one_line(line)}\n" for line in lines))


class LogFormatter(logging.Formatter):
    """Writes each message of the `logging` module on one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        """Return the line."""
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's
        """Return the traceback, whose last line may quote a caller's text."""
        return printable(super().formatException(ei))
