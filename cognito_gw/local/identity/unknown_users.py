"""What a client that hides who exists is told of a name that no user has.

It has the form of what is told of a user, and stays the same for the same name. It is
made with a key of this start, so that nobody can make it, and so recognize it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import uuid
from typing import TYPE_CHECKING

from cognito_gw.local.identity import codes

if TYPE_CHECKING:
    from cognito_gw.local.identity.directory import AppClient

_KEY = secrets.token_bytes(32)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def user_id(client: AppClient, name: str) -> str:
    """Return the user name behind a name: the name itself, or, for an alias, a UUID.

    A user name that is a UUID has itself behind it, the made-up ones, too.
    """
    name = client.folded(name)
    aliases = client.pool.get("AliasAttributes") or []
    is_made = client.pool.get("UsernameAttributes") or (
        codes.address_form(name) in aliases
    )
    if _UUID.fullmatch(name) or not is_made:
        return name
    digest = _digest(client, f"user/{name}")
    return str(uuid.UUID(bytes=digest[:16], version=4))


def salt(client: AppClient, username: str) -> int:
    """Return the salt of a user name, which a user may or may not have."""
    return int.from_bytes(_digest(client, f"salt/{username}")[:16])


def address(client: AppClient, name: str, attribute: str) -> str:
    """Return the address to which a message would go: the name itself if it is one."""
    name = client.folded(name)
    if codes.address_form(name) == attribute:
        return name
    digest = _digest(client, f"{attribute}/{name}")
    if attribute == "email":
        first, second = (string.ascii_lowercase[each % 26] for each in digest[:2])
        return f"{first}@{second}"
    return "".join(str(each % 10) for each in digest[:4])


def _digest(client: AppClient, text: str) -> bytes:
    return hmac.digest(_KEY, f"{client.pool_id}/{text}".encode(), hashlib.sha256)
