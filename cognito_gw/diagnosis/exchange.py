"""What was sent to the API, and what came back."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.oauth.request import message_in
from cognito_gw.oauth.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

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
