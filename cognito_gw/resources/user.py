"""A user of the pool, with a password that is set once."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.aws_rules import ADDRESSES
from cognito_gw.engine.resource import Change, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config import schema
    from cognito_gw.config.secret import Password
    from cognito_gw.resources.pool_parts import Group
    from cognito_gw.resources.user_pool import UserPool

_UNUSED = "FORCE_CHANGE_PASSWORD"  # created, and no permanent password set yet
_SYMBOLS = "!#%+-=?@^_"


@dataclass(eq=False)
class User(Resource):
    """A user who can sign in at once: verified, confirmed, in its groups."""

    kind = "user"
    command = "user"
    id_field = "Username"

    pool: UserPool
    username: str
    group_names: list[str] | None  # None: the file does not speak of groups
    groups: tuple[Group, ...]
    policy: schema.PasswordPolicy
    password: Password | None = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)  # besides the address
    is_temporary: bool = False  # the password: the first sign-in asks for another

    @property
    def label(self) -> str:
        return self.username

    @property
    def inside(self) -> Resource | None:
        return self.pool

    def desired(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        if self.group_names is not None:
            wanted["Groups"] = self.group_names
        if self.live is not None and self.needs_password:
            wanted["UserStatus"] = "CONFIRMED"
        return wanted

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        user: dict[str, Any] = aws.cognito.admin_get_user(**self._key())
        if self.group_names is not None:
            pages = aws.cognito.get_paginator("admin_list_groups_for_user").paginate(
                **self._key()
            )
            user["Groups"] = [
                group["GroupName"] for page in pages for group in page["Groups"]
            ]
        return user

    def create(self, aws: Aws) -> dict[str, Any]:
        password = self._password()  # first: a missing one must not cost a user
        request = {"UserAttributes": self._attributes(), "MessageAction": "SUPPRESS"}
        if self.is_temporary:
            self._announce(aws, password)
            request["TemporaryPassword"] = password
        answer = aws.cognito.admin_create_user(**self._key(), **request)
        if not self.is_temporary:
            self._set_password(aws, password)
        self._join(aws, set(self.group_names or []))
        status = _UNUSED if self.is_temporary else "CONFIRMED"
        user: dict[str, Any] = answer["User"] | {"UserStatus": status}
        return user | {"Groups": list(self.group_names or [])}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if "UserStatus" in changes:
            self._set_password(aws, self._password())
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
        """Whether the user that was looked at is to get one."""
        return self.live is None or self.live["UserStatus"] == _UNUSED

    def _key(self) -> dict[str, str]:
        return {"UserPoolId": self.pool["Id"], "Username": self.username}

    def _attributes(self) -> list[dict[str, str]]:
        values = _address(self.username) | dict(self.attributes)
        return [{"Name": name, "Value": values[name]} for name in values]

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
        """Show a generated password before it is set: it must not be lost between."""
        if self.password is None:
            aws.announce(f"{self}: generated password, shown this once: {password}")

    def _join(self, aws: Aws, groups: set[str]) -> None:
        for name in sorted(groups):
            aws.cognito.admin_add_user_to_group(**self._key(), GroupName=name)


def _address(username: str) -> dict[str, str]:
    """Return what a name says of its user, as verified attributes."""
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
