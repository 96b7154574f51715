"""Tokens that nobody may take, made of a good one: what `cgw check` knocks with."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from cognito_gw.oauth.tokens import claims_of, header_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ALTERED = "altered expiry"  # under the old signature, so it proves nothing of time
_HOUR = 3600


def forgeries(token: str) -> dict[str, str]:
    """Return forged tokens by what is wrong with them.

    Each is as good as whoever lacks the pool's private key can make it.
    """
    header, claims = header_of(token), claims_of(token)
    signature = token.rpartition(".")[2]
    past = int(time.time()) - _HOUR
    return {
        "garbage": secrets.token_urlsafe(40),
        "alg none": f"{_part(header | {'alg': 'none'})}.{_part(claims)}.",
        "tampered payload": _with(header, claims | {"sub": "someone-else"}, signature),
        "foreign pool": _of_foreign_pool(claims),
        ALTERED: _with(header, claims | {"exp": past}, signature),
    }


def _with(header: Mapping[str, Any], claims: Mapping[str, Any], signature: str) -> str:
    return f"{_part(header)}.{_part(claims)}.{signature}"


def _of_foreign_pool(claims: Mapping[str, Any]) -> str:
    """Return a token with the same claims, well signed by a pool made on the spot."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa

    place, _, pool_id = str(claims.get("iss", "")).rpartition("/")
    region = pool_id.partition("_")[0]
    foreign = {"iss": f"{place}/{region}_{secrets.token_hex(4)}1"}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = base64.b64encode(secrets.token_bytes(32)).decode()
    headers = {"kid": kid, "typ": None}  # as Cognito's own
    return jwt.encode({**claims, **foreign}, key, algorithm="RS256", headers=headers)


def _part(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")
