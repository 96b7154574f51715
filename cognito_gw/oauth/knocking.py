"""What is tried on a route, and which answer each try must have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.oauth.forgery import forgeries
from cognito_gw.oauth.request import send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REFUSED, LET_IN, SHARED, UNSHARED = "401", "let in", "CORS headers", "403"
_VARIABLE = re.compile(r"\{[^}]+\}")
_SHUT = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True)
class Door:
    """A route as the file wants it, and the tokens to try; None: not to be had."""

    verb: str
    path: str
    scopes: tuple[str, ...] = ()
    origin: str | None = None  # that CORS lets in
    is_secured: bool = False
    id_token: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)  # without the scopes
    scoped_token: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The route as the file spells it."""
        return f"{self.verb} {self.path}"


@dataclass(frozen=True)
class Knock:
    """One try: a request, and the answer that it must have."""

    door: Door
    case: str
    expected: str
    token: str | None = field(default=None, repr=False)
    is_preflight: bool = False

    def case_at(self, url: str, header: str) -> dict[str, Any]:
        """Try it on the stage at `url`, the token in `header`; return what came of it.

        JSON-ready: route, case, expected, got, ok.
        """
        verb = "GET" if self.door.verb == "ANY" else self.door.verb
        # A path variable of any value will do: whether one gets in is the question.
        path = _VARIABLE.sub("cgw-check", self.door.path)
        headers = [(header, self.token)] if self.token else []
        if self.is_preflight:
            asked = [("Access-Control-Request-Method", verb)]
            headers = [("Origin", self.door.origin or "https://example.com"), *asked]
            verb = "OPTIONS"
        response = send(verb, f"{url}{path}", headers, [], None)
        shares = "access-control-allow-origin" in response.headers
        got = str(response.status_code)
        if self.is_preflight and response.is_success and shares:
            got = SHARED
        return {
            "route": self.door.name,
            "case": self.case,
            "expected": self.expected,
            "got": got,
            "ok": self._fits(response.status_code, got),
        }

    def _fits(self, status: int, got: str) -> bool:
        if self.expected != LET_IN:
            return got == self.expected
        return status not in _SHUT and status < HTTPStatus.INTERNAL_SERVER_ERROR


def knocks(door: Door) -> Iterator[Knock]:
    """Yield all that is to be tried on a route."""
    if door.is_secured:
        yield from _on_secured(door)
    else:
        yield Knock(door, "no token", LET_IN)
    if door.verb != "OPTIONS":
        expected = SHARED if door.origin else UNSHARED
        yield Knock(door, "CORS preflight", expected, is_preflight=True)


def _on_secured(door: Door) -> Iterator[Knock]:
    right = door.scoped_token if door.scopes else door.id_token
    other = door.id_token if door.scopes else door.access_token
    yield Knock(door, "no token", REFUSED)
    base = right or other or door.access_token or ""
    for case, token in forgeries(base).items():
        yield Knock(door, case, REFUSED, token)
    yield from _with(door, "other token type", REFUSED, other)
    if door.scopes:
        yield from _with(door, "without the scope", REFUSED, door.access_token)
    yield from _with(door, "right token", LET_IN, right)


def _with(door: Door, case: str, expected: str, token: str | None) -> Sequence[Knock]:
    return [Knock(door, case, expected, token)] if token else []
