"""What a user must show beside the password: the second factors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cognito_gw.local.identity import codes, directory
from cognito_gw.local.identity.totp import SOFTWARE_TOKEN

if TYPE_CHECKING:
    from cognito_gw.local.identity.codes import Codes
    from cognito_gw.local.identity.directory import AppClient, User

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


def send_code(codes_sent: Codes, user: User, factor: str) -> dict[str, str]:
    """Send a sign-in code, and return the challenge's parameters that say where to."""
    attribute = BY_MESSAGE[factor]
    return code_delivery(codes_sent.send(user, codes.SIGN_IN[attribute], attribute))


def code_delivery(sent: dict[str, str]) -> dict[str, str]:
    """Return a challenge's parameters for the details of what was sent."""
    return {
        "CODE_DELIVERY_DELIVERY_MEDIUM": sent["DeliveryMedium"],
        "CODE_DELIVERY_DESTINATION": sent["Destination"],
    }


def is_on(client: AppClient, user: User | None) -> bool:
    """Whether a user must show two factors; one-time codes are then none of the first.

    They could not be followed by a second.
    """
    setting = client.pool.get("MfaConfiguration", "OFF")
    return setting == "ON" or bool(setting != "OFF" and user and user.mfa.enabled)


def _usable(client: AppClient, user: User, *, must_have_one: bool) -> list[str]:
    """Return the user's factors; where MFA is required, a known address is one."""
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
