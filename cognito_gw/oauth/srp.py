"""The client's half of Cognito's Secure Remote Password exchange."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING

from cognito_gw.srp import (
    G,
    N,
    SrpError,
    multiplier,
    private_number,
    proof,
    public_number,
    scramble,
    session_key,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET_BITS = 1024


class Exchange:
    """One exchange: the password proves itself and never leaves this machine."""

    def __init__(self, pool_id: str, password: str, secret: int | None = None) -> None:
        """Begin an exchange with a user pool; `secret` (a) is random unless given."""
        self._pool_name = pool_id.partition("_")[2]
        self._password = password
        self._secret = secret or secrets.randbits(_SECRET_BITS)
        self.public = pow(G, self._secret, N)

    @property
    def opening(self) -> dict[str, str]:
        """The parameter with which the exchange begins."""
        return {"SRP_A": f"{self.public:x}"}

    def answer(
        self, parameters: Mapping[str, str], at: float | None = None
    ) -> dict[str, str]:
        """Return the responses to PASSWORD_VERIFIER; `at` is in seconds (default: now).

        Raises SrpError for parameters that no Cognito sends.
        """
        user_id, block = parameters["USER_ID_FOR_SRP"], parameters["SECRET_BLOCK"]
        timestamp = _timestamp(time.time() if at is None else at)
        server_public = public_number(parameters["SRP_B"], "SRP_B")
        key = self._key(user_id, server_public, int(parameters["SALT"], 16))
        signature = proof(
            key, self._pool_name, user_id, base64.b64decode(block), timestamp
        )
        return {
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "TIMESTAMP": timestamp,
        }

    def _key(self, user_id: str, server_public: int, salt: int) -> bytes:
        scrambling = scramble(self.public, server_public)
        if scrambling == 0:
            raise SrpError("SRP_B is out of range.")
        private = private_number(self._pool_name, user_id, self._password, salt)
        base = server_public - multiplier() * pow(G, private, N)
        shared = pow(base, self._secret + scrambling * private, N)
        return session_key(shared, scrambling)


def _timestamp(at: float) -> str:
    # English names whatever the locale, and a day without a zero before it.
    weekday, month, day, clock, year = time.asctime(time.gmtime(at)).split()
    return f"{weekday} {month} {day} {clock} UTC {year}"
