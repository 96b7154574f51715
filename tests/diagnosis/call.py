"""One call to explain: by default, a correct call of `GET /transactions`."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from diagnosis.world import ALICE, API, CLIENT, POOL, REGION, Version, World, answers_of

from cognito_gw.diagnosis.call_case import CallCase
from cognito_gw.diagnosis.exchange import Answer, Sent, Target
from cognito_gw.diagnosis.rule import diagnose
from cognito_gw.diagnosis.rules import CALL_RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.oauth.tokens import Flaw

HOUR = 3600
HEALTHY = Version()
NOT_SIGNED = {"error": "MissingAuthenticationTokenException", "status": 403}


def issuer_of(pool_id):
    """Return the issuer of a pool, as AWS spells it."""
    return f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}"


def claims(**changes):
    """Return the claims of a valid ID token with changes; None removes a claim."""
    now = time.time()
    good = {
        "iss": issuer_of(POOL),
        "sub": "5f1c1b0e-6f0f-4b43-9d0e-3a9d2f9c0a11",
        "aud": CLIENT,
        "token_use": "id",
        "email": ALICE,
        "iat": now - 60,
        "exp": now + HOUR,
    } | changes
    return {name: value for name, value in good.items() if value is not None}


def access(**changes):
    """Return the claims that turn an ID token into an access token."""
    return {"token_use": "access", "aud": None, "client_id": CLIENT} | changes


def unsigned(content, header=None):
    """Return a JWT with an invalid signature."""
    parts = [{"alg": "RS256", "kid": "one"} | (header or {}), content]
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in parts
    ]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@dataclass(frozen=True)
class Call:
    """A request, its response, and the account that AWS describes."""

    claims: Mapping[str, Any] | None = field(default_factory=dict)  # None: no token
    form: str = "Bearer {}"  # added to the header's value
    header: str = "Authorization"
    verb: str = "GET"
    path: str = "/transactions"
    headers: tuple[tuple[str, str], ...] = ()
    status: int | None = 401  # None: the call was not sent
    error: str = "UnauthorizedException"  # empty: the function's own response
    message: str = ""
    answered: Mapping[str, str] = field(default_factory=dict)  # headers
    live: Version = HEALTHY
    draft: Version | None = None  # None: the deployed version
    log: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)  # replace the default
    target: Mapping[str, Any] = field(default_factory=dict)
    flaw: Flaw | None = None
    preflight: Answer | None = field(default_factory=lambda: Answer(204))

    @cached_property
    def token(self):
        """Return the token sent; every call returns the same one."""
        return None if self.claims is None else unsigned(claims(**self.claims))

    @property
    def sent(self):
        """Return the request."""
        own = [] if self.claims is None else [(self.header, self.form)]
        own = [(name, form.format(self.token)) for name, form in own]
        return Sent(self.verb, self.path, (*own, *self.headers))

    @property
    def answer(self):
        """Return the response, if there is one."""
        if self.status is None:
            return None
        named = {"x-amzn-errortype": self.error} if self.error else {}
        return Answer(self.status, self.message, named | dict(self.answered))

    def world(self):
        """Return the account."""
        now = int(time.time() * 1000)
        events = [
            {"eventId": str(i), "timestamp": now, "logStreamName": "one", "message": m}
            for i, m in enumerate(self.log)
        ]
        usual = answers_of(self.live, self.draft or self.live, events)
        return World(usual | dict(self.answers))

    def case(self, world=None, *, is_ours=True):
        """Return the input of the rules."""
        target = {"api_id": API, "stage": "dev", "url": "http://127.0.0.1:1"}
        target |= {"pool_id": POOL, "wants": "COGNITO_USER_POOLS"} if is_ours else {}
        pools = SimpleNamespace(flaw_of=lambda *_: self.flaw)
        target = Target(**target | {"is_ours": is_ours} | dict(self.target))
        case = CallCase(world or self.world(), pools, target, self.sent, self.answer)
        if self.preflight is not None:  # otherwise it is requested
            case.once("preflight", lambda: self.preflight)
        return case

    def diagnosed(self, world=None, *, is_ours=True):
        """Return the findings of all rules."""
        return diagnose(CALL_RULES, self.case(world, is_ours=is_ours))


def codes(diagnosis):
    """Return the codes of the causes in order."""
    return [cause.code for cause in diagnosis.causes]
