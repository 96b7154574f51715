"""Challenges of a sign-in: sessions that work once, SRP, and lockout."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cognito_gw.local.errors import not_authorized
from cognito_gw.oauth import srp
from cognito_gw.oauth.srp import G, N, SrpError, padded

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.cognito.directory import AppClient
    from cognito_gw.local.errors import AwsFault


_FREE_FAILURES = 5  # the last of them starts the first pause, of a second
_LONGEST_PAUSE = 900  # seconds; after a pause of this length all failures are forgotten


@dataclass
class _Failures:
    """The failures of one user since the last success."""

    count: int = 0
    locked_until: float = 0.0
    last_attempt: float = 0.0


@dataclass
class Lockout:
    """Counts failed attempts by user name, whether or not the user exists."""

    _clock: Callable[[], float] = time.time  # in seconds
    _failures: dict[str, _Failures] = field(default_factory=dict)

    def check(self, name: str) -> None:
        """Refuse an attempt during a pause."""
        if self.is_locked(name):
            raise not_authorized("Password attempts exceeded")

    def is_locked(self, name: str) -> bool:
        """Start an attempt. Return whether it is during a pause and does not count."""
        now = self._clock()
        self._forget(now)
        failures = self._failures.get(name)
        if failures is None:
            return False
        failures.last_attempt = now
        return now < failures.locked_until

    def failed(self, name: str) -> None:
        """Count a failure. From the fifth on, each doubles the pause."""
        now = self._clock()
        failures = self._failures.setdefault(name, _Failures())
        failures.count += 1
        failures.last_attempt = now
        if failures.count >= _FREE_FAILURES:
            pause = 2 ** min(failures.count - _FREE_FAILURES, 10)
            failures.locked_until = now + min(pause, _LONGEST_PAUSE)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a user who has signed in."""
        self._failures.pop(name, None)

    def _forget(self, now: float) -> None:
        """Drop users without an attempt for a quarter of an hour."""
        self._failures = {
            name: failures
            for name, failures in self._failures.items()
            if now - failures.last_attempt < _LONGEST_PAUSE
        }


_TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[1-9]\d? \d\d:\d\d:\d\d UTC \d{4}"
)


@dataclass(frozen=True)
class Exchange:
    """One SRP exchange, from the challenge to the proof."""

    pool_name: str  # of the user pool ID, the part after the underscore
    user_id: str
    password: str = field(repr=False)
    client_public: int  # A
    salt: int = field(default_factory=lambda: secrets.randbits(128))
    secret: int = field(default_factory=lambda: secrets.randbits(1024), repr=False)
    secret_block: bytes = field(default_factory=lambda: secrets.token_bytes(768))

    @cached_property
    def server_public(self) -> int:
        """B, which does not reveal whether the password is right."""
        return (srp.multiplier() * self._verifier() + pow(G, self.secret, N)) % N

    def challenge(self) -> dict[str, str]:
        """Return the parameters of PASSWORD_VERIFIER."""
        return {
            "SALT": padded(self.salt).hex(),
            "SRP_B": padded(self.server_public).hex(),
            "SECRET_BLOCK": base64.b64encode(self.secret_block).decode(),
            "USER_ID_FOR_SRP": self.user_id,
            "USERNAME": self.user_id,
        }

    def proves(self, timestamp: str, signature: str) -> bool:
        """Whether the signature shows that the client knows the password."""
        if not _TIMESTAMP.fullmatch(timestamp):
            raise SrpError(
                "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."
            )
        expected = srp.proof(
            self._key, self.pool_name, self.user_id, self.secret_block, timestamp
        )
        return hmac.compare_digest(base64.b64encode(expected), signature.encode())

    def _verifier(self) -> int:
        private = srp.private_number(
            self.pool_name, self.user_id, self.password, self.salt
        )
        return pow(G, private, N)

    @cached_property
    def _key(self) -> bytes:
        scrambling = srp.scramble(self.client_public, self.server_public)
        base = self.client_public * pow(self._verifier(), scrambling, N)
        return srp.session_key(pow(base, self.secret, N), scrambling)


