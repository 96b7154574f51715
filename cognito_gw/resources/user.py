"""A user of the pool, with a password that is set once."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
        if self.live is not None and self.live["UserStatus"] == _UNUSED:
            wanted["UserStatus"] = "CONFIRMED"
        return wanted

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        user = dict(aws.cognito.admin_get_user(**self._key()))
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
        aws.cognito.admin_create_user(
            **self._key(), UserAttributes=self._attributes(), MessageAction="SUPPRESS"
        )
        self._set_password(aws, password)
        self._join(aws, set(self.group_names or []))
        return self.observe(aws) or {}

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

    def _key(self) -> dict[str, str]:
        return {"UserPoolId": self.pool["Id"], "Username": self.username}

    def _attributes(self) -> list[dict[str, str]]:
        kind = "email" if "@" in self.username else "phone_number"
        if kind == "phone_number" and not self.username.startswith("+"):
            return []  # a plain user name
        return [
            {"Name": kind, "Value": self.username},
            {"Name": f"{kind}_verified", "Value": "true"},
        ]

    def _password(self) -> str:
        if self.password is not None:
            return self.password.reveal()
        return generate_password(self.policy.min_length)

    def _set_password(self, aws: Aws, password: str) -> None:
        if self.password is None:  # before it is set: nothing may be lost in between
            aws.announce(f"{self}: generated password, shown this once: {password}")
        aws.cognito.admin_set_user_password(
            **self._key(), Password=password, Permanent=True
        )

    def _join(self, aws: Aws, groups: set[str]) -> None:
        for name in sorted(groups):
            aws.cognito.admin_add_user_to_group(**self._key(), GroupName=name)


def generate_password(at_least: int) -> str:
    """Return a random password with letters of both cases, numbers and symbols."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds)) for _ in range(max(at_least, 20) - 4)]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
