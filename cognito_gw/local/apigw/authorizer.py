"""The Cognito authorizer's decision about one request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from cognito_gw.local.identity.keys import Keys

EXPIRED = "The incoming token has expired"
_BEARER = "Bearer "
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Allowed:
    """Who calls, as the token's claims say."""

    claims: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """Why the call goes no further; `message` is what the caller is told."""

    reason: str
    message: str = "Unauthorized"


@dataclass(frozen=True)
class Authorizer:
    """Decides with the keys of the pools that it names, and no others.

    It verifies offline, as AWS does: a revoked token is good until it expires.
    """

    settings: dict[str, Any]  # as GetAuthorizer
    keys: Keys
    url: str

    @property
    def header(self) -> str:
        """The request header with the token."""
        return str(self.settings["identitySource"]).rpartition(".")[2]

    def decide(self, value: str | None, scopes: list[str]) -> Allowed | Refused:
        """Judge a header's value for a method that asks for any one of `scopes`."""
        if not value:
            return Refused("no token")
        # The prefix is optional; one more blank, or another prefix, is no token.
        token = value.removeprefix(_BEARER)
        try:
            claims = self._verified(token)
            refusal = self._wrong_kind(claims, scopes) or self._wrong_audience(claims)
        except jwt.ExpiredSignatureError:
            return Refused("the token has expired", EXPIRED)
        except Exception as error:  # noqa: BLE001 - whatever is sent, it is just a 401
            return Refused(f"not a good token: {error}")
        return Refused(refusal) if refusal else Allowed(claims)

    def _verified(self, token: str) -> dict[str, Any]:
        if not _JWT.fullmatch(token):  # the decoder would let padding pass
            raise jwt.DecodeError("not a JWT")
        pools = [arn.rpartition("/")[2] for arn in self.settings["providerARNs"]]
        found = self.keys.find(pools, jwt.get_unverified_header(token)["kid"])
        if found is None:
            raise jwt.InvalidKeyError("signed with a key of no pool of the authorizer")
        pool_id, key = found
        return jwt.decode(
            token,
            key.public,
            algorithms=["RS256"],
            issuer=f"{self.url}/{pool_id}",
            # An ID token's audience is its app client: any client of the pool will do.
            options={"require": ["exp", "iss", "token_use"], "verify_aud": False},
        )

    def _wrong_kind(self, claims: dict[str, Any], scopes: list[str]) -> str | None:
        """Without scopes the ID token is wanted; with scopes, the access token."""
        use = claims["token_use"]
        if not scopes:
            return None if use == "id" else "the method wants an ID token"
        if use != "access":
            return "the method asks for scopes, so it wants an access token"
        granted = str(claims.get("scope", "")).split()
        if not set(scopes) & set(granted):
            return f"none of the scopes {', '.join(scopes)}"
        return None

    def _wrong_audience(self, claims: dict[str, Any]) -> str | None:
        pattern = self.settings.get("identityValidationExpression")
        if pattern and not re.fullmatch(pattern, str(claims.get("aud", ""))):
            return "the audience does not fit the identity validation expression"
        return None
