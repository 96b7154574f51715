"""Codes that Cognito sends, one-time passwords, and the choice of second factors."""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyotp

from cognito_gw import aws_rules
from cognito_gw.local.cognito import directory
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.cognito.directory import AppClient, User
    from cognito_gw.local.events import Activity


_log = logging.getLogger(__name__)
ADDRESSES = tuple(aws_rules.ADDRESSES)  # the attributes to which a code can go
FORMS = {name: form for name, (form, _) in aws_rules.ADDRESSES.items()}
_HOUR = 3600
_MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Purpose:
    """The purpose of a code: the subject of its message, and how long it is valid."""

    subject: str
    lifetime: int  # seconds
    name: str = ""  # a code is valid for the purpose of this name only


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
    is_new_address: bool = False  # it becomes the user's once the code is confirmed
    attempts: int = 0


@dataclass
class Codes:
    """The latest code of each user and purpose. Each works once."""

    activity: Activity
    _sent: dict[tuple[str, Purpose], Code] = field(default_factory=dict)

    def send(
        self, user: User, purpose: Purpose, attribute: str, address: str | None = None
    ) -> dict[str, str]:
        """Create a code, and return the `CodeDeliveryDetails`.

        It goes to the user's address, or to the `address` that will replace it.
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
        """Return what `send` would for a user who does not exist, without a message."""
        self._keep(user_id, purpose, attribute, address)
        return delivery(attribute, address)

    def current(self, user: User, purpose: Purpose) -> str | None:
        """Return the latest code, if it is still valid."""
        code = self._sent.get((user.sub, purpose))
        return code.value if code and code.good_until > time.time() else None

    def take(self, user: User, purpose: Purpose, given: str) -> str:
        """Use up a code, and return the attribute that it was sent to."""
        code = self.match(user, purpose, given)
        self.spend(user, purpose)
        return code.attribute

    def match(self, user: User, purpose: Purpose, given: str) -> Code:
        """Return the code that was sent, if `given` matches it. It stays valid."""
        code = self._match(user.sub, purpose, given)
        is_own = user.attributes.get(code.attribute) == code.address
        if not is_own and not code.is_new_address:  # it does not prove the new address
            raise expired()
        return code

    def spend(self, user: User, purpose: Purpose) -> None:
        """Invalidate a code."""
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
    """Return the attribute whose format a name has, if it is an address."""
    found = (attribute for attribute in FORMS if FORMS[attribute].fullmatch(name))
    return next(found, None)


def expired() -> AwsFault:
    """Return the refusal of a code that was never sent, or too long ago."""
    message = "Invalid code provided, please request a code again."
    return AwsFault("ExpiredCodeException", message)


def too_many_attempts() -> AwsFault:
    """Return the refusal of too many guesses."""
    message = "Attempt limit exceeded, please try after some time."
    return AwsFault("LimitExceededException", message)


def mismatch() -> AwsFault:
    """Return the refusal of a wrong code."""
    message = "Invalid verification code provided, please try again."
    return AwsFault("CodeMismatchException", message)


def delivery(attribute: str, address: str) -> dict[str, str]:
    """Return the delivery details of a code, with the address masked."""
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


SOFTWARE_TOKEN = "SOFTWARE_TOKEN_MFA"  # noqa: S105 - the factor's name
_SECRET_LENGTH = 52
_STEPS = (-1, 0, 1)  # steps by which a clock may be off


def new_totp_secret(user: User) -> str:
    """Create a new secret for the user, which must be verified before use."""
    mfa = user.mfa
    mfa.totp_secret = pyotp.random_base32(_SECRET_LENGTH)
    mfa.has_verified_totp = False
    mfa.last_totp_step = 0
    return mfa.totp_secret


def verify_totp(user: User, code: str) -> None:
    """Accept the first code of a new secret."""
    if not _is_valid_totp(user, code):
        raise AwsFault("EnableSoftwareTokenMFAException", "Code mismatch")
    user.mfa.has_verified_totp = True


def check_totp(user: User, code: str) -> None:
    """Accept a code at sign-in, once."""
    if not _is_valid_totp(user, code):
        raise AwsFault("CodeMismatchException", "Invalid code received for user")


def totp_uri(user: User, secret: str, issuer: str) -> str:
    """Return the text for the QR code that an authenticator app reads."""
    account = user.attributes.get("email", user.username)
    return pyotp.TOTP(secret, name=account, issuer=issuer).provisioning_uri()


def _is_valid_totp(user: User, code: str) -> bool:
    mfa = user.mfa
    if mfa.totp_secret is None:
        return False
    totp = pyotp.TOTP(mfa.totp_secret)
    now = int(time.time()) // totp.interval
    for step in (now + offset for offset in _STEPS):
        if pyotp.utils.strings_equal(code.strip(), totp.generate_otp(step)):
            if step <= mfa.last_totp_step:
                raise AwsFault(
                    "ExpiredCodeException",
                    "Your software token has already been used once.",
                )
            mfa.last_totp_step = step
            return True
    return False


# Factors that send a code: the attribute with the address.
BY_MESSAGE = {
    "EMAIL_OTP": "email",
    "SMS_MFA": "phone_number",
    "SMS_OTP": "phone_number",
}
NAMES = (SOFTWARE_TOKEN, "EMAIL_OTP", "SMS_MFA")


def next_challenge(client: AppClient, user: User) -> tuple[str, dict[str, str]] | None:
    """Return the challenge that follows a right password, with its parameters."""
    setting = client.pool.get("MfaConfiguration", "OFF")
    if setting == "OFF":
        return None
    usable = _usable(client, user, must_have_one=setting == "ON")
    if user.mfa.preferred in usable:
        usable = [user.mfa.preferred]
    if len(usable) > 1:
        return "SELECT_MFA_TYPE", {"MFAS_CAN_CHOOSE": json.dumps(usable)}
    if usable:
        return usable[0], {}
    if setting == "ON":
        return "MFA_SETUP", {"MFAS_CAN_SETUP": json.dumps([SOFTWARE_TOKEN])}
    return None


def code_delivery(sent: dict[str, str]) -> dict[str, str]:
    """Return delivery details as parameters of a challenge."""
    return {
        "CODE_DELIVERY_DELIVERY_MEDIUM": sent["DeliveryMedium"],
        "CODE_DELIVERY_DESTINATION": sent["Destination"],
    }


def needs_mfa(client: AppClient, user: User | None) -> bool:
    """Whether a user needs two factors. The first is then not a one-time code."""
    setting = client.pool.get("MfaConfiguration", "OFF")
    return setting == "ON" or bool(setting != "OFF" and user and user.mfa.enabled)


def _usable(client: AppClient, user: User, *, must_have_one: bool) -> list[str]:
    """Return the user's second factors. If MFA is required, an address counts."""
    offered = directory.second_factors(client.pool_id)
    own = [factor for factor in offered if factor in user.mfa.enabled]
    if own or not must_have_one:
        return own
    if user.mfa.has_verified_totp and SOFTWARE_TOKEN in offered:
        return [SOFTWARE_TOKEN]
    return [factor for factor in offered if has_address(user, factor)]


def has_address(user: User, factor: str) -> bool:
    """Whether a code of this factor would reach the user."""
    address = BY_MESSAGE.get(factor)
    return address is not None and user.has_verified(address)
