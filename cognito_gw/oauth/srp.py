"""Cognito's Secure Remote Password exchange (SRP-6a)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Mapping


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


class SrpError(Exception):
    """Raised for invalid numbers or texts of the peer."""


def public_number(text: str, name: str) -> int:
    """Read the peer's A or B; raise SrpError for one that makes the key predictable.

    Not every server reduces B modulo N, so it may be larger.
    """
    try:
        number = int(text, 16)
    except ValueError:
        raise SrpError(f"{name} is not a hexadecimal number.") from None
    if number <= 0 or number % N == 0:
        raise SrpError(f"{name} is out of range.")
    return number


def multiplier() -> int:
    """Return k, which hides the password in B."""
    return _hashed(padded(N), padded(G))


def scramble(client_public: int, server_public: int) -> int:
    """Return u, derived from both public numbers."""
    return _hashed(padded(client_public), padded(server_public))


def private_number(pool_name: str, user_id: str, password: str, salt: int) -> int:
    """Return x, derived from the password; `pool_name` follows `_` in the pool ID."""
    identity = f"{pool_name}{user_id}:{password}".encode()
    return _hashed(padded(salt), hashlib.sha256(identity).digest())


def session_key(shared: int, scrambling: int) -> bytes:
    """Return the key that both sides derive from the shared number."""
    derive = HKDF(SHA256(), _KEY_BYTES, salt=padded(scrambling), info=_INFO)
    return derive.derive(padded(shared))


def proof(
    key: bytes, pool_name: str, user_id: str, secret_block: bytes, timestamp: str
) -> bytes:
    """Return the signature that proves knowledge of the password."""
    message = (pool_name + user_id).encode() + secret_block + timestamp.encode()
    return hmac.digest(key, message, hashlib.sha256)


def padded(number: int) -> bytes:
    """Return the bytes of a number, with a zero byte before a leading 1 bit."""
    return number.to_bytes(number.bit_length() // 8 + 1)


def _hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest())


_SECRET_BITS = 1024


class Exchange:
    """The client's side of one exchange; the password never leaves this machine."""

    def __init__(self, pool_id: str, password: str, secret: int | None = None) -> None:
        """Start an exchange with a user pool; `secret` (a) is random by default."""
        self._pool_name = pool_id.partition("_")[2]
        self._password = password
        self._secret = secret or secrets.randbits(_SECRET_BITS)
        self.public = pow(G, self._secret, N)

    @property
    def opening(self) -> dict[str, str]:
        """The parameter that starts the exchange."""
        return {"SRP_A": f"{self.public:x}"}

    def answer(
        self, parameters: Mapping[str, str], at: float | None = None
    ) -> dict[str, str]:
        """Return the responses to PASSWORD_VERIFIER; `at` is in seconds (default: now).

        Raises SrpError for invalid parameters.
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
    # English names in every locale, and a day without a leading zero.
    weekday, month, day, clock, year = time.asctime(time.gmtime(at)).split()
    return f"{weekday} {month} {day} {clock} UTC {year}"
