"""An app client and its user pool, as an application knows them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.endpoints import host_pattern
from cognito_gw.errors import CgwError, Missing
from cognito_gw.oauth.request import send
from cognito_gw.text import is_private, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tell = Callable[[str], None]


# What an app client allows without a list, and what older lists imply.
_USUAL = ("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")


@dataclass(frozen=True)
class AppClient:
    """IDs, secret, and settings as DescribeUserPoolClient returns them.

    `settings` is None if AWS was not asked; then every flow may be tried.
    """

    pool_id: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    settings: Mapping[str, Any] | None = field(default=None, repr=False)

    @classmethod
    def described(cls, pool_id: str, description: Mapping[str, Any]) -> AppClient:
        """Create one from a description."""
        secret = description.get("ClientSecret")
        return cls(pool_id, description["ClientId"], secret, description)

    def allows(self, auth_flow: str) -> bool:
        """Whether an API sign-in may start with this AuthFlow, such as `USER_AUTH`."""
        if self.settings is None:
            return True
        flows = self.settings.get("ExplicitAuthFlows") or _USUAL
        if f"ALLOW_{auth_flow}" in flows or auth_flow in flows:
            return True
        has_older_names = not any(flow.startswith("ALLOW_") for flow in flows)
        return has_older_names and f"ALLOW_{auth_flow}" in _USUAL

    def grants(self, oauth_flow: str) -> bool:
        """Whether it allows an OAuth flow, by its name in AllowedOAuthFlows."""
        if self.settings is None:
            return True
        is_on = bool(self.settings.get("AllowedOAuthFlowsUserPoolClient"))
        return is_on and oauth_flow in self.setting("AllowedOAuthFlows")

    @property
    def scopes(self) -> list[str]:
        """The scopes that its tokens can have."""
        return self.setting("AllowedOAuthScopes")

    @property
    def callback_urls(self) -> list[str]:
        """The registered callback URLs."""
        return self.setting("CallbackURLs")

    @property
    def logout_urls(self) -> list[str]:
        """The registered sign-out URLs."""
        return self.setting("LogoutURLs")

    @property
    def rotates(self) -> bool:
        """Whether each refresh returns a new refresh token."""
        rotation = (self.settings or {}).get("RefreshTokenRotation") or {}
        return bool(rotation.get("Feature") == "ENABLED")

    def proof(self, user: str) -> dict[str, str]:
        """Return the SECRET_HASH parameter; empty without a secret."""
        if self.secret is None:
            return {}
        message = (user + self.client_id).encode()
        digest = hmac.digest(self.secret.encode(), message, hashlib.sha256)
        return {"SECRET_HASH": base64.b64encode(digest).decode()}

    def setting(self, name: str) -> list[str]:
        """Return a list setting by its name in AWS."""
        return list((self.settings or {}).get(name) or [])


_PATH = "/.well-known/openid-configuration"
# Where Cognito publishes the keys of a pool, under the older or the newer host name.
_POOL = r"https://(?:issuer-)?cognito-idp\.([a-z0-9-]+)", r"/(\1_[0-9A-Za-z]+)"
_ANYTHING = r"https://[a-z0-9.-]+", r"/.*"


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider; it has endpoints once the pool has a domain."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None

    def at(self, hosted_ui: str | None) -> Provider:
        """Return it with the endpoints at the base URL of a domain."""
        if hosted_ui is None:
            return self
        return replace(
            self,
            authorization_endpoint=f"{hosted_ui}/oauth2/authorize",
            token_endpoint=f"{hosted_ui}/oauth2/token",
        )

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint; raise Missing without a domain."""
        url: str | None = getattr(self, f"{name}_endpoint")
        if not url:
            raise Missing(
                "the user pool has no domain, so it has no sign-in pages and no "
                f"OAuth {name} endpoint",
                hint="`cgw domain` creates one",
            )
        return url


def discover(url: str, tell: Tell) -> Provider:
    """Read the OpenID configuration at `url`; raise CgwError for unsafe content."""
    document = fetch_json(f"{url}{_PATH}", tell)
    issuer, keys = (_address(document, url, key) for key in ("issuer", "jwks_uri"))
    if not _is_issuer(issuer, url):
        raise CgwError(
            f"{url}{_PATH} names another issuer: {issuer}",
            hint="`endpoints.issuer` in the file names the issuer of an AWS-compatible "
            "endpoint",
        )
    if origin_of(keys) not in (origin_of(url), origin_of(issuer)):
        raise CgwError(f"{url}{_PATH} names keys on another host: {keys}")
    pages, tokens = (
        _address(document, url, key) if document.get(key) is not None else None
        for key in ("authorization_endpoint", "token_endpoint")
    )
    return Provider(issuer, keys, pages, tokens)


def is_of_cognito(issuer: str) -> bool:
    """Whether an issuer is a user pool on AWS."""
    return bool(host_pattern(*_POOL).fullmatch(issuer))


def _address(document: dict[str, Any], url: str, key: str) -> str:
    """Return an address in the document; raise CgwError for a less safe one."""
    found = document.get(key)
    if not isinstance(found, str):
        raise CgwError(f"{url}{_PATH} has no {key}")
    if not is_private(found) and (origin_of(found) or "") != origin_of(url):
        raise CgwError(
            f"{url}{_PATH} has an unsafe {key}: {found}",
            hint="only https, or http on this machine, is safe",
        )
    return found


def _is_issuer(issuer: str, url: str) -> bool:
    """Whether the issuer is `url`, or on AWS belongs to the same pool."""
    is_aws = host_pattern(*_ANYTHING).fullmatch(url)
    found = host_pattern(*_POOL).fullmatch(issuer) if is_aws else None
    return issuer == url or bool(found and found[2] == url.rpartition("/")[2])


def fetch_json(url: str, tell: Tell) -> dict[str, Any]:
    """Return the JSON object at a URL."""
    response = send("GET", url)
    tell(f"GET {url}: {response.status_code}")
    try:
        content = json.loads(response.content)
    except ValueError:
        content = None
    if response.status_code != HTTPStatus.OK or not isinstance(content, dict):
        raise CgwError(
            f"{url} returned {response.status_code} without the expected JSON document",
            hint="check the ID and the Region of the user pool",
        )
    return content
