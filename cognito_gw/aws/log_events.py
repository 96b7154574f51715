"""Log events of functions in CloudWatch Logs: read once, or followed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.responses import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLL_SECONDS = 1.0
_LATE = 10_000  # ms; CloudWatch may return an event after a newer one


@dataclass(frozen=True)
class LogEvent:
    """One event of a function's log group."""

    function: str
    timestamp: int  # ms since 1970
    stream: str
    message: str


@dataclass
class LogReader:
    """Reads the new events of a log group at each call."""

    logs: Any  # a client of CloudWatch Logs
    function: str
    group: str
    start: int  # ms since 1970
    _seen: dict[str, int] = field(default_factory=dict)  # event ID to timestamp

    def read(self) -> list[LogEvent]:
        """Return the events since the last call, oldest first."""
        request = {"logGroupName": self.group, "startTime": self.start}
        events = listed(self.logs, "filter_log_events", "events", **request)
        fresh = [event for event in events if event["eventId"] not in self._seen]
        self._seen |= {event["eventId"]: event["timestamp"] for event in fresh}
        newest = max(self._seen.values(), default=self.start)
        self.start = max(self.start, newest - _LATE)
        self._seen = {id_: at for id_, at in self._seen.items() if at >= self.start}
        return [self._event(event) for event in fresh]

    def _event(self, event: dict[str, Any]) -> LogEvent:
        stream, message = event["logStreamName"], event["message"]
        return LogEvent(self.function, event["timestamp"], stream, message)


def read_all(readers: list[LogReader]) -> list[LogEvent]:
    """Return the new events of several log groups, oldest first."""
    with ThreadPoolExecutor(len(readers)) as pool:
        batches = list(pool.map(LogReader.read, readers))
    events = [event for batch in batches for event in batch]
    return sorted(events, key=attrgetter("timestamp"))


def follow(
    readers: list[LogReader], sleep: Callable[[float], None]
) -> Iterator[LogEvent]:
    """Yield the current events, and then each new one, without end."""
    while True:
        yield from read_all(readers)
        sleep(POLL_SECONDS)
