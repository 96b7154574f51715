"""Whether a token is what it says: its signature, its times, its issuer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.errors import CgwError
from cognito_gw.oauth.provider import fetch_json
from cognito_gw.oauth.tokens import claims_of, header_of

if TYPE_CHECKING:
    from cognito_gw.oauth.provider import Provider, Tell

_ALGORITHM = "RS256"  # the only one that Cognito signs with
_AGES = 1e12  # seconds: what is beyond them cannot be reckoned with
_SKEW = 30.0  # seconds by which two honest clocks may differ


@dataclass(frozen=True)
class Flaw:
    """Why a token is no good, by the code under which `explain` names it."""

    code: str
    words: str


class Keys:
    """The public keys of one user pool."""

    def __init__(self, provider: Provider, tell: Tell) -> None:
        """Fetch the keys that the provider publishes."""
        from jwt import PyJWKSet
        from jwt.exceptions import PyJWTError

        self.issuer = provider.issuer
        document = fetch_json(provider.jwks_uri, tell)
        try:
            self._keys = {
                key.key_id: key.key
                for key in PyJWKSet.from_dict(document).keys
                if key.key_type == "RSA"
            }
        except PyJWTError as error:
            raise CgwError(f"{provider.jwks_uri} has no usable keys: {error}") from None

    def flaw_of(self, token: str, at: float | None = None) -> Flaw | None:
        """Return what is wrong with a token at a time (now), or None."""
        header, claims = header_of(token), claims_of(token)
        if not header or not claims:
            return Flaw("malformed-token", "it is not a JWT")
        if claims.get("iss") != self.issuer:
            words = f"it is of {claims.get('iss')}, not of {self.issuer}"
            return Flaw("wrong-pool", words)
        if header.get("alg") != _ALGORITHM:
            words = f"its algorithm is {header.get('alg')}, not {_ALGORITHM}"
            return Flaw("bad-signature", words)
        unsigned = self._signature_flaw(token, header.get("kid"))
        return unsigned or flaw_in_time(claims, time.time() if at is None else at)

    def _signature_flaw(self, token: str, kid: Any) -> Flaw | None:
        from jwt import PyJWS
        from jwt.exceptions import PyJWTError

        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            return Flaw("bad-signature", f"the pool has no key {kid}")
        try:
            PyJWS().decode(token, key, algorithms=[_ALGORITHM])
        except PyJWTError:
            return Flaw("bad-signature", "the signature does not fit the pool's key")
        return None


def flaw_in_time(claims: dict[str, Any], now: float) -> Flaw | None:
    """Return why a token with these claims is not good `now`, or None."""
    expiry, begin = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expiry, int | float) or not isinstance(begin, int | float):
        return Flaw("malformed-token", "its times are no numbers")
    expiry, begin = (max(-_AGES, min(_AGES, each)) for each in (expiry, begin))
    if expiry < now:
        return Flaw("expired-token", f"it expired {in_words(now - expiry)} ago")
    if begin > now + _SKEW:
        return Flaw("not-yet-valid", f"it is valid in {in_words(begin - now)}")
    return None


def in_words(seconds: float) -> str:
    """Spell a span of time with its largest unit: `59 minutes`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' * (count != 1)}"
    count = int(seconds)
    return f"{count} second{'s' * (count != 1)}"
