"""What a user pool publishes about itself: its issuer, its keys, its endpoints."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.errors import CgwError, Missing
from cognito_gw.oauth.request import send

if TYPE_CHECKING:
    from collections.abc import Callable

    Tell = Callable[[str], None]

_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider; the endpoints are there once it has a domain."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None

    def at(self, hosted_ui: str | None) -> Provider:
        """Return it with the endpoints of a domain that is known otherwise."""
        if hosted_ui is None:
            return self
        return replace(
            self,
            authorization_endpoint=f"{hosted_ui}/oauth2/authorize",
            token_endpoint=f"{hosted_ui}/oauth2/token",
        )

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint; raise where there is no domain."""
        url: str | None = getattr(self, f"{name}_endpoint")
        if not url:
            raise Missing(
                "the user pool has no domain, and so neither sign-in pages nor an "
                f"OAuth {name} endpoint",
                hint="`cgw domain` makes it",
            )
        return url


def discover(url: str, tell: Tell) -> Provider:
    """Read the configuration of the pool at `url`: AWS may have moved its issuer."""
    document = fetch_json(f"{url}{_PATH}", tell)
    try:
        return Provider(
            str(document["issuer"]),
            str(document["jwks_uri"]),
            document.get("authorization_endpoint"),
            document.get("token_endpoint"),
        )
    except KeyError as missing:
        raise CgwError(f"{url}{_PATH} has no {missing}") from None


def fetch_json(url: str, tell: Tell) -> dict[str, Any]:
    """Return the JSON object at an address."""
    response = send("GET", url, [], [], None)
    tell(f"GET {url}: {response.status_code}")
    try:
        content = json.loads(response.content)
    except ValueError:
        content = None
    if response.status_code != HTTPStatus.OK or not isinstance(content, dict):
        raise CgwError(
            f"{url} answered {response.status_code}, and not with its JSON document",
            hint="is the user pool's id right, and its region?",
        )
    return content
