"""The server's half of Cognito's Secure Remote Password exchange (SRP-6a).

The group is RFC 5054's of 3072 bits; numbers are hashed as two's-complement bytes, and
the key is derived as AWS's own clients derive it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2
_INFO = b"Caldera Derived Key"
_KEY_BYTES = 16
_TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[1-9]\d? \d\d:\d\d:\d\d UTC \d{4}"
)


class SrpError(Exception):
    """Raised for numbers or texts that no honest client sends."""


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
        return (_multiplier() * self._verifier() + pow(G, self.secret, N)) % N

    def challenge(self) -> dict[str, str]:
        """Return the parameters of PASSWORD_VERIFIER."""
        return {
            "SALT": _padded(self.salt).hex(),
            "SRP_B": _padded(self.server_public).hex(),
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
        message = (self.pool_name + self.user_id).encode()
        message += self.secret_block + timestamp.encode()
        expected = hmac.digest(self._key, message, hashlib.sha256)
        return hmac.compare_digest(base64.b64encode(expected), signature.encode())

    def _verifier(self) -> int:
        identity = f"{self.pool_name}{self.user_id}:{self.password}".encode()
        inner = hashlib.sha256(identity).digest()
        return pow(G, _hashed(_padded(self.salt), inner), N)

    @cached_property
    def _key(self) -> bytes:
        public = _padded(self.client_public), _padded(self.server_public)
        scramble = _hashed(*public)
        base = self.client_public * pow(self._verifier(), scramble, N)
        shared = pow(base, self.secret, N)
        derive = HKDF(SHA256(), _KEY_BYTES, salt=_padded(scramble), info=_INFO)
        return derive.derive(_padded(shared))


def public_number(text: str) -> int:
    """Read the client's A; refuse one that would make the shared key known to all."""
    try:
        number = int(text, 16)
    except ValueError:
        raise SrpError("SRP_A is not a hexadecimal number.") from None
    if number % N == 0 or number < 0 or number >= N:
        raise SrpError("SRP_A is out of range.")
    return number


def _multiplier() -> int:
    return _hashed(_padded(N), _padded(G))


def _hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest())


def _padded(number: int) -> bytes:
    """Spell a number with a zero before it where the first bit would be a sign."""
    return number.to_bytes(number.bit_length() // 8 + 1)
