"""One call: its target, request and response, and the function's log."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.aws.log_events import POLL_SECONDS, LogReader
from cognito_gw.diagnosis.denials import denial_in
from cognito_gw.oauth.app_client import discover
from cognito_gw.oauth.request import message_in
from cognito_gw.oauth.tokens import Keys, claims_of
from cognito_gw.text import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from cognito_gw.aws.clients import Aws
    from cognito_gw.aws.log_events import LogEvent
    from cognito_gw.diagnosis.denials import Denial
    from cognito_gw.oauth.tokens import Flaw


# The usual status of API Gateway's own errors; an API can give them another one.
_MEANINGS = {
    "AuthorizerConfigurationException": HTTPStatus.INTERNAL_SERVER_ERROR,
    "UnauthorizedException": HTTPStatus.UNAUTHORIZED,
    "MissingAuthenticationTokenException": HTTPStatus.FORBIDDEN,
    "IncompleteSignatureException": HTTPStatus.FORBIDDEN,
    "ForbiddenException": HTTPStatus.FORBIDDEN,
    "TooManyRequestsException": HTTPStatus.TOO_MANY_REQUESTS,
    "LimitExceededException": HTTPStatus.TOO_MANY_REQUESTS,
}
# Fetch standard: headers that browsers set, and that pages may always set.
_BROWSERS_OWN = re.compile(
    r"accept-charset|accept-encoding|access-control-.*|connection|content-length|"
    r"cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|"
    r"transfer-encoding|upgrade|user-agent|via|proxy-.*|sec-.*",
    re.IGNORECASE,
)
_ALWAYS_ALLOWED = ("accept", "accept-language", "content-language", "range")
_FORM_TYPES = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
)
_BEARER = re.compile(r"(?:Bearer )?([^\s,]+)")


@dataclass(frozen=True)
class Sent:
    """One request; `path` is without the stage, perhaps with a query."""

    verb: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def bare_path(self) -> str:
        """The path without query and fragment."""
        return re.split(r"[?#]", self.path, maxsplit=1)[0]

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next(
            (value for key, value in self.headers if key.lower() == name.lower()), None
        )

    def count(self, name: str) -> int:
        """Return the number of headers of that name."""
        return sum(key.lower() == name.lower() for key, _ in self.headers)

    def token_in(self, name: str) -> str | None:
        """Return the token in a header as the authorizer reads it, malformed or not."""
        value = (self.header(name) or "").strip()
        found = _BEARER.fullmatch(value)
        return (found[1] if found else value) or None

    @property
    def token_headers(self) -> list[str]:
        """The names of the headers that contain a JWT."""
        return [
            name
            for name, value in self.headers
            if value.split() and claims_of(value.split()[-1])
        ]


@dataclass(frozen=True)
class Answer:
    """One response; `at` is the server's time, in seconds since the epoch."""

    status: int
    message: str = ""  # in API Gateway's JSON body
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    at: float = field(default_factory=time.time)

    @classmethod
    def of(cls, response: httpx.Response) -> Answer:
        """Read an HTTP response."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        at = _time_in(headers.get("date", ""))
        return cls(response.status_code, message_in(response), headers, at)

    @property
    def error_type(self) -> str:
        """API Gateway's name of its error; empty for a function's response."""
        return self.headers.get("x-amzn-errortype", "").partition(":")[0]

    @property
    def is_functions(self) -> bool:
        """Whether a function surely responded: API Gateway adds its trace ID then."""
        return not self.error_type and "x-amzn-trace-id" in self.headers

    @property
    def meaning(self) -> int:
        """The default status of this error, which an API can change."""
        return int(_MEANINGS.get(self.error_type, self.status))


def is_asked_for(name: str, value: str) -> bool:
    """Return whether a page needs a CORS preflight to set this header."""
    if name.lower() == "content-type":
        return value.partition(";")[0].strip().lower() not in _FORM_TYPES
    return not _BROWSERS_OWN.fullmatch(name) and name.lower() not in _ALWAYS_ALLOWED


def _time_in(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (OverflowError, TypeError, ValueError):
        return time.time()


@dataclass(frozen=True)
class Target:
    """The stage that was called, and what the file says about it."""

    api_id: str
    stage: str
    url: str
    pool_id: str | None = None  # the file's user pool
    wants: str | None = None  # the route's authorizationType in the file
    header: str | None = None  # of the token, in the file
    origins: tuple[str, ...] = ()  # that the file allows
    is_ours: bool = False  # created by cgw, so that its commands can fix it
    # Where the file has the permissions of each function, by the function's name.
    permissions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pools:
    """The addresses of user pools' documents."""

    issuer: Callable[[str], str]  # of a pool's id
    tell: Callable[[str], None] = lambda _: None

    def flaw_of(self, token: str, pool_id: str, at: float | None) -> Flaw | None:
        """Return what is wrong with a token, verified with its user pool's keys."""
        keys = Keys(discover(self.issuer(pool_id), self.tell), self.tell)
        return keys.flaw_of(token, at)


