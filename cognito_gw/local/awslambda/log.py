"""The log stream of a worker, and its way into CloudWatch Logs."""

from __future__ import annotations

import math
import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.local import server_log
from cognito_gw.local.awslambda.runtime_api import LOG_TAIL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.local.awslambda.lambda_store import Function
    from cognito_gw.local.events import Activity


KEPT = 10_000  # newest lines of a log group


@dataclass(frozen=True, slots=True)
class Line:
    """One log event that CloudWatch Logs does not have yet."""

    stream: str
    timestamp: int  # milliseconds
    message: str


class LogQueue:
    """The lines that functions have printed since CloudWatch Logs took the last."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: dict[tuple[str, str], deque[Line]] = {}

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
        server_log.write(*(f"[{function.name}] {line}" for line in lines))

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
