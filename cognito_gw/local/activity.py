"""What happens in the local AWS, for those who watch: requests, logs, mails."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_KEPT = 500


@dataclass(frozen=True)
class Event:
    """One thing that happened: a `request`, a line of a `log`, or a `mail`."""

    id: int
    at: float  # seconds since 1970
    kind: str
    facts: dict[str, Any]


@dataclass
class Activity:
    """Keeps the latest events, and tells each to all who follow. Any thread may add."""

    _latest: deque[Event] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _ids: itertools.count[int] = field(default_factory=itertools.count)
    _followers: dict[asyncio.Queue[Event], asyncio.AbstractEventLoop] = field(
        default_factory=dict
    )

    def add(self, kind: str, **facts: Any) -> None:
        """Tell what happened."""
        event = Event(next(self._ids), time.time(), kind, facts)
        self._latest.append(event)
        for queue, loop in list(self._followers.items()):
            loop.call_soon_threadsafe(queue.put_nowait, event)

    def latest(self) -> list[Event]:
        """Return the latest events, oldest first."""
        return list(self._latest)

    async def follow(self) -> AsyncIterator[Event]:
        """Give each event from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._followers[queue] = asyncio.get_running_loop()
        try:
            while True:
                yield await queue.get()
        finally:
            del self._followers[queue]
