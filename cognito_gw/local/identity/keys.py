"""The signing keys of the local user pools: made when needed, gone with the process."""

from __future__ import annotations

import base64
import secrets
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Key:
    """One RSA key of a pool."""

    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)

    @cached_property
    def public(self) -> rsa.RSAPublicKey:
        """The half that verifies."""
        return self.private.public_key()


class Keys:
    """Two keys a pool, as Cognito has: one signs ID tokens, one access tokens."""

    def __init__(self) -> None:
        """Begin without keys."""
        self._pools: dict[str, dict[str, Key]] = {}
        self._lock = threading.Lock()

    def of(self, pool_id: str, token_use: str) -> Key:
        """Return the key with which a pool signs `id` or `access` tokens."""
        with self._lock:
            if pool_id not in self._pools:
                self._pools[pool_id] = {use: _new_key() for use in ("id", "access")}
            return self._pools[pool_id][token_use]

    def find(self, pool_ids: Iterable[str], kid: str) -> tuple[str, Key] | None:
        """Return the key with this id among those of the pools, and whose it is."""
        for pool_id in pool_ids:
            for key in self._pools.get(pool_id, {}).values():
                if key.kid == kid:
                    return pool_id, key
        return None

    def jwks(self, pool_id: str) -> dict[str, Any]:
        """Return the pool's public keys as a JSON Web Key Set."""
        pair = [self.of(pool_id, use) for use in ("id", "access")]
        return {"keys": [_as_jwk(key) for key in pair]}


def _new_key() -> Key:
    kid = base64.b64encode(secrets.token_bytes(32)).decode()  # padded, as Cognito's
    return Key(kid, rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _as_jwk(key: Key) -> dict[str, Any]:
    jwk = RSAAlgorithm.to_jwk(key.public, as_dict=True)
    public = {"alg": "RS256", "e": jwk["e"], "kid": key.kid, "kty": "RSA"}
    return public | {"n": jwk["n"], "use": "sig"}
