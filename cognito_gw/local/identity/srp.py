"""The server's half of Cognito's Secure Remote Password exchange (SRP-6a)."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from cognito_gw import srp
from cognito_gw.srp import G, N, SrpError, padded

_TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[1-9]\d? \d\d:\d\d:\d\d UTC \d{4}"
)


@dataclass(frozen=True)
class Exchange:
    """One exchange from the challenge to the proof."""

    pool_name: str  # the user pool id's part behind the underscore
    user_id: str
    password: str = field(repr=False)
    client_public: int  # A
    salt: int = field(default_factory=lambda: secrets.randbits(128))
    secret: int = field(default_factory=lambda: secrets.randbits(1024), repr=False)
    secret_block: bytes = field(default_factory=lambda: secrets.token_bytes(768))

    @cached_property
    def server_public(self) -> int:
        """B, of which the client cannot tell whether the password is right."""
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
    """Read the client's A; refuse one that would make the shared key known to all."""
    number = srp.public_number(text, "SRP_A")
    if number >= N:
        raise SrpError("SRP_A is out of range.")
    return number