def public_number(text: str) -> int:
    """Read the client's A. Refuse one that would make the shared key predictable."""
    number = srp.public_number(text, "SRP_A")
    if number >= N:
        raise SrpError("SRP_A is out of range.")
    return number


_SESSION_MINUTES = 3
_MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Challenge:
    """A challenge to the client, with the fields of InitiateAuth's answer."""

    name: str
    session: str
    parameters: dict[str, str]
    available: list[str] | None = None  # of SELECT_CHALLENGE


@dataclass(frozen=True)
class Subject:
    """The user who signs in, or a name without a user, which stays secret."""

    username: str  # without a user, a made-up one
    stamp: str | None = None  # of the user at the start; None without a user
    typed: str = ""  # the name as entered
    has_shown_password: bool = False


@dataclass
class Pending:
    """A sign-in in progress, which waits for the answer to a challenge."""

    client_id: str
    subject: Subject
    challenge: str
    expires_at: float
    exchange: Exchange | None = field(default=None, repr=False)
    attempts: int = 0


@dataclass
class Challenges:
    """The sign-ins in progress, by session."""

    _pending: dict[str, Pending] = field(default_factory=dict)
    _spent: dict[str, float] = field(default_factory=dict)  # their expiry times

    def ask(
        self,
        client: AppClient,
        subject: Subject,
        name: str,
        parameters: dict[str, str],
        available: list[str] | None = None,
    ) -> Challenge:
        """Start a challenge under a new session."""
        session = secrets.token_urlsafe(96)
        self._wait(client, session, subject, name)
        return Challenge(name, session, parameters, available)

    def ask_proof(
        self, client: AppClient, subject: Subject, exchange: Exchange
    ) -> Challenge:
        """Ask for the SRP proof. Clients return the secret block as the session."""
        parameters = exchange.challenge()
        session = parameters["SECRET_BLOCK"]
        self._wait(client, session, subject, "PASSWORD_VERIFIER").exchange = exchange
        return Challenge("PASSWORD_VERIFIER", session, parameters)

    def find(self, client: AppClient, name: str, session: str | None) -> Pending:
        """Return the sign-in of a session, and count an attempt to answer.

        Raises AwsFault for a session that is not valid here.
        """
        pending = self.look(client, name, session)
        pending.attempts += 1
        if pending.attempts > _MOST_ATTEMPTS:
            raise not_authorized("Invalid session for the user, too many attempts.")
        return pending

    def look(self, client: AppClient, name: str, session: str | None) -> Pending:
        """Return the sign-in of a session, without an attempt to answer."""
        if session in self._spent:
            raise not_authorized(
                "Invalid session for the user, session can only be used once."
            )
        pending = self._pending.get(session or "")
        asked = pending and (pending.client_id, pending.challenge)
        if pending is None or asked != (client.id, name):
            raise not_for_this_user()
        if pending.expires_at < time.time():
            raise not_authorized("Invalid session for the user, session is expired.")
        return pending

    def peek(self, session: str | None) -> Pending | None:
        """Return the sign-in of a session, if it has not expired."""
        pending = self._pending.get(session or "")
        return pending if pending and pending.expires_at > time.time() else None

    def spend(self, session: str) -> None:
        """End a session whose challenge is answered."""
        self._spent[session] = self._pending.pop(session).expires_at

    def _wait(
        self, client: AppClient, session: str, subject: Subject, name: str
    ) -> Pending:
        self._forget_the_old()
        minutes = client.settings.get("AuthSessionValidity") or _SESSION_MINUTES
        pending = Pending(client.id, subject, name, time.time() + minutes * 60)
        self._pending[session] = pending
        return pending

    def _forget_the_old(self) -> None:
        """Drop what expired an hour ago. Until then the refusal gives the reason."""
        limit = time.time() - 3600
        while self._pending and next(iter(self._pending.values())).expires_at < limit:
            del self._pending[next(iter(self._pending))]
        while self._spent and next(iter(self._spent.values())) < limit:
            del self._spent[next(iter(self._spent))]


def not_for_this_user() -> AwsFault:
    """Return the refusal of another user's session, or of a deleted user's."""
    return not_authorized("Invalid session for the user.")
