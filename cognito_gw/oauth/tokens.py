"""Tokens: what they say, and whether they are valid."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.errors import CgwError
from cognito_gw.oauth.app_client import fetch_json
from cognito_gw.text import json_object

if TYPE_CHECKING:
    from cognito_gw.oauth.app_client import Provider, Tell


_PARTS = 3  # header, claims, signature
_NAMES = (
    "cognito:username",
    "email",
    "phone_number",
    "preferred_username",
    "sub",
)
_EARLY = 60.0  # seconds before expiry at which a token is no longer used


@dataclass(frozen=True)
class Tokens:
    """The tokens of one sign-in; `expires_at` is in seconds since the epoch."""

    access_token: str
    expires_at: float
    id_token: str | None = None
    refresh_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - the type's name
    by_oauth: bool = (
        False  # from the token endpoint or the sign-in page, not from the API
    )

    @property
    def expires_in(self) -> int:
        """Seconds until the ID and the access token expire."""
        return max(0, round(self.expires_at - time.time()))

    @property
    def is_fresh(self) -> bool:
        """Whether they stay valid for at least a minute."""
        return self.expires_at - time.time() > _EARLY

    @classmethod
    def lasting(cls, seconds: float, **fields: Any) -> Tokens:
        """Return tokens that are valid for `seconds`, or less if the ID token is."""
        claims = claims_of(fields.get("id_token") or "")
        with suppress(KeyError, TypeError):
            seconds = min(seconds, claims["exp"] - claims["iat"])
        return cls(expires_at=time.time() + seconds, **fields)

    def may_be_of(self, user: str) -> bool:
        """Whether the tokens can belong to a user: False if the ID token names another.

        On the sign-in page, anyone may have signed in.
        """
        is_told = self.by_oauth and self.id_token is not None
        return not is_told or user.casefold() in self.names

    @property
    def names(self) -> set[str]:
        """The names of the user in the ID token, in lower case."""
        claims = claims_of(self.id_token or "")
        return {str(claims[name]).casefold() for name in _NAMES if name in claims}

    def __repr__(self) -> str:
        """Hide the tokens."""
        return "Tokens(…)"

    def document(self) -> dict[str, Any]:
        """Return them as a token endpoint does."""
        fields = asdict(self) | {"expires_in": self.expires_in}
        names = (
            "id_token",
            "access_token",
            "refresh_token",
            "token_type",
            "expires_in",
        )
        return {name: fields[name] for name in names}


def claims_of(token: str) -> dict[str, Any]:
    """Return the unverified claims of a token; empty if it is not a JWT."""
    return _part(token, 1)


def header_of(token: str) -> dict[str, Any]:
    """Return the unverified header of a token; empty if it is not a JWT."""
    return _part(token, 0)


def at_hash(access_token: str) -> str:
    """Return the `at_hash` claim of the ID token (OpenID Connect Core, 3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def _part(token: str, index: int) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[index] + "=" * (-len(parts[index]) % 4))
    except (binascii.Error, ValueError):
        return {}
    return json_object(text)


_ALGORITHM = "RS256"  # the only one that Cognito signs with
_AGES = 1e12  # seconds: larger numbers are clipped
_SKEW = 30.0  # seconds by which two clocks may differ


@dataclass(frozen=True)
class Flaw:
    """Why a token is not valid; `code` is the cause in `cgw explain`."""

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
        """Return what is wrong with a token at a time (default: now), or None."""
        header, claims = header_of(token), claims_of(token)
        if not header or not claims:
            return Flaw("malformed-token", "it is not a JWT")
        if claims.get("iss") != self.issuer:
            words = f"its issuer is {claims.get('iss')}, not {self.issuer}"
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
            return Flaw("bad-signature", "the signature does not match the pool's key")
        return None


def flaw_in_time(claims: dict[str, Any], now: float) -> Flaw | None:
    """Return why a token with these claims is not valid at `now`, or None."""
    expiry, begin = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expiry, int | float) or not isinstance(begin, int | float):
        return Flaw("malformed-token", "`exp` and `nbf` must be numbers")
    expiry, begin = (max(-_AGES, min(_AGES, seconds)) for seconds in (expiry, begin))
    if expiry < now:
        return Flaw("expired-token", f"it expired {in_words(now - expiry)} ago")
    if begin > now + _SKEW:
        return Flaw("not-yet-valid", f"it becomes valid in {in_words(begin - now)}")
    return None


def in_words(seconds: float) -> str:
    """Return a duration in its largest unit: `59 minutes`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' * (count != 1)}"
    count = int(seconds)
    return f"{count} second{'s' * (count != 1)}"
