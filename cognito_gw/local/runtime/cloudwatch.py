"""What functions print, on its way into CloudWatch Logs.

A line waits here until somebody asks CloudWatch: so it costs a call next to nothing,
and is handed over where moto's objects may be touched. moto has those once per process
too.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = 10_000  # the newest lines of a log group


@dataclass(frozen=True, slots=True)
class Line:
    """One log event to be."""

    stream: str
    timestamp: int  # milliseconds
    message: str


_waiting: dict[tuple[str, str], deque[Line]] = {}


def put(region: str, group: str, stream: str, message: str) -> None:
    """Let a line wait for its log group."""
    lines = _waiting.get((region, group))
    if lines is None:
        lines = _waiting.setdefault((region, group), deque(maxlen=KEPT))
    lines.append(Line(stream, time.time_ns() // 1_000_000, message))


def regions() -> set[str]:
    """Return where lines wait."""
    return {region for region, _ in list(_waiting)}


def take(region: str) -> Iterator[tuple[str, list[Line]]]:
    """Give each log group of a region with the lines that wait for it."""
    for (where, group), lines in list(_waiting.items()):
        if where == region and lines:
            # As many as there are now: one thread takes while another puts.
            yield group, [lines.popleft() for _ in range(len(lines))]
