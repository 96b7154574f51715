"""One-time passwords of an authenticator app, by the user's own secret."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pyotp

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.identity.directory import User

SOFTWARE_TOKEN = "SOFTWARE_TOKEN_MFA"  # noqa: S105 - the factor's name
_SECRET_LENGTH = 52
_NEIGHBOURS = (-1, 0, 1)  # steps by which a clock may be off


def associate(user: User) -> str:
    """Give the user a new secret, to be verified before it counts."""
    mfa = user.mfa
    mfa.totp_secret = pyotp.random_base32(_SECRET_LENGTH)
    mfa.has_verified_totp = False
    mfa.last_totp_step = 0
    return mfa.totp_secret


def verify(user: User, code: str) -> None:
    """Accept the first code of a new secret."""
    if not _is_good(user, code):
        raise AwsFault("EnableSoftwareTokenMFAException", "Code mismatch")
    user.mfa.has_verified_totp = True


def check(user: User, code: str) -> None:
    """Accept a code at sign-in, once."""
    if not _is_good(user, code):
        raise AwsFault("CodeMismatchException", "Invalid code received for user")


def uri(user: User, secret: str, issuer: str) -> str:
    """Return the text for the QR code that an authenticator app reads."""
    account = user.attributes.get("email", user.username)
    return pyotp.TOTP(secret, name=account, issuer=issuer).provisioning_uri()


def _is_good(user: User, code: str) -> bool:
    mfa = user.mfa
    if mfa.totp_secret is None:
        return False
    totp = pyotp.TOTP(mfa.totp_secret)
    now = int(time.time()) // totp.interval
    for step in (now + offset for offset in _NEIGHBOURS):
        if pyotp.utils.strings_equal(code.strip(), totp.generate_otp(step)):
            if step <= mfa.last_totp_step:
                raise AwsFault(
                    "ExpiredCodeException",
                    "Your software token has already been used once.",
                )
            mfa.last_totp_step = step
            return True
    return False
