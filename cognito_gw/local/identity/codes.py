"""The codes that Cognito mails or texts: nothing is sent, so that one can read them."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.activity import Activity
    from cognito_gw.local.identity.directory import User

_log = logging.getLogger(__name__)
ADDRESSES = ("email", "phone_number")  # the attributes to which a code can go
_HOUR = 3600
_MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Purpose:
    """What a code is for: how the message is headed, and how long it is good."""

    subject: str
    lifetime: int  # seconds


SIGN_UP = Purpose("Your verification code", 24 * _HOUR)
RESET = Purpose("Your password reset code", _HOUR)
VERIFY = Purpose("Your verification code", 24 * _HOUR)
SIGN_IN = Purpose("Your authentication code", 180)


@dataclass
class Code:
    """One code that was sent."""

    value: str = field(repr=False)
    attribute: str
    good_until: float
    attempts: int = 0


@dataclass
class Codes:
    """The latest code of each user and purpose; each works once."""

    activity: Activity
    _sent: dict[tuple[str, Purpose], Code] = field(default_factory=dict)

    def send(self, user: User, purpose: Purpose, attribute: str) -> dict[str, str]:
        """Make a new code, and return the `CodeDeliveryDetails`."""
        code = Code(
            f"{secrets.randbelow(10**6):06}", attribute, time.time() + purpose.lifetime
        )
        self._sent[user.sub, purpose] = code
        address = user.attributes.get(attribute, "")
        _log.info("to %s: %s: %s", address, purpose.subject, code.value)
        self.activity.add("mail", to=address, subject=purpose.subject, code=code.value)
        return delivery(attribute, address)

    def current(self, user: User, purpose: Purpose) -> str | None:
        """Return the code that was sent last and still works."""
        code = self._sent.get((user.sub, purpose))
        return code.value if code and code.good_until > time.time() else None

    def take(self, user: User, purpose: Purpose, given: str) -> str:
        """Use up a code, and return the attribute to which it was sent."""
        code = self._sent.get((user.sub, purpose))
        if code is None or code.good_until < time.time():
            raise expired()
        if code.attempts >= _MOST_ATTEMPTS:
            raise AwsFault(
                "LimitExceededException",
                "Attempt limit exceeded, please try after some time.",
            )
        code.attempts += 1
        if not hmac.compare_digest(code.value.encode(), given.strip().encode()):
            raise mismatch()
        del self._sent[user.sub, purpose]
        return code.attribute


def expired() -> AwsFault:
    """Return the refusal of a code that was never sent, or too long ago."""
    message = "Invalid code provided, please request a code again."
    return AwsFault("ExpiredCodeException", message)


def mismatch() -> AwsFault:
    """Return the refusal of a wrong code."""
    message = "Invalid verification code provided, please try again."
    return AwsFault("CodeMismatchException", message)


def delivery(attribute: str, address: str) -> dict[str, str]:
    """Return where a code goes, as much of it as a stranger may see."""
    if attribute == "email":
        name, _, host = address.partition("@")
        masked, medium = f"{name[:1]}***@{host[:1]}***", "EMAIL"
    else:
        masked, medium = f"+*******{address[-4:]}", "SMS"
    return {
        "AttributeName": attribute,
        "DeliveryMedium": medium,
        "Destination": masked,
    }
