"""What a function wrote while it was called."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.faults import absent_is_none
from cognito_gw.aws.log_events import POLL_SECONDS, LogReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.aws.log_events import LogEvent

_READINGS = 8  # CloudWatch Logs is some seconds behind
_LONGEST = 35.0  # seconds that a call can take, and a little more
_FUZZ = 2.0  # seconds: the answer's date has no fractions
_TIMED_OUT = re.compile(r"Task timed out after [\d.]+ seconds|(?<=\t)Status: timeout")
_ERROR = re.compile(
    r"\[ERROR\] [^\n]+|Runtime\.\w+[^\n]*|\w+(?:Error|Exception): [^\n]+"
    r"|Error: Runtime exited[^\n]*|Error Type: [^\n]+|[^\n]*signal: killed[^\n]*"
)
_RUNS_ON = re.compile(
    r"^INIT_START Runtime Version: (?P<here>\S+) \(local; (?P<there>\S+) on AWS\)",
    re.MULTILINE,
)
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*")  # causes are pasted into tickets
_ENDED = re.compile(r"^REPORT RequestId: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class FunctionLog:
    """The lines of one invocation; none where they did not arrive in time."""

    group: str
    text: str

    @classmethod
    def read(
        cls, aws: Aws, configuration: Mapping[str, Any], answered: float
    ) -> FunctionLog:
        """Read the log of a call that was `answered` then; wait for it to arrive."""
        name = str(configuration.get("FunctionName", ""))
        settings = configuration.get("LoggingConfig") or {}
        group = settings.get("LogGroup") or f"/aws/lambda/{name}"
        start = max(0, int((answered - _LONGEST) * 1000))
        reader = LogReader(aws.logs, name, group, start)
        events: list[LogEvent] = []
        for reading in range(_READINGS):
            with absent_is_none():  # Lambda makes the group when it first writes
                events += reader.read()
            if end := _end(events, answered - _FUZZ):
                return cls(group, _of(end, events))
            if reading == 0:
                aws.tell("waiting for the function's log")
            aws.sleep(POLL_SECONDS)
        return cls(group, "")

    @property
    def timeout(self) -> str | None:
        """In the runtime's words, that the function took too long."""
        for line in self.text.splitlines():
            if _record_in(line).get("status") == "timeout":
                return "status: timeout"
        found = _TIMED_OUT.search(self.text)
        return found[0].strip() if found else None

    @property
    def runs_on(self) -> str | None:
        """Which other version the local AWS runs, if the function began just now."""
        found = _RUNS_ON.search(self.text)
        if found is None:
            return None
        here, there = found["here"], found["there"]
        is_same = here.replace(":", "").startswith(f"{there.removesuffix('.x')}.")
        return None if is_same else f"{here} locally, {there} on AWS"

    @property
    def error(self) -> str | None:
        """The first line that tells of an error."""
        structured = [_error_in(line) for line in self.text.splitlines()]
        found = _ERROR.search(self.text)
        error = next(filter(None, structured), found[0].strip() if found else None)
        return error and _TOKEN.sub("(a token)", error)


def _end(events: list[LogEvent], since: float) -> LogEvent | None:
    """Return the end of the invocation that ended last, and not before."""
    late = [event for event in events if event.timestamp >= since * 1000]
    return next((event for event in reversed(late) if _ended(event)), None)


def _ended(event: LogEvent) -> str | None:
    """Return which invocation it reports the end of, if it does."""
    if found := _ENDED.search(event.message):
        return found[1]
    is_report = _json_in(event.message).get("type") == "platform.report"
    return _record_in(event.message).get("requestId") if is_report else None


def _of(end: LogEvent, events: list[LogEvent]) -> str:
    """Return the lines of one invocation, with those of an import that failed."""
    # An instance of a function runs one call at a time, and has a stream of its own.
    own = [event for event in events if event.stream == end.stream]
    last = own.index(end)
    before = [i for i, event in enumerate(own[:last]) if _ended(event)]
    lines = own[max(before, default=-1) + 1 : last + 1]
    return "\n".join(event.message.rstrip() for event in lines)


def _error_in(line: str) -> str | None:
    """Return the error of a line of a log in JSON."""
    entry = _json_in(line)
    if "errorType" not in entry:
        return None
    return f"{entry['errorType']}: {entry.get('errorMessage', '')}"


def _record_in(line: str) -> dict[str, Any]:
    """Return what Lambda itself writes, in a log in JSON."""
    entry = _json_in(line)
    record = entry.get("record")
    is_lambdas = str(entry.get("type")).startswith("platform.")
    return record if is_lambdas and isinstance(record, dict) else {}


def _json_in(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}
