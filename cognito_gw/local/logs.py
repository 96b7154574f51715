"""CloudWatch Logs: what functions print, and the operations of log groups."""

from __future__ import annotations

import math
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local import events, moto_store
from cognito_gw.local.awslambda.runtime_api import LOG_TAIL
from cognito_gw.local.constraints import Violation, report
from cognito_gw.local.errors import invalid_parameter
from cognito_gw.local.operations import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.local.awslambda.lambda_store import Function
    from cognito_gw.local.events import Activity
    from cognito_gw.local.operations import Call


KEPT = 10_000  # newest lines of a log group


@dataclass(frozen=True, slots=True)
class Line:
    """One log event that CloudWatch Logs does not have yet."""

    stream: str
    timestamp: int  # milliseconds
    message: str


@dataclass
class LogQueue:
    """The lines that functions have printed since CloudWatch Logs took the last."""

    # By region and log group.
    _waiting: dict[tuple[str, str], deque[Line]] = field(default_factory=dict)

    def put(self, region: str, group: str, stream: str, message: str) -> None:
        """Queue a line for its log group."""
        lines = self._waiting.get((region, group))
        if lines is None:
            lines = self._waiting.setdefault((region, group), deque(maxlen=KEPT))
        lines.append(Line(stream, time.time_ns() // 1_000_000, message))

    @property
    def regions(self) -> set[str]:
        """The regions whose functions have printed something."""
        return {region for region, _ in list(self._waiting)}

    def take(self, region: str) -> Iterator[tuple[str, list[Line]]]:
        """Yield each log group of a region with its queued lines, and remove them."""
        for (where, group), lines in list(self._waiting.items()):
            if where == region and lines:
                # As many as there are now: another thread may add more meanwhile.
                yield group, [lines.popleft() for _ in range(len(lines))]


class Log:
    """Writes the log of a worker: for Invoke, CloudWatch Logs, and the console."""

    def __init__(self, function: Function, activity: Activity, queue: LogQueue) -> None:
        """Open a new stream of a function's log group."""
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self.stream = f"{day}/[$LATEST]{uuid.uuid4().hex}"
        self._function = function
        self._activity = activity
        self._queue = queue
        self._request_id = ""
        self._lines: deque[str] = deque(maxlen=LOG_TAIL)  # Invoke returns no more

    def open(self, request_id: str) -> None:
        """Assign the lines that follow to a call."""
        self._request_id = request_id

    def take(self) -> tuple[str, ...]:
        """Return and remove the lines written so far."""
        lines = tuple(self._lines)
        self._lines.clear()
        return lines

    def say(self, *lines: str) -> None:
        """Write lines."""
        function = self._function
        self._lines.extend(lines)
        for line in lines:
            self._queue.put(function.region, function.log_group, self.stream, line)
            self._activity.add(
                "log", function=function.name, line=line, request_id=self._request_id
            )
        events.write_log(*(f"[{function.name}] {line}" for line in lines))

    def init_start(self, version: str) -> None:
        """Write the line of a runtime that starts."""
        elsewhere = f"local; {self._function.runtime} on AWS"
        self.say(f"INIT_START Runtime Version: {version} ({elsewhere})")

    def start(self) -> None:
        """Write the line of a call that starts."""
        self.say(f"START RequestId: {self._request_id} Version: $LATEST")

    def end(
        self, duration: float, *, init: float | None, memory: int | None, status: str
    ) -> None:
        """Write the lines of a call that ended: times in ms, memory in MB if known."""
        billed = math.ceil(duration + (init or 0))
        facts = [
            f"RequestId: {self._request_id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self._function.memory} MB",
        ]
        if memory is not None:
            facts.append(f"Max Memory Used: {memory} MB")
        if init is not None:
            facts.append(f"Init Duration: {init:.2f} ms")
        if status:
            facts.append(status)
        report = "REPORT " + "\t".join(facts) + "\t"
        self.say(f"END RequestId: {self._request_id}", report)


@logs.refuses("PutRetentionPolicy")
def impossible_retention(call: Call) -> None:
    """Refuse a number of days that is not on the list: InvalidParameterException."""
    if (days := call["retentionInDays"]) not in aws_rules.LOG_RETENTIONS:
        options = f"Member must satisfy enum value set: {[*aws_rules.LOG_RETENTIONS]}"
        violation = Violation("retentionInDays", f"'{days}' ", options)
        raise invalid_parameter(report(violation))


@logs.refuses("CreateLogGroup")
def reserved_name(call: Call) -> None:
    """Refuse names that only AWS gives: InvalidParameterException."""
    if call["logGroupName"].lower().startswith("aws/"):
        raise invalid_parameter("Log groups starting with AWS/ are reserved for AWS.")


@logs.answers(
    "CreateLogGroup",
    "CreateLogStream",
    "DeleteLogGroup",
    "DeleteLogStream",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "GetLogEvents",
    "PutLogEvents",
    "StartQuery",
)
def printed_lines(call: Call) -> dict[str, Any]:
    """Include the lines that functions have printed until now; moto runs none."""
    _deliver(call.part(LogQueue), call.region)
    return call.forward()


@logs.answers("FilterLogEvents")
def events_in_order(call: Call) -> dict[str, Any]:
    """Sort the events of all streams by time, as AWS always does."""
    _deliver(call.part(LogQueue), call.region)
    return call.forward(interleaved=True)


def deliver_everywhere(queue: LogQueue) -> None:
    """Move waiting lines into their log groups, before these are saved."""
    for region in queue.regions:
        _deliver(queue, region)


def _deliver(queue: LogQueue, region: str) -> None:
    """Move waiting lines into their log groups, which Lambda creates if needed."""
    backend = moto_store.backend("logs", region)
    for name, lines in queue.take(region):
        backend.ensure_log_group(name)
        group = backend.groups[name]
        for stream, part in groupby(lines, attrgetter("stream")):
            backend.ensure_log_stream(name, stream)
            events = [
                {"timestamp": line.timestamp, "message": f"{line.message}\n"}
                for line in part
            ]
            group.put_log_events(stream, events)
        _forget_oldest(group)


def _forget_oldest(group: Any) -> None:
    """Keep a group small, as its events stay in memory."""
    surplus = sum(len(stream.events) for stream in group.streams.values())
    surplus -= KEPT
    for stream in list(group.streams.values()):
        if surplus <= 0:
            return
        surplus -= len(stream.events)
        # The newest events of a stream stay.
        stream.events = stream.events[surplus:] if surplus < 0 else []
        if not stream.events:
            del group.streams[stream.log_stream_name]
