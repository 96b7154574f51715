"""Users of the pool: in the file, and named on the command line."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.aws.responses import listed
from cognito_gw.aws_rules import ADDRESSES
from cognito_gw.engine.resource import Action, Change, Resource
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config import model
    from cognito_gw.config.variables import Password
    from cognito_gw.resources.pool_parts import Group
    from cognito_gw.resources.user_pool import UserPool


_PREFIX = "Attributes."  # of the fields of a change
_UNUSED = "FORCE_CHANGE_PASSWORD"  # created, and no permanent password set yet
_SYMBOLS = "!#%+-=?@^_"


@dataclass(eq=False)
class User(Resource):
    """A user, ready to sign in: verified, confirmed, and in the groups."""

    kind = "user"
    command = "user"
    id_field = "Username"

    pool: UserPool
    username: str
    group_names: list[str] | None  # None: unmanaged
    groups: tuple[Group, ...]
    policy: model.PasswordPolicy
    password: Password | None = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)  # besides the address
    is_temporary: bool = False  # the password must change at the first sign-in
    place: tuple[str | int, ...] = ()  # in the file

    @property
    def label(self) -> str:
        return self.username

    @property
    def parent(self) -> Resource | None:
        return self.pool

    @property
    def frozen(self) -> dict[str, tuple[str | int, ...]]:
        """The attributes that are fixed at creation; all while that is not known."""
        pool = self.pool.live
        schema = None if pool is None else pool.get("Attributes", {})
        return {
            f"{_PREFIX}{name}": (*self.place, "attributes", name)
            for name in self.attributes
            if schema is None or not schema.get(name, {}).get("Mutable", True)
        }

    @property
    def replacing(self) -> str:
        return f"`cgw user remove {self.username}` and `cgw up` create the user again"

    def desired(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        if self.group_names is not None:
            wanted["Groups"] = self.group_names
        if self.attributes:
            wanted["Attributes"] = dict(self.attributes)
        if self.live is not None and self.needs_password:
            wanted["UserStatus"] = "CONFIRMED"
        return wanted

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        user: dict[str, Any] = aws.cognito.admin_get_user(**self._key())
        if self.group_names is not None:
            operation = "admin_list_groups_for_user"
            groups = listed(aws.cognito, operation, "Groups", **self._key())
            user["Groups"] = [group["GroupName"] for group in groups]
        return user | {"Attributes": attributes_of(user)}

    def create(self, aws: Aws) -> dict[str, Any]:
        password = self._password()  # first, as it raises if the variable is missing
        attributes = _pairs(self.initial_attributes)
        request = {"UserAttributes": attributes, "MessageAction": "SUPPRESS"}
        if self.is_temporary:
            self._announce(aws, password)
            request["TemporaryPassword"] = password
        answer = aws.cognito.admin_create_user(**self._key(), **request)
        if not self.is_temporary:
            self._set_password(aws, password)
        self._join(aws, set(self.group_names or []))
        status = _UNUSED if self.is_temporary else "CONFIRMED"
        user: dict[str, Any] = answer["User"] | {"UserStatus": status}
        user |= {"UserAttributes": user.get("Attributes", [])}
        given = {"Attributes": attributes_of(user)}
        return user | {"Groups": list(self.group_names or [])} | given

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if "UserStatus" in changes:
            self._set_password(aws, self._password())
        if values := self._changed(changes):
            aws.cognito.admin_update_user_attributes(
                **self._key(), UserAttributes=_pairs(values)
            )
        if "Groups" in changes:
            has, wants = set(self["Groups"]), set(self.group_names or [])
            self._join(aws, wants - has)
            for name in sorted(has - wants):
                aws.cognito.admin_remove_user_from_group(**self._key(), GroupName=name)
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        aws.cognito.admin_delete_user(**self._key())

    @property
    def lacks_password(self) -> bool:
        """Whether the file has a variable for the password, which is not set."""
        return self.password is not None and self.password.missing is not None

    @property
    def needs_password(self) -> bool:
        """Whether the user, as read, still needs a password."""
        return self.live is None or self.live["UserStatus"] == _UNUSED

    def _key(self) -> dict[str, str]:
        return {"UserPoolId": self.pool["Id"], "Username": self.username}

    @property
    def initial_attributes(self) -> dict[str, str]:
        """The attributes that the user is created with."""
        values = _address(self.username) | dict(self.attributes)
        return {name: value for name, value in values.items() if value}

    def _changed(self, changes: Mapping[str, Change]) -> dict[str, str]:
        """Return the attributes that change; with an address, whether it is verified.

        AWS would take a new address as unverified.
        """
        names = {name for name in self.attributes if f"{_PREFIX}{name}" in changes}
        names |= {f"{name}_verified" for name in names & ADDRESSES.keys()}
        given = self.attributes.items()
        return {name: value for name, value in given if name in names}

    def _password(self) -> str:
        if self.password is not None:
            return self.password.reveal()
        return generate_password(self.policy.min_length)

    def _set_password(self, aws: Aws, password: str) -> None:
        self._announce(aws, password)
        aws.cognito.admin_set_user_password(
            **self._key(), Password=password, Permanent=not self.is_temporary
        )

    def _announce(self, aws: Aws, password: str) -> None:
        """Show a generated password before it is set, so that it is never lost."""
        if self.password is None:
            aws.announce(f"{self}: generated password, shown this once: {password}")

    def _join(self, aws: Aws, groups: set[str]) -> None:
        for name in sorted(groups):
            aws.cognito.admin_add_user_to_group(**self._key(), GroupName=name)


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": values[name]} for name in values]


def with_verification(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return attributes with addresses as verified, unless they say otherwise."""
    given = [name for name in ADDRESSES if attributes.get(name)]
    return {f"{name}_verified": "true" for name in given} | dict(attributes)


