"""Challenges: what a sign-in waits for, each under a session that works once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.identity.directory import AppClient
    from cognito_gw.local.identity.srp import Exchange

_SESSION_MINUTES = 3
_MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Challenge:
    """A question to the client, in the words of InitiateAuth's answer."""

    name: str
    session: str
    parameters: dict[str, str]
    available: list[str] | None = None  # of SELECT_CHALLENGE


@dataclass(frozen=True)
class Subject:
    """Who signs in: a user, or a name that no user has, which is kept secret."""

    username: str  # or, without a user, one that is made up
    stamp: str | None = None  # the user's when the sign-in began; None without a user
    typed: str = ""  # the name as it was given
    has_shown_password: bool = False


@dataclass
class Pending:
    """A sign-in that waits for the answer to a challenge."""

    client_id: str
    subject: Subject
    challenge: str
    expires_at: float
    exchange: Exchange | None = field(default=None, repr=False)
    attempts: int = 0


@dataclass
class Challenges:
    """The sign-ins that wait, by session."""

    _pending: dict[str, Pending] = field(default_factory=dict)
    _spent: dict[str, float] = field(default_factory=dict)  # when it would have ended

    def ask(
        self,
        client: AppClient,
        subject: Subject,
        name: str,
        parameters: dict[str, str],
        available: list[str] | None = None,
    ) -> Challenge:
        """Ask a question, under a new session."""
        session = secrets.token_urlsafe(96)
        self._wait(client, session, subject, name)
        return Challenge(name, session, parameters, available)

    def ask_proof(
        self, client: AppClient, subject: Subject, exchange: Exchange
    ) -> Challenge:
        """Ask for SRP's proof, for which clients send the secret block back alone."""
        parameters = exchange.challenge()
        session = parameters["SECRET_BLOCK"]
        self._wait(client, session, subject, "PASSWORD_VERIFIER").exchange = exchange
        return Challenge("PASSWORD_VERIFIER", session, parameters)

    def find(self, client: AppClient, name: str, session: str | None) -> Pending:
        """Return what waits under a session; refuse one that is not good for this.

        The answer to it counts as an attempt.
        """
        pending = self.look(client, name, session)
        pending.attempts += 1
        if pending.attempts > _MOST_ATTEMPTS:
            raise _invalid("Invalid session for the user, too many attempts.")
        return pending

    def look(self, client: AppClient, name: str, session: str | None) -> Pending:
        """Return what waits under a session, without an attempt to answer it."""
        if session in self._spent:
            raise _invalid(
                "Invalid session for the user, session can only be used once."
            )
        pending = self._pending.get(session or "")
        asked = pending and (pending.client_id, pending.challenge)
        if pending is None or asked != (client.id, name):
            raise not_for_this_user()
        if pending.expires_at < time.time():
            raise _invalid("Invalid session for the user, session is expired.")
        return pending

    def peek(self, session: str | None) -> Pending | None:
        """Return what waits under a session, if it still does."""
        pending = self._pending.get(session or "")
        return pending if pending and pending.expires_at > time.time() else None

    def spend(self, session: str) -> None:
        """End a session: its question is answered."""
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
        """Drop what expired an hour ago; until then one is told that it did."""
        limit = time.time() - 3600
        while self._pending and next(iter(self._pending.values())).expires_at < limit:
            del self._pending[next(iter(self._pending))]
        while self._spent and next(iter(self._spent.values())) < limit:
            del self._spent[next(iter(self._spent))]


def not_for_this_user() -> AwsFault:
    """Return the refusal of a session that is another's, or whose user is gone."""
    return _invalid("Invalid session for the user.")


def _invalid(message: str) -> AwsFault:
    return AwsFault("NotAuthorizedException", message)