_READINGS = 8  # CloudWatch Logs is a few seconds late
_LONGEST = 35.0  # seconds: more than a call can take
_FUZZ = 2.0  # seconds: a response's date has no fractions
_TIMED_OUT = re.compile(r"Task timed out after [\d.]+ seconds|(?<=\t)Status: timeout")
_ERROR = re.compile(
    r"\[ERROR\] [^\n]+|Runtime\.\w+[^\n]*|\w+(?:Error|Exception): [^\n]+"
    r"|Error: Runtime exited[^\n]*|Error Type: [^\n]+|[^\n]*signal: killed[^\n]*"
)
_RUNS_ON = re.compile(
    r"^INIT_START Runtime Version: (?P<here>\S+) \(local; (?P<there>\S+) on AWS\)",
    re.MULTILINE,
)
_TOKEN = re.compile(
    r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*"
)  # users paste causes into tickets
_ENDED = re.compile(r"^REPORT RequestId: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class FunctionLog:
    """The log lines of one invocation; empty if they did not arrive in time."""

    group: str
    text: str

    @classmethod
    def read(
        cls, aws: Aws, configuration: Mapping[str, Any], answered: float
    ) -> FunctionLog:
        """Wait for the log of a call, and read it; `answered` is its time."""
        name = str(configuration.get("FunctionName", ""))
        settings = configuration.get("LoggingConfig") or {}
        group = settings.get("LogGroup") or f"/aws/lambda/{name}"
        start = max(0, int((answered - _LONGEST) * 1000))
        reader = LogReader(aws.logs, name, group, start)
        events: list[LogEvent] = []
        for reading in range(_READINGS):
            with absent_is_none():  # Lambda creates the group with the first event
                events += reader.read()
            if end := _end(events, answered - _FUZZ):
                return cls(group, _of(end, events))
            if reading == 0:
                aws.tell("waiting for the function's log")
            aws.sleep(POLL_SECONDS)
        return cls(group, "")

    @property
    def timeout(self) -> str | None:
        """The log's message that the function timed out."""
        for line in self.text.splitlines():
            if _record_in(line).get("status") == "timeout":
                return "status: timeout"
        found = _TIMED_OUT.search(self.text)
        return found[0].strip() if found else None

    @property
    def denial(self) -> Denial | None:
        """The first call of AWS that IAM did not allow."""
        return denial_in(self.text)

    @property
    def runs_on(self) -> str | None:
        """The runtime versions, if the local AWS runs another one than AWS."""
        found = _RUNS_ON.search(self.text)
        if found is None:
            return None
        here, there = found["here"], found["there"]
        is_same = here.replace(":", "").startswith(f"{there.removesuffix('.x')}.")
        return None if is_same else f"{here} locally, {there} on AWS"

    @property
    def error(self) -> str | None:
        """The first error in the log."""
        structured = [_error_in(line) for line in self.text.splitlines()]
        found = _ERROR.search(self.text)
        error = next(filter(None, structured), found[0].strip() if found else None)
        return error and _TOKEN.sub("(a token)", error)


def _end(events: list[LogEvent], since: float) -> LogEvent | None:
    """Return the end of the last invocation that ended after `since`."""
    late = [event for event in events if event.timestamp >= since * 1000]
    return next((event for event in reversed(late) if _ended(event)), None)


def _ended(event: LogEvent) -> str | None:
    """Return the ID of the invocation whose end it reports, if it does."""
    if found := _ENDED.search(event.message):
        return found[1]
    is_report = json_object(event.message).get("type") == "platform.report"
    return _record_in(event.message).get("requestId") if is_report else None


def _of(end: LogEvent, events: list[LogEvent]) -> str:
    """Return the lines of one invocation, including a failed import's."""
    # An instance of a function runs one call at a time, and has its log stream.
    own = [event for event in events if event.stream == end.stream]
    last = own.index(end)
    before = [i for i, event in enumerate(own[:last]) if _ended(event)]
    lines = own[max(before, default=-1) + 1 : last + 1]
    return "\n".join(event.message.rstrip() for event in lines)


def _error_in(line: str) -> str | None:
    """Return the error in a line of a JSON log."""
    entry = json_object(line)
    if "errorType" not in entry:
        return None
    return f"{entry['errorType']}: {entry.get('errorMessage', '')}"


def _record_in(line: str) -> dict[str, Any]:
    """Return the record that Lambda itself writes to a JSON log."""
    entry = json_object(line)
    record = entry.get("record")
    is_lambdas = str(entry.get("type")).startswith("platform.")
    return record if is_lambdas and isinstance(record, dict) else {}
