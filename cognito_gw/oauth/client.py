"""An app client, as an app that signs in through it knows it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# What an app client without a list allows, and what older lists leave unsaid.
_USUAL = ("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")


@dataclass(frozen=True)
class AppClient:
    """Ids and secret, and what it allows, in the words of DescribeUserPoolClient.

    `settings` is None when AWS was not to be asked: then everything may be tried.
    """

    pool_id: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    settings: Mapping[str, Any] | None = field(default=None, repr=False)

    @classmethod
    def described(cls, pool_id: str, description: Mapping[str, Any]) -> AppClient:
        """Return the app client of a description."""
        secret = description.get("ClientSecret")
        return cls(pool_id, description["ClientId"], secret, description)

    def allows(self, auth_flow: str) -> bool:
        """Whether users may sign in by API so: `USER_SRP_AUTH`, `USER_AUTH`, …."""
        if self.settings is None:
            return True
        flows = self.settings.get("ExplicitAuthFlows") or _USUAL
        if f"ALLOW_{auth_flow}" in flows or auth_flow in flows:
            return True
        has_older_names = not any(each.startswith("ALLOW_") for each in flows)
        return has_older_names and f"ALLOW_{auth_flow}" in _USUAL

    def grants(self, oauth_flow: str) -> bool:
        """Whether it takes part in an OAuth flow, by its name in AllowedOAuthFlows."""
        if self.settings is None:
            return True
        is_on = bool(self.settings.get("AllowedOAuthFlowsUserPoolClient"))
        return is_on and oauth_flow in self.setting("AllowedOAuthFlows")

    @property
    def scopes(self) -> list[str]:
        """The scopes that its tokens may have."""
        return self.setting("AllowedOAuthScopes")

    @property
    def callback_urls(self) -> list[str]:
        """Where browsers may be sent back to."""
        return self.setting("CallbackURLs")

    @property
    def logout_urls(self) -> list[str]:
        """Where browsers may be sent that sign out."""
        return self.setting("LogoutURLs")

    @property
    def rotates(self) -> bool:
        """Whether each refresh gives a new refresh token."""
        rotation = (self.settings or {}).get("RefreshTokenRotation") or {}
        return bool(rotation.get("Feature") == "ENABLED")

    def proof(self, user: str) -> dict[str, str]:
        """Return SECRET_HASH: that the caller knows the secret; nothing without one."""
        if self.secret is None:
            return {}
        message = (user + self.client_id).encode()
        digest = hmac.digest(self.secret.encode(), message, hashlib.sha256)
        return {"SECRET_HASH": base64.b64encode(digest).decode()}

    def setting(self, name: str) -> list[str]:
        """Return one of its lists, by AWS's name."""
        return list((self.settings or {}).get(name) or [])
