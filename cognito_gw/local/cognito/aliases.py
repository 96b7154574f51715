"""Attributes with which people sign in: no two users have the same one.

Where an address is the user name, it belongs to one user from the start. Where it is
an alias, many may claim it, and it belongs to the one who has verified it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.local.cognito import codes, directory
from cognito_gw.local.cognito.errors import invalid_parameter
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cognito_gw.local.cognito.directory import User

_FORMATS = {"email": "email", "phone_number": "phone number"}


def require_username_format(pool_id: str, name: str) -> None:
    """Refuse a user name that looks like an alias of the pool, and could be taken."""
    form = codes.address_form(name)
    if form in directory.alias_attributes(pool_id):
        words = _FORMATS[str(form)]
        raise invalid_parameter(
            f"Username cannot be of {words} format, since user pool is configured for "
            f"{words} alias.",
        )


def taken(
    pool_id: str,
    attributes: Mapping[str, str],
    changed: Iterable[str],
    user: User | None = None,
) -> str | None:
    """Return which changed attribute would be the sign-in name of another user, too."""
    for name in changed:
        serves = directory.serves_as_name(pool_id, attributes, name)
        if serves and _others(pool_id, attributes[name], user):
            return name
    return None


def require_free(
    pool_id: str, attributes: Mapping[str, str], changed: Iterable[str], user: User
) -> None:
    """Refuse attributes that would make another user's sign-in name this user's."""
    if name := taken(pool_id, attributes, changed, user):
        raise exists(name)


def changes(pool_id: str, user: User, given: dict[str, str]) -> dict[str, str]:
    """Return what a user's change of attributes comes to: a new address is unverified.

    What would make another user's sign-in name this user's is refused.
    """
    new = given | {f"{name}_verified": "false" for name in changed(user, given)}
    require_free(pool_id, user.attributes | new, given, user)
    return new


def changed(user: User, given: Mapping[str, str]) -> list[str]:
    """Return which addresses are given, and are not the user's already."""
    return [
        name
        for name in codes.ADDRESSES
        if name in given and given[name] != user.attributes.get(name)
    ]


def require_settable(
    pool_id: str, attributes: Mapping[str, str], changed: Iterable[str], user: User
) -> None:
    """Refuse what an administrator cannot move: all but a verified address."""
    fixed = [name for name in changed if not is_movable(pool_id, name)]
    require_free(pool_id, attributes, fixed, user)


def is_movable(pool_id: str, name: str | None) -> bool:
    """Whether an alias may go from one user to another: an address may."""
    return name in codes.ADDRESSES and name in directory.alias_attributes(pool_id)


def release(pool_id: str, user: User) -> None:
    """Take this user's verified aliases from everybody else: they are unverified."""
    attributes = user.attributes
    for name in codes.ADDRESSES:
        is_alias = is_movable(pool_id, name)
        if is_alias and directory.serves_as_name(pool_id, attributes, name):
            for other in _others(pool_id, attributes[name], user):
                if other.has_verified(name):
                    other.set_attributes({f"{name}_verified": "false"})


def exists(name: str) -> AwsFault:
    """Return the refusal of an alias that another user has."""
    return AwsFault(
        "AliasExistsException", f"An account with the {name} already exists."
    )


def _others(pool_id: str, value: str, user: User | None) -> list[User]:
    return [
        other
        for other in directory.users_called(pool_id, value)
        if user is None or other.sub != user.sub
    ]
