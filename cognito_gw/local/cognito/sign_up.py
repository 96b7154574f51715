"""Sign-up of users, and recovery of a forgotten password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.local.cognito import checks, codes, directory, user_attributes
from cognito_gw.local.cognito.checks import (
    check_policy,
    hides_users,
    known_user,
    require_enabled,
)
from cognito_gw.local.errors import AwsFault, invalid_parameter, not_authorized

if TYPE_CHECKING:
    from cognito_gw.local.cognito.codes import Codes
    from cognito_gw.local.cognito.directory import AppClient, User

_USERNAME = {
    ("email",): "Username should be an email.",
    ("phone_number",): "Username should be a phone number.",
}


@dataclass(frozen=True)
class SignUp:
    """Adds users, who prove by a code that they own an address."""

    codes: Codes

    def add(
        self, client: AppClient, name: str, password: str, attributes: dict[str, str]
    ) -> tuple[User, dict[str, str] | None]:
        """Add a user. Return also the delivery details of the code, if one was sent."""
        if not client.is_open:
            raise not_authorized("SignUp is not permitted for this user pool")
        check_policy(client, password)
        _require_known(client, attributes)
        user_attributes.require_writable(client, attributes)
        attributes = attributes | _alias(client, name)
        user_attributes.require_complete(client, attributes)
        user_attributes.require_fitting(client.schema, attributes)
        user_attributes.require_username_format(client.pool_id, name)
        _require_new(client, name, attributes)
        given = [address for address in codes.ADDRESSES if address in attributes]
        attributes |= {f"{address}_verified": "false" for address in given}
        user = directory.add_user(client, name, password, attributes)
        return user, self._send(client, user)

    def confirm(
        self, client: AppClient, name: str, code: str, *, takes_alias: bool = False
    ) -> None:
        """Confirm a user by the code that was sent.

        With `takes_alias` the address may be another user's alias, who loses it.
        """
        user = _visible_user(client, name)
        if user is None:
            raise codes.expired()
        if user.status != "UNCONFIRMED":
            raise not_authorized(
                f"User cannot be confirmed. Current status is {user.status}"
            )
        require_enabled(user)
        attribute = self.codes.match(user, codes.SIGN_UP, code).attribute
        verified = {f"{attribute}_verified": "true"}
        if not takes_alias:
            known = user.attributes | verified
            user_attributes.require_free(client.pool_id, known, [attribute], user)
        self.codes.spend(user, codes.SIGN_UP)
        user.set_attributes(verified)
        user_attributes.release(client.pool_id, user)
        user.set_status("CONFIRMED")

    def resend(self, client: AppClient, name: str) -> dict[str, str]:
        """Send the confirmation code again, and return the delivery details."""
        user = _visible_user(client, name)
        if user is None:
            return _simulated(client, name)
        require_enabled(user)
        if user.status != "UNCONFIRMED":
            raise invalid_parameter("User is already confirmed.")
        delivery = self._send(client, user)
        if delivery is None:
            raise invalid_parameter(
                "Cannot resend codes. Auto verification not turned on."
            )
        return delivery

    def forget(self, client: AppClient, name: str) -> dict[str, str]:
        """Send a code that resets the password, and return the delivery details."""
        ways = _recovery_attributes(client)
        user = known_user(client, name)
        try:
            attribute = _recovery(user, ways) if user else None
        except AwsFault:
            if not hides_users(client):
                raise
            attribute = None
        if user is None or attribute is None:
            return _simulated(client, name)
        return self.codes.send(user, codes.RESET, attribute)

    def reset(self, client: AppClient, name: str, code: str, password: str) -> None:
        """Set a new password for a user who has the code."""
        user = _visible_user(client, name)
        if user is None:
            raise codes.mismatch()
        require_enabled(user)
        check_policy(client, password)
        attribute = self.codes.take(user, codes.RESET, code)
        user.set_attributes({f"{attribute}_verified": "true"})
        user.confirm_with(password)

    def _send(self, client: AppClient, user: User) -> dict[str, str] | None:
        """Send the sign-up code to an address that the pool verifies."""
        verified = client.pool.get("AutoVerifiedAttributes", [])
        for attribute in codes.ADDRESSES:
            if attribute in verified and attribute in user.attributes:
                return self.codes.send(user, codes.SIGN_UP, attribute)
        return None


def _visible_user(client: AppClient, name: str) -> User | None:
    """Return a user, or None if the client hides an unknown or a disabled one."""
    user = known_user(client, name)
    return None if user and not user.is_enabled and hides_users(client) else user


def _alias(client: AppClient, name: str) -> dict[str, str]:
    """Return the attribute that is the user name, if the pool signs in by attribute."""
    names = tuple(client.pool.get("UsernameAttributes") or [])
    if not names:
        return {}
    for attribute in names:
        if codes.FORMS[attribute].fullmatch(name):
            return {attribute: name}
    either = "Username should be either an email or a phone number."
    raise invalid_parameter(_USERNAME.get(names, either))


def _require_known(client: AppClient, attributes: dict[str, str]) -> None:
    """Refuse attributes that the pool does not have."""
    known = {field["Name"] for field in client.schema}
    unknown = {name: attributes[name] for name in attributes if name not in known}
    user_attributes.require_fitting(client.schema, unknown)


def _require_new(client: AppClient, name: str, attributes: dict[str, str]) -> None:
    """Refuse a taken name, or an attribute that is another user's sign-in name."""
    taken = user_attributes.taken(client.pool_id, attributes, attributes)
    if taken:
        message = f"An account with the given {taken} already exists."
        raise AwsFault("UsernameExistsException", message)
    if directory.find_user(client.pool_id, name):
        raise AwsFault("UsernameExistsException", "User already exists")


def _recovery(user: User, ways: list[str]) -> str:
    """Return the attribute through which a user may recover the account."""
    require_enabled(user)
    if user.status == "FORCE_CHANGE_PASSWORD":
        raise not_authorized("User password cannot be reset in the current state.")
    for name in ways:
        if user.has_verified(name):
            return name
    raise no_address()


def _recovery_attributes(client: AppClient) -> list[str]:
    """Return the attributes through which the pool lets users recover accounts."""
    recovery = client.pool.get("AccountRecoverySetting", {}).get("RecoveryMechanisms")
    ordered = sorted(recovery or [], key=lambda way: int(way.get("Priority", 1)))
    ways = [str(way["Name"]) for way in ordered]
    if ways == ["admin_only"]:
        raise not_authorized("Contact administrator to reset password.")
    return [way.removeprefix("verified_") for way in ways] or ["phone_number", "email"]


def _simulated(client: AppClient, name: str) -> dict[str, str]:
    """Return the delivery details of a code to a user who does not exist."""
    verified = client.pool.get("AutoVerifiedAttributes") or ["email"]
    attribute = codes.address_form(name) or verified[0]
    return codes.delivery(attribute, checks.address(client, name, attribute))


def no_address() -> AwsFault:
    """Return the refusal to send a code without an address to send it to."""
    return invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email "
        "or phone_number"
    )