def _address(username: str) -> dict[str, str]:
    """Return the verified attributes that follow from an address as the name."""
    for kind, (form, _) in ADDRESSES.items():
        if form.fullmatch(username):
            return {kind: username, f"{kind}_verified": "true"}
    return {}  # a plain user name


def generate_password(at_least: int) -> str:
    """Return a random password with letters of both cases, numbers and symbols."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds)) for _ in range(max(at_least, 20) - 4)]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


@dataclass(eq=False)
class Person(User):
    """A user named on the command line; each verb returns the action it took."""

    def create(self, aws: Aws) -> Action:  # type: ignore[override] # as all verbs here
        """Create the user."""
        self.live = super().create(aws)
        return Action.CREATE

    def delete(self, aws: Aws) -> Action:  # type: ignore[override] # as all verbs here
        """Delete the user, if it still exists."""
        with absent_is_none():
            super().delete(aws)
        self.live = None
        return Action.DELETE

    def give_password(self, aws: Aws) -> Action:
        """Set the password, which confirms the user unless it is temporary."""
        self._set_password(aws, self._password())
        return self._updated(aws)

    def enable(self, aws: Aws) -> Action:
        """Allow the user to sign in."""
        if self["Enabled"]:
            return Action.KEEP
        aws.cognito.admin_enable_user(**self._key())
        return self._updated(aws)

    def disable(self, aws: Aws) -> Action:
        """Prevent the user from signing in."""
        if not self["Enabled"]:
            return Action.KEEP
        aws.cognito.admin_disable_user(**self._key())
        return self._updated(aws)

    def confirm(self, aws: Aws) -> Action:
        """Confirm a user who signed up and entered no code."""
        if self["UserStatus"] == "CONFIRMED":
            return Action.KEEP
        aws.cognito.admin_confirm_sign_up(**self._key())
        return self._updated(aws)

    def regroup(self, aws: Aws, groups: Iterable[str]) -> Action:
        """Set the groups of the user to exactly these."""
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


def users_of(pool: UserPool, aws: Aws) -> list[dict[str, Any]]:
    """Return all users as AWS lists them, by the name with which they sign in."""
    users = listed(aws.cognito, "list_users", "Users", UserPoolId=pool["Id"])
    return sorted(users, key=lambda user: sign_in_name(pool, user).lower())


def groups_of(pool: UserPool, aws: Aws) -> list[str]:
    """Return the names of the pool's groups."""
    groups = listed(aws.cognito, "list_groups", "Groups", UserPoolId=pool["Id"])
    return sorted(group["GroupName"] for group in groups)


def sign_in_name(pool: UserPool, user: Mapping[str, Any]) -> str:
    """Return the address with which the user signs in, or the user name."""
    aliases = (pool.live or {}).get("UsernameAttributes", [])
    return next(_found(user, aliases), str(user["Username"]))


def is_called(pool: UserPool, user: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether the user signs in with one of the names, ignoring case."""
    described = pool.live or {}
    kinds = ("UsernameAttributes", "AliasAttributes")
    aliases = [alias for kind in kinds for alias in described.get(kind, [])]
    own = {str(user["Username"]), *_found(user, aliases)}
    return not {name.lower() for name in own}.isdisjoint(map(str.lower, names))


def attributes_of(user: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes of a user from AdminGetUser or ListUsers."""
    attributes = user.get("UserAttributes") or user.get("Attributes", [])
    return {attribute["Name"]: attribute["Value"] for attribute in attributes}


def _found(user: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    attributes = attributes_of(user)
    return (attributes[name] for name in names if attributes.get(name))
