"""The Cognito authorizer's decision about one request."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from cognito_gw.gateway_rules import (
    fits_audience,
    token_header,
    token_mismatch,
    with_stage_variables,
)

if TYPE_CHECKING:
    from cognito_gw.local.cognito.tokens import Key, Keys

EXPIRED = "The incoming token has expired"
_BEARER = "Bearer "
_MOMENTS = range(253_402_300_800)  # seconds until the year 10000


@dataclass(frozen=True)
class Allowed:
    """Who calls, as the token's claims say."""

    claims: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """Why the call goes no further; `message` is what the caller is told."""

    reason: str
    message: str = "Unauthorized"


class BadToken(Exception):
    """Raised for what no user pool of the authorizer can have issued."""


@dataclass(frozen=True)
class Authorizer:
    """Decides with the keys of the pools that it names, and no others.

    It verifies offline, as AWS does: a revoked token is good until it expires.
    """

    settings: dict[str, Any]  # as GetAuthorizer
    keys: Keys
    url: str
    variables: dict[str, str] = field(default_factory=dict)  # of the stage

    @cached_property
    def header(self) -> str:
        """The request header with the token."""
        return token_header(self.settings["identitySource"])

    @cached_property
    def pools(self) -> list[str]:
        """The ids of the user pools whose tokens are good."""
        arns = self.settings.get("providerARNs") or []
        filled = [with_stage_variables(arn, self.variables) for arn in arns]
        return [arn.rpartition("/")[2] for arn in filled]

    def decide(self, values: list[str], scopes: list[str]) -> Allowed | Refused:
        """Judge a header's values for a method that asks for any one of `scopes`."""
        if not any(values):
            return Refused("no token")
        if len(values) > 1:  # which of two would count is not to be guessed
            return Refused("the header was sent more than once")
        try:
            [value] = values
            # The prefix is optional; one more blank, or another prefix, is no token.
            claims = self._verified(value.removeprefix(_BEARER))
            _require_kind(claims, scopes)
            self._require_audience(claims)
            _require_begun(claims)
        except BadToken as error:
            return Refused(str(error))
        except Exception as error:  # noqa: BLE001 - whatever is sent, it is just a 401
            return Refused(_told(error))
        if claims["exp"] <= time.time():
            return Refused("the token has expired", EXPIRED)
        return Allowed(claims)

    def _verified(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that a pool of the authorizer has signed."""
        header = _header(token.partition(".")[0])
        kid = header.get("kid")
        # Cognito writes these two. Any other would be a wish of the sender's:
        # where to find the key, which algorithm, what to leave unverified.
        if header != {"alg": "RS256", "kid": kid}:
            raise BadToken("a header that Cognito does not write")
        found = self.keys.find(self.pools, str(kid))
        if found is None:
            raise BadToken("signed with a key of no pool of the authorizer")
        pool_id, key = found
        claims = dict(_signed_claims(token, key))
        if claims["iss"] != f"{self.url}/{pool_id}":
            raise BadToken("the issuer is another pool")
        return claims

    def _require_audience(self, claims: dict[str, Any]) -> None:
        """Refuse other clients than the validation expression fits."""
        pattern = self.settings.get("identityValidationExpression")
        audience = claims.get("aud")
        if not isinstance(audience, str | None):
            raise BadToken("the audience is not one client")
        if not fits_audience(pattern, audience):
            raise BadToken("the audience does not fit the validation expression")


def _told(error: Exception) -> str:
    """Say what is wrong with a token that cannot be read or verified."""
    if isinstance(error, InvalidSignature):
        return "the signature is wrong"
    if isinstance(error, KeyError):
        return f"the claim {error.args[0]} is missing"
    return "not a JWT of a user pool"


_MISMATCHES = {
    "access-token-without-scopes": "the method has no scopes: it requires an ID token",
    "id-token-with-scopes": "the method has scopes: it requires an access token",
    "insufficient-scope": "the token has none of the method's scopes",
}


def _require_kind(claims: dict[str, Any], scopes: list[str]) -> None:
    if claims["token_use"] not in ("id", "access"):
        raise BadToken("neither an ID token nor an access token")
    if mismatch := token_mismatch(claims, scopes):
        raise BadToken(_MISMATCHES[mismatch])


def _require_begun(claims: dict[str, Any]) -> None:
    moments = [claims["exp"], *(claims[n] for n in ("iat", "nbf") if n in claims)]
    if not all(type(moment) is int and moment in _MOMENTS for moment in moments):
        raise BadToken("a time is not in whole seconds")
    if max(moments[1:], default=0) > time.time():
        raise BadToken("not yet valid")


# What a key has signed, it has signed for ever; all else is judged at each call. What
# is wrongly signed raises an error, and so is not kept.
@lru_cache(maxsize=64)
def _header(part: str) -> dict[str, Any]:
    return _object(_octets(part))


@lru_cache(maxsize=256)
def _signed_claims(token: str, key: Key) -> dict[str, Any]:
    """Return the claims of a token if this key has signed it."""
    _, payload, signature = map(_octets, token.split("."))
    signed = token.rpartition(".")[0].encode()
    key.public.verify(signature, signed, PKCS1v15(), SHA256())
    return _object(payload)


def _octets(part: str) -> bytes:
    """Return what a part of a token encodes, spelled in the one right way."""
    octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(octets).decode().rstrip("=") != part:
        raise BadToken("not in base64url")
    return octets


def _object(octets: bytes) -> dict[str, Any]:
    found: dict[str, Any] = _JSON.decode(octets.decode())
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadToken("a name twice")
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_without_doubles)  # made once: calls wait
