"""One call: its target, what was sent, what came back, and what the function logged."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.aws.log_events import POLL_SECONDS, LogReader
from cognito_gw.oauth.app_client import discover
from cognito_gw.oauth.request import message_in
from cognito_gw.oauth.tokens import Keys, claims_of
from cognito_gw.text import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from cognito_gw.aws.clients import Aws
    from cognito_gw.aws.log_events import LogEvent
    from cognito_gw.oauth.tokens import Flaw


# What the gateway means by its own answers, whatever status the API gives them.
_MEANINGS = {
    "AuthorizerConfigurationException": HTTPStatus.INTERNAL_SERVER_ERROR,
    "UnauthorizedException": HTTPStatus.UNAUTHORIZED,
    "MissingAuthenticationTokenException": HTTPStatus.FORBIDDEN,
    "IncompleteSignatureException": HTTPStatus.FORBIDDEN,
    "ForbiddenException": HTTPStatus.FORBIDDEN,
    "TooManyRequestsException": HTTPStatus.TOO_MANY_REQUESTS,
    "LimitExceededException": HTTPStatus.TOO_MANY_REQUESTS,
}
# Of the Fetch standard: what browsers set themselves, and what pages may always set.
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
        """The path by which the API routes it."""
        return re.split(r"[?#]", self.path, maxsplit=1)[0]

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next(
            (value for key, value in self.headers if key.lower() == name.lower()), None
        )

    def count(self, name: str) -> int:
        """Return how many headers of that name there are."""
        return sum(key.lower() == name.lower() for key, _ in self.headers)

    def token_in(self, name: str) -> str | None:
        """Return the token in a header, as the authorizer reads it: maybe malformed."""
        value = (self.header(name) or "").strip()
        found = _BEARER.fullmatch(value)
        return (found[1] if found else value) or None

    @property
    def token_headers(self) -> list[str]:
        """The names of the headers that carry a JWT."""
        return [
            name
            for name, value in self.headers
            if value.split() and claims_of(value.split()[-1])
        ]


@dataclass(frozen=True)
class Answer:
    """One answer; `at` is the server's time, in seconds since the epoch."""

    status: int
    message: str = ""  # of the gateway's JSON body
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    at: float = field(default_factory=time.time)

    @classmethod
    def of(cls, response: httpx.Response) -> Answer:
        """Read what came back."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        at = _time_in(headers.get("date", ""))
        return cls(response.status_code, message_in(response), headers, at)

    @property
    def error_type(self) -> str:
        """The gateway's own name of the error; empty for a function's answer."""
        return self.headers.get("x-amzn-errortype", "").partition(":")[0]

    @property
    def is_functions(self) -> bool:
        """Whether a function surely gave it: API Gateway adds its trace then."""
        return not self.error_type and "x-amzn-trace-id" in self.headers

    @property
    def meaning(self) -> int:
        """The status that the gateway gives this error where nobody changed it."""
        return int(_MEANINGS.get(self.error_type, self.status))


def is_asked_for(name: str, value: str) -> bool:
    """Whether a page may set a header only where a CORS preflight allows it."""
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
    """The stage that was called, and what is known of it without asking AWS."""

    api_id: str
    stage: str
    url: str
    pool_id: str | None = None  # the user pool whose tokens are meant to be good
    wants: str | None = None  # how the file guards the route, as authorizationType
    header: str | None = None  # that carries the token, as the file has it
    origins: tuple[str, ...] = ()  # that the file lets in
    is_ours: bool = False  # made by cgw, so that its commands mend it


@dataclass(frozen=True)
class Pools:
    """Where the documents of user pools are."""

    issuer: Callable[[str], str]  # of a pool's id
    tell: Callable[[str], None] = lambda _: None

    def flaw_of(self, token: str, pool_id: str, at: float | None) -> Flaw | None:
        """Return what is wrong with a token of a pool, by its keys."""
        keys = Keys(discover(self.issuer(pool_id), self.tell), self.tell)
        return keys.flaw_of(token, at)


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
    is_report = json_object(event.message).get("type") == "platform.report"
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
    entry = json_object(line)
    if "errorType" not in entry:
        return None
    return f"{entry['errorType']}: {entry.get('errorMessage', '')}"


def _record_in(line: str) -> dict[str, Any]:
    """Return what Lambda itself writes, in a log in JSON."""
    entry = json_object(line)
    record = entry.get("record")
    is_lambdas = str(entry.get("type")).startswith("platform.")
    return record if is_lambdas and isinstance(record, dict) else {}
