"""A user pool that publishes its keys, and tokens signed by it."""

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
    """Run tasks one by one; starting threads is the slowest part of a diagnosis."""

    def __init__(self, _):
        """Ignore the number of threads."""

    def map(self, do, things):
        """Return the result for each item."""
        return [do(thing) for thing in things]


@pytest.fixture(scope="module", autouse=True)
def in_turn():
    """Run the rules without threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cognito_gw.diagnosis.rule.ThreadPoolExecutor", InTurn)
        yield


class Publisher:
    """Two user pools whose documents a small server publishes."""

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
        """Return the issuer of a pool, and record the request."""
        self.asked.append(pool_id)
        return f"{self.server.url}/{pool_id}"

    @property
    def pools(self):
        """Return the pools as a case reads them."""
        return Pools(self.issuer)

    def signed(self, *, kid=None, key=None, algorithm="RS256", **changes):
        """Return an ID token signed by the pool."""
        issued = {"iss": f"{self.server.url}/{POOL}"} | changes
        own = self.keys.of(POOL, "id")
        headers = {"kid": kid or own.kid, "typ": None}
        private = own.private if algorithm == "RS256" and key is None else key
        return jwt.encode(
            claims(**issued), private, algorithm=algorithm, headers=headers
        )


@pytest.fixture(scope="module")
def published():
    """Two pools shared by the tests of a file."""
    with Served() as server:
        yield Publisher(server)


@pytest.fixture
def publisher(published):
    """The same pools, with an empty list of requests."""
    published.asked.clear()
    published.server.seen.clear()
    return published
