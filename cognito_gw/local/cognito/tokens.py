"""Signing keys, and tokens with Cognito's claims."""

from __future__ import annotations

import base64
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from cognito_gw.aws_rules import API_SCOPE
from cognito_gw.local.errors import AwsFault, not_authorized
from cognito_gw.oauth.tokens import at_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cognito_gw.local.cognito.directory import AppClient, User


@dataclass(frozen=True)
class Key:
    """An RSA key of a user pool."""

    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)

    @cached_property
    def public(self) -> rsa.RSAPublicKey:
        """The public key, which verifies signatures."""
        return self.private.public_key()

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key, with the fields that Cognito writes."""
        jwk = RSAAlgorithm.to_jwk(self.public, as_dict=True)
        public = {"alg": "RS256", "e": jwk["e"], "kid": self.kid, "kty": "RSA"}
        return public | {"n": jwk["n"], "use": "sig"}

    @classmethod
    def create(cls) -> Key:
        """Create a key."""
        kid = base64.b64encode(secrets.token_bytes(32)).decode()  # padded, as Cognito's
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return cls(kid, private)


@dataclass
class Keys:
    """Two keys for each pool, as in Cognito: for ID tokens and for access tokens.

    They are created when they are first needed.
    """

    _pools: dict[str, dict[str, Key]] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, pool_id: str, token_use: str) -> Key:
        """Return the key that signs the `id` or `access` tokens of a pool."""
        with self._lock:
            if pool_id not in self._pools:
                self._pools[pool_id] = {use: Key.create() for use in ("id", "access")}
            return self._pools[pool_id][token_use]

    def find(self, pool_ids: Iterable[str], kid: str) -> tuple[str, Key] | None:
        """Return the key with this ID among those of the pools, and its pool's ID."""
        for pool_id in pool_ids:
            for key in self._pools.get(pool_id, {}).values():
                if key.kid == kid:
                    return pool_id, key
        return None

    def jwks(self, pool_id: str) -> dict[str, Any]:
        """Return the pool's public keys as a JSON Web Key Set."""
        return {"keys": [self.of(pool_id, use).jwk for use in ("id", "access")]}


_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DEFAULTS = {
    "IdToken": (1, "hours"),
    "AccessToken": (1, "hours"),
    "RefreshToken": (30, "days"),
}
# In base64url: {"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}
_JWE_HEADER = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ"
_BOOLEANS = ("email_verified", "phone_number_verified")
_NOT_CLAIMS = ("sub", "cognito:mfa_enabled", "identities")
_SCOPE_ATTRIBUTES = {
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
}
_OAUTH_VERSION = 2
_AGO = 3600  # seconds since the expiry of an expired token


@dataclass(frozen=True)
class Grant:
    """A sign-in. All its tokens share it, also refreshed ones."""

    pool_id: str
    client_id: str
    username: str
    stamp: str  # of the user, as the name may later belong to another user
    scope: str = API_SCOPE
    nonce: str | None = None
    by_oauth: bool = False
    auth_time: int = field(default_factory=lambda: int(time.time()))
    origin_jti: str = field(default_factory=lambda: str(uuid.uuid4()))
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    refreshable_until: float = 0.0


