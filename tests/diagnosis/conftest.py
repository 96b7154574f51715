"""A user pool that publishes its keys, and the tokens that it signs."""

from __future__ import annotations

from concurrent.futures import Executor

import jwt
import pytest
from diagnosis.call import claims
from diagnosis.world import OTHER, POOL
from served import Served

from cognito_gw.diagnosis.exchange import Pools
from cognito_gw.local.cognito.tokens import Keys


class InTurn(Executor):
    """Does one thing after the other: threads are what a diagnosis costs."""

    def __init__(self, _):
        """Need no number of threads."""

    def map(self, do, things):
        """Return what comes of each thing."""
        return [do(thing) for thing in things]


@pytest.fixture(scope="module", autouse=True)
def in_turn():
    """Ask the rules without threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cognito_gw.diagnosis.rule.ThreadPoolExecutor", InTurn)
        yield


class Publisher:
    """Two user pools, whose documents a small server has."""

    def __init__(self, server):
        self.keys, self.server, self.asked = Keys(), server, []
        for pool_id in (POOL, OTHER):
            issuer = self.issuer(pool_id)
            server.pages |= {
                f"/{pool_id}/.well-known/openid-configuration": {
                    "issuer": issuer,
                    "jwks_uri": f"{issuer}/keys",
                },
                f"/{pool_id}/keys": self.keys.jwks(pool_id),
            }
        self.asked.clear()

    def issuer(self, pool_id):
        """Return the address of a pool, and note that it was requested."""
        self.asked.append(pool_id)
        return f"{self.server.url}/{pool_id}"

    @property
    def pools(self):
        """Return the pools as a case asks them."""
        return Pools(self.issuer)

    def signed(self, *, kid=None, key=None, algorithm="RS256", **changes):
        """Return an ID token that the pool signs."""
        issued = {"iss": f"{self.server.url}/{POOL}"} | changes
        own = self.keys.of(POOL, "id")
        headers = {"kid": kid or own.kid, "typ": None}
        private = own.private if algorithm == "RS256" and key is None else key
        return jwt.encode(
            claims(**issued), private, algorithm=algorithm, headers=headers
        )


@pytest.fixture(scope="module")
def published():
    """Pools for the tests of a file."""
    with Served() as server:
        yield Publisher(server)


@pytest.fixture
def publisher(published):
    """The same, of which nothing has been asked."""
    published.asked.clear()
    published.server.seen.clear()
    return published
