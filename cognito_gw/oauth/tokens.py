"""What a sign-in gives, and what its tokens say."""

from __future__ import annotations

import base64
import binascii
import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

_PARTS = 3  # header, claims, signature
_NAMES = (
    "cognito:username",
    "email",
    "phone_number",
    "preferred_username",
    "sub",
)
_EARLY = 60.0  # seconds before expiry from which on a token is not used any more


@dataclass(frozen=True)
class Tokens:
    """The tokens of one sign-in; `expires_at` is in seconds since the epoch."""

    access_token: str
    expires_at: float
    id_token: str | None = None
    refresh_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - the type's name
    by_oauth: bool = False  # from the token endpoint or the pages, not by API

    @property
    def expires_in(self) -> int:
        """Seconds until the ID and the access token expire."""
        return max(0, round(self.expires_at - time.time()))

    @property
    def is_fresh(self) -> bool:
        """Whether they last a little longer."""
        return self.expires_at - time.time() > _EARLY

    @classmethod
    def lasting(cls, seconds: float, **fields: Any) -> Tokens:
        """Return tokens whose access token lasts so long; the ID token may not."""
        claims = claims_of(fields.get("id_token") or "")
        with suppress(KeyError, TypeError):
            seconds = min(seconds, claims["exp"] - claims["iat"])
        return cls(expires_at=time.time() + seconds, **fields)

    def may_be_of(self, user: str) -> bool:
        """Whether these may be a user's: false where an ID token names another.

        Who signed in by API is known. By the pages anybody may have.
        """
        is_told = self.by_oauth and self.id_token is not None
        return not is_told or user.casefold() in self.names

    @property
    def names(self) -> set[str]:
        """What their ID token calls the user, without regard to case."""
        claims = claims_of(self.id_token or "")
        return {str(claims[name]).casefold() for name in _NAMES if name in claims}

    def __repr__(self) -> str:
        """Show that there are tokens, and nothing of them."""
        return "Tokens(…)"

    def document(self) -> dict[str, Any]:
        """Return them as an OAuth token endpoint does."""
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
    """Return a token's claims, unverified; empty for what is not a JWT."""
    return _part(token, 1)


def header_of(token: str) -> dict[str, Any]:
    """Return a token's header, unverified; empty for what is not a JWT."""
    return _part(token, 0)


def _part(token: str, index: int) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[index] + "=" * (-len(parts[index]) % 4))
        content = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