@dataclass
class Tokens:
    """The tokens of every local user pool."""

    keys: Keys
    url: str  # which issuers start with
    _grants: dict[str, Grant] = field(default_factory=dict)  # by refresh token
    # Until when a replaced refresh token is valid, in seconds since 1970.
    _rotated: dict[str, float] = field(default_factory=dict)
    _revoked: set[str] = field(default_factory=set)  # values of origin_jti

    def issue(
        self, client: AppClient, user: User, grant: Grant | None = None
    ) -> dict[str, Any]:
        """Return the tokens of a new sign-in, as `AuthenticationResult`.

        Without a `grant` it is a sign-in by API.
        """
        grant = grant or Grant(client.pool_id, client.id, user.username, user.stamp)
        until = time.time() + validity(client.settings, "RefreshToken")
        grant = replace(grant, refreshable_until=until)
        token = _opaque_token()
        self._grants[token] = grant
        return self._result(client, user, grant) | {"RefreshToken": token}

    def for_machine(self, client: AppClient, scope: str) -> dict[str, Any]:
        """Return an access token for an app client itself."""
        lifetime = validity(client.settings, "AccessToken")
        claims = {
            "sub": client.id,
            "iss": f"{self.url}/{client.pool_id}",
            "token_use": "access",
            "auth_time": int(time.time()),
            "jti": str(uuid.uuid4()),
            "client_id": client.id,
            "scope": scope,
            "version": _OAUTH_VERSION,
        }
        return {
            "AccessToken": self._signed(client.pool_id, claims, lifetime),
            "TokenType": "Bearer",
            "ExpiresIn": lifetime,
        }

    def granted(self, client: AppClient, token: str) -> Grant:
        """Return the sign-in of a refresh token. Refuse an invalid token."""
        grant = self._grants.get(token)
        if grant is None or grant.client_id != client.id:
            raise not_authorized("Invalid Refresh Token")
        if grant.origin_jti in self._revoked:
            raise not_authorized("Refresh Token has been revoked")
        if grant.refreshable_until < time.time():
            raise not_authorized("Refresh Token has expired")
        if token in self._rotated and self._rotated[token] < time.time():
            message = "Refresh Token has been reused"
            raise AwsFault("RefreshTokenReuseException", message)
        return grant

    def refreshed(self, client: AppClient, user: User, grant: Grant) -> dict[str, Any]:
        """Return new ID and access tokens with the auth_time of the sign-in."""
        return self._result(client, user, replace(grant, event_id=str(uuid.uuid4())))

    def renewed(
        self, client: AppClient, user: User, grant: Grant, token: str
    ) -> dict[str, Any]:
        """Return new tokens, also a new refresh token if the client rotates it."""
        result = self.refreshed(client, user, grant)
        rotation = client.settings.get("RefreshTokenRotation", {})
        if rotation.get("Feature") == "ENABLED":
            result["RefreshToken"] = new = _opaque_token()
            self._grants[new] = self._grants[token]
            grace = rotation.get("RetryGracePeriodSeconds") or 0
            self._rotated.setdefault(token, time.time() + grace)
        return result

    def revoke(self, token: str, client_id: str) -> None:
        """Revoke a client's refresh token, and the access tokens of its sign-in."""
        grant = self._grants.get(token)
        if grant and grant.client_id == client_id:
            self._revoked.add(grant.origin_jti)

    def revoke_all(self, user: User) -> None:
        """Revoke every sign-in of a user."""
        for grant in self._grants.values():
            if grant.stamp == user.stamp:
                self._revoked.add(grant.origin_jti)

    def of_access_token(self, token: str, scope: str = API_SCOPE) -> dict[str, Any]:
        """Return an access token's claims and `pool_id`. Refuse one without `scope`."""
        try:
            claims = self._verified(token)
        except jwt.ExpiredSignatureError:
            raise not_authorized("Access Token has expired") from None
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise not_authorized("Invalid Access Token") from None
        if claims.get("token_use") != "access":
            raise not_authorized("Invalid Access Token")
        if claims.get("origin_jti") in self._revoked:
            raise not_authorized("Access Token has been revoked")
        if scope not in str(claims.get("scope", "")).split():
            raise not_authorized("Access Token does not have required scopes")
        return claims

    def expired(self, token: str) -> str:
        """Return a valid token as if it had expired an hour ago."""
        try:
            claims = self._verified(token)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise not_authorized("Invalid token") from None
        pool_id, now = claims.pop("pool_id"), int(time.time())
        age = claims["exp"] - now + _AGO
        past = {name: claims[name] - age for name in ("auth_time", "iat", "exp")}
        return self._encoded(pool_id, claims | past)

    def _verified(self, token: str) -> dict[str, Any]:
        claims = jwt.decode(token, options={"verify_signature": False})
        pool_id = str(claims["iss"]).rpartition("/")[2]
        found = self.keys.find([pool_id], jwt.get_unverified_header(token)["kid"])
        if found is None:
            raise jwt.InvalidKeyError
        claims = jwt.decode(
            token,
            found[1].public,
            algorithms=["RS256"],
            issuer=f"{self.url}/{pool_id}",
            options={"verify_aud": False, "require": ["exp", "iss"]},
        )
        return claims | {"pool_id": pool_id}

    def _result(self, client: AppClient, user: User, grant: Grant) -> dict[str, Any]:
        lifetime = validity(client.settings, "AccessToken")
        claims = self._common(client, user, grant, "access") | {
            "client_id": client.id,
            "scope": grant.scope,
            "username": user.username,
        }
        if grant.by_oauth:
            claims["version"] = _OAUTH_VERSION
        access = self._signed(grant.pool_id, claims, lifetime)
        result = {"AccessToken": access, "TokenType": "Bearer", "ExpiresIn": lifetime}
        if not grant.by_oauth or "openid" in grant.scope.split():
            result["IdToken"] = self._identity(client, user, grant, access)
        return result

    def _identity(
        self, client: AppClient, user: User, grant: Grant, access: str
    ) -> str:
        claims = self._common(client, user, grant, "id") | {
            "aud": client.id,
            "cognito:username": user.username,
            **_attribute_claims(client, user, grant),
        }
        if grant.by_oauth:
            claims["at_hash"] = at_hash(access)
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        lifetime = validity(client.settings, "IdToken")
        return self._signed(grant.pool_id, claims, lifetime)

    def _common(
        self, client: AppClient, user: User, grant: Grant, token_use: str
    ) -> dict[str, Any]:
        claims = {
            "sub": user.sub,
            "iss": f"{self.url}/{grant.pool_id}",
            "token_use": token_use,
            "auth_time": grant.auth_time,
            "event_id": grant.event_id,
            "jti": str(uuid.uuid4()),
        }
        if client.settings.get("EnableTokenRevocation", True):
            claims["origin_jti"] = grant.origin_jti
        return claims | ({"cognito:groups": user.groups} if user.groups else {})

    def _signed(self, pool_id: str, claims: dict[str, Any], lifetime: int) -> str:
        now = int(time.time())
        return self._encoded(pool_id, claims | {"iat": now, "exp": now + lifetime})

    def _encoded(self, pool_id: str, claims: dict[str, Any]) -> str:
        key = self.keys.of(pool_id, claims["token_use"])
        return jwt.encode(
            claims,
            key.private,
            algorithm="RS256",
            headers={"kid": key.kid, "typ": None},  # Cognito's headers have no typ
        )


