"""The users of a pool, whether the file names them or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.faults import absent_is_none
from cognito_gw.engine.resource import Action, Change
from cognito_gw.errors import CgwError
from cognito_gw.resources.user import User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config.secret import Password
    from cognito_gw.resources.stack import Stack
    from cognito_gw.resources.user_pool import UserPool


@dataclass(eq=False)
class Person(User):
    """A user whom the command line names; each verb says what it did."""

    def appear(self, aws: Aws) -> Action:
        """Make the user."""
        self.live = self.create(aws)
        return Action.CREATE

    def vanish(self, aws: Aws) -> Action:
        """Remove the user; someone else may have done so meanwhile."""
        with absent_is_none():
            self.delete(aws)
        self.live = None
        return Action.DELETE

    def give_password(self, aws: Aws) -> Action:
        """Set the password, which confirms the user unless it is a temporary one."""
        self._set_password(aws, self._password())
        return self._updated(aws)

    def let_in(self, aws: Aws) -> Action:
        """Let the user sign in again."""
        if self["Enabled"]:
            return Action.KEEP
        aws.cognito.admin_enable_user(**self._key())
        return self._updated(aws)

    def shut_out(self, aws: Aws) -> Action:
        """Keep the user from signing in."""
        if not self["Enabled"]:
            return Action.KEEP
        aws.cognito.admin_disable_user(**self._key())
        return self._updated(aws)

    def confirm(self, aws: Aws) -> Action:
        """Confirm who signed up and gave no code."""
        if self["UserStatus"] == "CONFIRMED":
            return Action.KEEP
        aws.cognito.admin_confirm_sign_up(**self._key())
        return self._updated(aws)

    def regroup(self, aws: Aws, groups: Iterable[str]) -> Action:
        """Put the user into these groups and no others."""
        before, self.group_names = sorted(self["Groups"]), sorted(groups)
        if before == self.group_names:
            return Action.KEEP
        self.live = self.update(aws, {"Groups": Change(before, self.group_names)})
        return Action.UPDATE

    def _updated(self, aws: Aws) -> Action:
        self.live = self.observe(aws)
        return Action.UPDATE

    @property
    def unconfirmable(self) -> CgwError | None:
        """Why the user cannot be confirmed, if so."""
        status = self["UserStatus"]
        if status in ("CONFIRMED", "UNCONFIRMED"):
            return None
        return CgwError(
            f"{self} does not wait to be confirmed: the status is {status}",
            hint="`cgw user password` sets a password with which the user can sign in",
        )


def person(
    stack: Stack, name: str, *, password: Password | None = None, **more: Any
) -> Person:
    """Return a user of the stack's pool, not looked at yet."""
    policy = stack.config.user_pool.password_policy
    groups = more.pop("groups", None)
    return Person(stack.pool, name, groups, (), policy, password, **more)


def users_of(pool: UserPool, aws: Aws) -> list[dict[str, Any]]:
    """Return all users as AWS lists them, by the name with which they sign in."""
    pages = aws.cognito.get_paginator("list_users").paginate(UserPoolId=pool["Id"])
    users = [user for page in pages for user in page["Users"]]
    return sorted(users, key=lambda user: sign_in_name(pool, user).lower())


def groups_of(pool: UserPool, aws: Aws) -> list[str]:
    """Return the names of the pool's groups."""
    pages = aws.cognito.get_paginator("list_groups").paginate(UserPoolId=pool["Id"])
    return sorted(group["GroupName"] for page in pages for group in page["Groups"])


def sign_in_name(pool: UserPool, user: Mapping[str, Any]) -> str:
    """Return the address with which the user signs in, or the user name."""
    aliases = (pool.live or {}).get("UsernameAttributes", [])
    return next(_found(user, aliases), str(user["Username"]))


def is_called(pool: UserPool, user: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether the user signs in with one of the names; case does not count."""
    described = pool.live or {}
    kinds = ("UsernameAttributes", "AliasAttributes")
    aliases = [alias for kind in kinds for alias in described.get(kind, [])]
    own = {str(user["Username"]), *_found(user, aliases)}
    return not {name.lower() for name in own}.isdisjoint(map(str.lower, names))


def attributes_of(user: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes of a user as AdminGetUser or ListUsers tell them."""
    attributes = user.get("UserAttributes") or user.get("Attributes", [])
    return {each["Name"]: each["Value"] for each in attributes}


def _found(user: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    attributes = attributes_of(user)
    return (attributes[name] for name in names if attributes.get(name))
