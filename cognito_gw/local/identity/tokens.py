"""Makes tokens as Cognito does, and remembers the refresh tokens it gave."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import jwt

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.identity.keys import Keys
    from cognito_gw.local.records import AppClient, User

API_SCOPE = "aws.cognito.signin.user.admin"  # all that a sign-in by API grants
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DEFAULTS = {
    "IdToken": (1, "hours"),
    "AccessToken": (1, "hours"),
    "RefreshToken": (30, "days"),
}
_JWE_HEADER = (
    base64.urlsafe_b64encode(b'{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}')
    .decode()
    .rstrip("=")
)
_BOOLEANS = ("email_verified", "phone_number_verified")
_NOT_CLAIMS = ("sub", "cognito:mfa_enabled", "identities")


@dataclass(frozen=True)
class Grant:
    """One sign-in; its tokens and all that are refreshed from them share it."""

    pool_id: str
    client_id: str
    username: str
    scope: str = API_SCOPE
    auth_time: int = field(default_factory=lambda: int(time.time()))
    origin_jti: str = field(default_factory=lambda: str(uuid.uuid4()))
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    refreshable_until: float = 0.0


class Tokens:
    """The tokens of every local user pool."""

    def __init__(self, keys: Keys, url: str) -> None:
        """Sign with `keys`; issuers live under `url`."""
        self.keys = keys
        self.url = url
        self._grants: dict[str, Grant] = {}  # by refresh token
        self._revoked: set[str] = set()  # origin_jti

    def issue(self, client: AppClient, user: User) -> dict[str, Any]:
        """Return a new sign-in's tokens, as `AuthenticationResult`."""
        until = time.time() + _validity(client, "RefreshToken")
        grant = Grant(client.pool_id, client.id, user.username, refreshable_until=until)
        token = _opaque_token()
        self._grants[token] = grant
        return self._result(client, user, grant) | {"RefreshToken": token}

    def granted(self, client: AppClient, token: str) -> Grant:
        """Return what a refresh token stands for; refuse one that is not good."""
        grant = self._grants.get(token)
        if grant is None or grant.client_id != client.id:
            raise AwsFault("NotAuthorizedException", "Invalid Refresh Token")
        if grant.origin_jti in self._revoked:
            raise AwsFault("NotAuthorizedException", "Refresh Token has been revoked")
        if grant.refreshable_until < time.time():
            raise AwsFault("NotAuthorizedException", "Refresh Token has expired")
        return grant

    def refreshed(self, client: AppClient, user: User, grant: Grant) -> dict[str, Any]:
        """Return new ID and access tokens; auth_time stays that of the sign-in."""
        return self._result(client, user, replace(grant, event_id=str(uuid.uuid4())))

    def rotated(self, token: str) -> str:
        """Return a refresh token in the place of another, which is spent."""
        fresh = _opaque_token()
        self._grants[fresh] = self._grants.pop(token)
        return fresh

    def revoke(self, token: str) -> None:
        """Revoke a refresh token and the access tokens that came of it."""
        if grant := self._grants.get(token):
            self._revoked.add(grant.origin_jti)

    def revoke_all(self, pool_id: str, username: str) -> None:
        """Revoke every sign-in of a user."""
        for grant in self._grants.values():
            if (grant.pool_id, grant.username) == (pool_id, username):
                self._revoked.add(grant.origin_jti)

    def of_access_token(self, token: str) -> dict[str, Any]:
        """Return the claims of an access token for Cognito's own API; refuse others."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            pool_id = str(claims["iss"]).rpartition("/")[2]
            key = self.keys.find([pool_id], jwt.get_unverified_header(token)["kid"])
            if key is None:
                raise AwsFault("NotAuthorizedException", "Invalid Access Token")
            claims = jwt.decode(
                token,
                key[1].public,
                algorithms=["RS256"],
                issuer=f"{self.url}/{pool_id}",
                options={"verify_aud": False, "require": ["exp", "iss"]},
            )
        except jwt.ExpiredSignatureError:
            raise AwsFault(
                "NotAuthorizedException", "Access Token has expired"
            ) from None
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise AwsFault("NotAuthorizedException", "Invalid Access Token") from None
        if claims.get("token_use") != "access":
            raise AwsFault("NotAuthorizedException", "Invalid Access Token")
        if claims.get("origin_jti") in self._revoked:
            raise AwsFault("NotAuthorizedException", "Access Token has been revoked")
        if API_SCOPE not in str(claims.get("scope", "")).split():
            raise AwsFault(
                "NotAuthorizedException", "Access Token does not have required scopes"
            )
        return claims | {"pool_id": pool_id}

    def _result(self, client: AppClient, user: User, grant: Grant) -> dict[str, Any]:
        access = self._common(client, user, grant, "access") | {
            "client_id": client.id,
            "scope": grant.scope,
            "username": user.username,
        }
        identity = self._common(client, user, grant, "id") | {
            "aud": client.id,
            "cognito:username": user.username,
            **_attribute_claims(client, user),
        }
        lifetime = _validity(client, "AccessToken")
        return {
            "AccessToken": self._signed(grant.pool_id, access, lifetime),
            "IdToken": self._signed(
                grant.pool_id, identity, _validity(client, "IdToken")
            ),
            "TokenType": "Bearer",
            "ExpiresIn": lifetime,
        }

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
        key = self.keys.of(pool_id, claims["token_use"])
        return jwt.encode(
            claims | {"iat": now, "exp": now + lifetime},
            key.private,
            algorithm="RS256",
            headers={"kid": key.kid, "typ": None},  # Cognito's headers have no typ
        )


def _attribute_claims(client: AppClient, user: User) -> dict[str, Any]:
    readable = client.settings.get("ReadAttributes") or user.attributes
    return {
        name: value == "true" if name in _BOOLEANS else value
        for name, value in user.attributes.items()
        if name in readable and name not in _NOT_CLAIMS
    }


def _validity(client: AppClient, token: str) -> int:
    """Return a token's lifetime in seconds."""
    count, unit = _DEFAULTS[token]
    # 0 stands for the default, as AWS has it for refresh tokens.
    count = client.settings.get(f"{token}Validity") or count
    unit = client.settings.get("TokenValidityUnits", {}).get(token, unit)
    return int(count) * _SECONDS[unit]


def _opaque_token() -> str:
    """Return a random text in the shape of Cognito's: a JWE of five parts."""
    parts = [secrets.token_urlsafe(size) for size in (256, 12, 600, 16)]
    return ".".join([_JWE_HEADER, *parts])
