"""The codes that Cognito mails or texts: nothing is sent, so that one can read them."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.activity import Activity
    from cognito_gw.local.identity.directory import User

_log = logging.getLogger(__name__)
ADDRESSES = tuple(aws_rules.ADDRESSES)  # the attributes to which a code can go
FORMS = {name: form for name, (form, _) in aws_rules.ADDRESSES.items()}
_HOUR = 3600
_MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Purpose:
    """What a code is for: how the message is headed, and how long it is good."""

    subject: str
    lifetime: int  # seconds
    name: str = ""  # of two purposes, neither takes the code of the other


SIGN_UP = Purpose("Your verification code", 24 * _HOUR, "sign up")
RESET = Purpose("Your password reset code", _HOUR, "reset")
VERIFY = {
    name: Purpose("Your verification code", 24 * _HOUR, f"verify {name}")
    for name in ADDRESSES
}
SIGN_IN = {
    name: Purpose("Your authentication code", 180, f"sign in by {name}")
    for name in ADDRESSES
}


@dataclass
class Code:
    """One code that was sent."""

    value: str = field(repr=False)
    attribute: str
    address: str
    good_until: float
    is_new_address: bool = False  # which is the user's only once the code comes back
    attempts: int = 0


@dataclass
class Codes:
    """The latest code of each user and purpose; each works once."""

    activity: Activity
    _sent: dict[tuple[str, Purpose], Code] = field(default_factory=dict)

    def send(
        self, user: User, purpose: Purpose, attribute: str, address: str | None = None
    ) -> dict[str, str]:
        """Make a new code, and return the `CodeDeliveryDetails`.

        It goes to the user's address, or to another that is to replace it.
        """
        is_new, address = address is not None, address or user.attributes[attribute]
        code = self._keep(user.sub, purpose, attribute, address)
        code.is_new_address = is_new
        _log.info("to %s: %s: %s", address, purpose.subject, code.value)
        self.activity.add("mail", to=address, subject=purpose.subject, code=code.value)
        return delivery(attribute, address)

    def pretend(
        self, user_id: str, purpose: Purpose, attribute: str, address: str
    ) -> dict[str, str]:
        """Answer as `send` does for a user who does not exist; nobody gets the code."""
        self._keep(user_id, purpose, attribute, address)
        return delivery(attribute, address)

    def current(self, user: User, purpose: Purpose) -> str | None:
        """Return the code that was sent last and still works."""
        code = self._sent.get((user.sub, purpose))
        return code.value if code and code.good_until > time.time() else None

    def take(self, user: User, purpose: Purpose, given: str) -> str:
        """Use up a code, and return the attribute to which it was sent."""
        code = self.match(user, purpose, given)
        self.spend(user, purpose)
        return code.attribute

    def match(self, user: User, purpose: Purpose, given: str) -> Code:
        """Return the code that was sent, if it is the given one; it works still."""
        code = self._match(user.sub, purpose, given)
        is_own = user.attributes.get(code.attribute) == code.address
        if not is_own and not code.is_new_address:  # it proves nothing of the new one
            raise expired()
        return code

    def spend(self, user: User, purpose: Purpose) -> None:
        """Let a code work no more."""
        del self._sent[user.sub, purpose]

    def mistake(self, user_id: str, purpose: Purpose) -> AwsFault:
        """Return the refusal of any code for a user who does not exist."""
        try:
            self._match(user_id, purpose, "")
        except AwsFault as fault:
            return fault
        return mismatch()

    def _keep(
        self, user_id: str, purpose: Purpose, attribute: str, address: str
    ) -> Code:
        value = f"{secrets.randbelow(10**6):06}"
        code = Code(value, attribute, address, time.time() + purpose.lifetime)
        self._sent[user_id, purpose] = code
        return code

    def _match(self, user_id: str, purpose: Purpose, given: str) -> Code:
        code = self._sent.get((user_id, purpose))
        if code is None or code.good_until < time.time():
            raise expired()
        if code.attempts >= _MOST_ATTEMPTS:
            raise too_many_attempts()
        code.attempts += 1
        if not hmac.compare_digest(code.value.encode(), given.strip().encode()):
            raise mismatch()
        return code


def address_form(name: str) -> str | None:
    """Return the attribute of which a name has the form, if it is an address."""
    return next((each for each in FORMS if FORMS[each].fullmatch(name)), None)


def expired() -> AwsFault:
    """Return the refusal of a code that was never sent, or too long ago."""
    message = "Invalid code provided, please request a code again."
    return AwsFault("ExpiredCodeException", message)


def too_many_attempts() -> AwsFault:
    """Return the refusal of guesses without an end."""
    message = "Attempt limit exceeded, please try after some time."
    return AwsFault("LimitExceededException", message)


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