def granted_attributes(client: AppClient, user: User, scope: str) -> dict[str, str]:
    """Return the attributes that the scopes grant, among those the client may read.

    `email` and `phone` grant their own. `profile`, and `openid` alone, grant all.
    """
    readable = set(client.settings.get("ReadAttributes") or user.attributes)
    narrow = [name for name in scope.split() if name in _SCOPE_ATTRIBUTES]
    if narrow and "profile" not in scope.split():
        readable &= {name for known in narrow for name in _SCOPE_ATTRIBUTES[known]}
    return {
        name: value
        for name, value in user.attributes.items()
        if name in readable and name not in _NOT_CLAIMS
    }


def _attribute_claims(client: AppClient, user: User, grant: Grant) -> dict[str, Any]:
    scope = grant.scope if grant.by_oauth else ""
    return {
        name: value == "true" if name in _BOOLEANS else value
        for name, value in granted_attributes(client, user, scope).items()
    }


def validity(settings: Mapping[str, Any], token: str) -> int:
    """Return the lifetime in seconds of a client's IdToken, AccessToken, …."""
    count, unit = _DEFAULTS[token]
    # 0 is the default, as AWS documents it for refresh tokens.
    count = settings.get(f"{token}Validity") or count
    unit = settings.get("TokenValidityUnits", {}).get(token, unit)
    return int(count) * _SECONDS[unit]


def _opaque_token() -> str:
    """Return a random string in the form of Cognito's: a JWE of five parts."""
    parts = [secrets.token_urlsafe(size) for size in (256, 12, 600, 16)]
    return ".".join([_JWE_HEADER, *parts])
