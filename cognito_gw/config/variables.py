"""Which ${VARIABLES} a file may use, and where: it may come from a stranger.

Most of the file is shown, or sent to a host that the file names. So a secret may be
only where one belongs, and AWS credentials nowhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cognito_gw.config.document import KeyPath

_OF_AWS, _OURS = "AWS_", "CGW_"
_SECRET = re.compile(
    r"PASSW|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|AUTHORIZATION|COOKIE|WEBHOOK|"
    r"(^|_)(\w*KEY|PASS|PASSCODE|PW|OTP|TOTP|MFA_CODE|PAT|JWT|DSN)(?=_|\d|$)|"
    r"_(PWD|AUTH)$"
)
_WITH_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")  # as DATABASE_URL has one
_MERGE = "<<"


def refusal(path: KeyPath, name: str, value: str) -> str | None:
    """Return why a variable may not be used at a key, or None where it may."""
    place, name = _merged(path), name.upper()
    is_secret = bool(_SECRET.search(name) or _WITH_PASSWORD.search(value))
    if is_secret and name.startswith(_OF_AWS):
        return f"${{{name}}} is refused: a file may not use AWS credentials"
    if place[:1] == ("endpoints",) and (is_secret or not name.startswith(_OURS)):
        return (
            f"${{{name}}} is refused: requests go there, so only variables named "
            f"{_OURS}… are allowed, and none that holds a secret"
        )
    if is_secret and not _may_be_secret(place):
        return (
            f"${{{name}}} is refused: it looks like a secret, and this value is shown "
            "or sent; a secret belongs in a user's `password` or a function's "
            "`environment`"
        )
    return None


def is_password(path: KeyPath) -> bool:
    """Whether a key holds a user's password."""
    place = _merged(path)
    return place[:1] == ("users",) and place[-1:] == ("password",)


def _may_be_secret(place: KeyPath) -> bool:
    is_variable = place[:1] == ("functions",) and place[2:3] == ("environment",)
    return is_variable or is_password(place)


def _merged(path: KeyPath) -> KeyPath:
    """Return the key that a value ends up at: `<<` lays a mapping over another."""
    place: list[str | int] = []
    above: str | int | None = None
    for key in path:
        is_item = above == _MERGE and isinstance(key, int)  # `<<` takes a list, too
        if key != _MERGE and not is_item:
            place.append(key)
        above = key
    return tuple(place)
