"""Attributes of users: who may set them, and which of them are sign-in names.

No two users of a pool sign in with the same name. An address that is the user name
belongs to one user from the start. An address that is an alias may be set by several
users, and belongs to the one who has verified it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.cognito import codes, directory
from cognito_gw.local.errors import AwsFault, invalid_parameter, not_authorized

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cognito_gw.local.cognito.directory import AppClient, User

PREFIX = "userAttributes."  # of attributes in challenge responses
_SCIM_NAMES = {
    "email": "emails",
    "family_name": "name.familyName",
    "given_name": "name.givenName",
    "name": "name.formatted",
    "phone_number": "phoneNumbers",
}
_FORMATS = {"email": "email", "phone_number": "phone number"}


def require_username_format(pool_id: str, name: str) -> None:
    """Refuse a user name that has the format of an alias of the pool."""
    form = codes.address_form(name)
    if form in directory.alias_attributes(pool_id):
        words = _FORMATS[str(form)]
        raise invalid_parameter(
            f"Username cannot be of {words} format, since user pool is configured for "
            f"{words} alias."
        )


def taken(
    pool_id: str,
    attributes: Mapping[str, str],
    changed: Iterable[str],
    user: User | None = None,
) -> str | None:
    """Return a changed attribute that is also the sign-in name of another user."""
    for name in changed:
        serves = directory.serves_as_name(pool_id, attributes, name)
        if serves and _others(pool_id, attributes[name], user):
            return name
    return None


def require_free(
    pool_id: str, attributes: Mapping[str, str], changed: Iterable[str], user: User
) -> None:
    """Refuse attributes that are also the sign-in name of another user."""
    if name := taken(pool_id, attributes, changed, user):
        message = f"An account with the {name} already exists."
        raise AwsFault("AliasExistsException", message)


def changes(pool_id: str, user: User, given: dict[str, str]) -> dict[str, str]:
    """Return the attributes that change, with new addresses as unverified.

    Raises AwsFault if one is the sign-in name of another user.
    """
    new = given | {f"{name}_verified": "false" for name in changed(user, given)}
    require_free(pool_id, user.attributes | new, given, user)
    return new


def changed(user: User, given: Mapping[str, str]) -> list[str]:
    """Return the names of the given addresses that the user does not have yet."""
    return [
        name
        for name in codes.ADDRESSES
        if given.get(name) and given[name] != user.attributes.get(name)
    ]


def is_movable(pool_id: str, name: str | None) -> bool:
    """Whether an alias can move from one user to another, as an address can."""
    return name in codes.ADDRESSES and name in directory.alias_attributes(pool_id)


def release(pool_id: str, user: User) -> None:
    """Mark this user's verified aliases as unverified for all other users."""
    attributes = user.attributes
    for name in codes.ADDRESSES:
        is_alias = is_movable(pool_id, name)
        if is_alias and directory.serves_as_name(pool_id, attributes, name):
            for other in _others(pool_id, attributes[name], user):
                if other.has_verified(name):
                    other.set_attributes({f"{name}_verified": "false"})


def _others(pool_id: str, value: str, user: User | None) -> list[User]:
    return [
        other
        for other in directory.users_called(pool_id, value)
        if user is None or other.sub != user.sub
    ]


def answered(client: AppClient, responses: dict[str, str]) -> dict[str, str]:
    """Return the attributes among a challenge's responses."""
    given = {
        name.removeprefix(PREFIX): value
        for name, value in responses.items()
        if name.startswith(PREFIX)
    }
    require_writable(client, given)
    return given


def require_writable(client: AppClient, names: Iterable[str]) -> None:
    """Refuse attributes that this client may not write."""
    known = {field["Name"] for field in client.schema} - {"sub"}
    writable = set(client.settings.get("WriteAttributes") or known)
    for name in names:
        if name not in writable or name.endswith("_verified"):
            raise not_authorized("A client attempted to write unauthorized attribute")


def require_changeable(pool: dict[str, Any], names: Iterable[str]) -> None:
    """Refuse attributes that the pool does not have, or that never change."""
    schema = {field["Name"]: field for field in pool.get("SchemaAttributes", [])}
    for name in names:
        if name not in schema:
            raise _unfitting([f"{name}: Attribute does not exist in the schema."])
        if name == "sub" or not schema[name].get("Mutable", True):
            raise invalid_parameter(f"user.{name}: Attribute cannot be updated.\n")


def require_fitting(
    schema: Sequence[dict[str, Any]],
    attributes: dict[str, str],
) -> None:
    """Refuse attributes that violate a pool's schema; blank ones are to be deleted."""
    given = {name: value for name, value in attributes.items() if value}
    if wrong := aws_rules.attribute_faults(schema, given):
        raise _unfitting(wrong)


def _unfitting(wrong: Sequence[str]) -> AwsFault:
    listed = "\n".join(wrong)
    return invalid_parameter(f"Attributes did not conform to the schema: {listed}\n")


def require_complete(client: AppClient, attributes: Mapping[str, str]) -> None:
    """Refuse a sign-up without an attribute that the pool requires.

    The words have the names of SCIM, as users quote them since 2020.
    """
    lacking = [
        _SCIM_NAMES.get(name, name)
        for name in client.required_attributes
        if not attributes.get(name)
    ]
    if lacking:
        raise _unfitting(
            [", ".join(f"{name}: The attribute {name} is required" for name in lacking)]
        )


def readable(client: AppClient, user: User) -> dict[str, str]:
    """Return the attributes of a user that this client may read."""
    names = client.settings.get("ReadAttributes") or user.attributes
    return {
        name: value
        for name, value in user.attributes.items()
        if name in {*names, "sub"}
    }


def missing(client: AppClient, user: User) -> list[str]:
    """Return the names of attributes that the pool requires and the user lacks."""
    return [name for name in client.required_attributes if name not in user.attributes]


def by_name(pairs: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return attributes by name, given as AWS writes them: `Name` and `Value`."""
    return {pair["Name"]: pair["Value"] for pair in pairs}
