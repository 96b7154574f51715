"""The user pool, found by its name and the stack's tag."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.aws.errors import absent_is_none, message_of
from cognito_gw.aws.responses import listed, overlay, settable
from cognito_gw.aws.tags import (
    MORE_THAN_ONE,
    concurrent_create,
    is_ours,
    owned_arns,
    refuse_foreign,
)
from cognito_gw.aws.waits import settle
from cognito_gw.config.attribute_rules import schema_of
from cognito_gw.engine.resource import Change, Exactly, Resource
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from botocore.exceptions import ClientError

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config.model import UserPoolConfig


# The settings of an attribute as `live` has them, with their keys in the file.
_SETTINGS = {
    "AttributeDataType": "type",
    "Mutable": "mutable",
    "Required": "required",
    "MinLength": "min",
    "MaxLength": "max",
    "MinValue": "min",
    "MaxValue": "max",
}
_PREFIX = "Attributes."  # of the fields of a change
_MOST_AT_CREATION = 50  # attributes that CreateUserPool takes
_MOST_ADDED = 25  # that AddCustomAttributes takes


@dataclass(eq=False)
class UserPool(Resource):
    """A directory of users, and the issuer of their tokens."""

    kind = "user pool"
    command = "pool"
    id_field = "Id"

    stack: str
    name: str
    tags: dict[str, str]
    config: UserPoolConfig

    @property
    def label(self) -> str:
        return self.config.id or self.name

    @property
    def managed(self) -> bool:
        return self.config.id is None

    @property
    def frozen(self) -> dict[str, tuple[str, ...]]:
        """As attributes, also those that are in the file and exist."""
        return {"UsernameAttributes": ("user_pool", "sign_in_with")} | {
            f"{_PREFIX}{name}.{setting}": ("user_pool", "attributes", name, key)
            for name in self._attributes
            for setting, key in _SETTINGS.items()
        }

    @property
    def _attributes(self) -> dict[str, dict[str, Any]]:
        """The attributes that exist on AWS, by name."""
        attributes: dict[str, dict[str, Any]] = (self.live or {}).get("Attributes", {})
        return attributes

    @property
    def kept_attributes(self) -> list[str]:
        """The custom attributes that are not in the file: AWS never removes any."""
        if not self.managed:
            return []
        names = self._attributes.keys() - self.config.attributes.keys()
        return sorted(name for name in names if name.startswith(aws_rules.CUSTOM))

    @property
    def replacing(self) -> str:
        count = (self.live or {}).get("EstimatedNumberOfUsers")
        users = f"all users of the pool (now about {count})" if count else "all users"
        return f"`cgw down` and `cgw up` replace it, by which {users} are lost"

    @property
    def protected(self) -> CgwError | None:
        """The error for a deletion, where the file or AWS protects the pool."""
        if self.live is None or not self.managed:
            return None
        is_on = self.live.get("DeletionProtection") == "ACTIVE"
        if not (is_on or self.config.deletion_protection):
            return None
        return CgwError(
            f"{self} has deletion protection",
            hint="set `deletion_protection: false`, run `cgw up`, then repeat this",
        )

    def desired(self) -> dict[str, Any]:
        policy = self.config.password_policy
        tier = self.config.tier
        return {
            "Name": self.name,
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": policy.min_length,
                    "RequireLowercase": "lowercase" in policy.require,
                    "RequireUppercase": "uppercase" in policy.require,
                    "RequireNumbers": "numbers" in policy.require,
                    "RequireSymbols": "symbols" in policy.require,
                }
            },
            "AdminCreateUserConfig": {
                "AllowAdminCreateUserOnly": not self.config.self_sign_up
            },
            "AutoVerifiedAttributes": self._verified(),
            "UsernameAttributes": list(self.config.sign_in_with),
            "DeletionProtection": (
                "ACTIVE" if self.config.deletion_protection else "INACTIVE"
            ),
            "UserPoolTags": self.tags,
            **({"UserPoolTier": tier.upper()} if tier else {}),
            **({"Attributes": fields} if (fields := self._wanted_attributes()) else {}),
        }

    def _wanted_attributes(self) -> dict[str, dict[str, Any]]:
        """Return the file's attributes, and the standard ones that left it, by name."""
        live = self._attributes
        standard = {"Mutable": True, "Required": False}
        left = {
            name: standard
            for name in live.keys() & {*aws_rules.STANDARD_ATTRIBUTES}
            if not standard.items() <= live[name].items()
            and name not in self.config.sign_in_with  # which AWS may require itself
        }
        named = _by_name(schema_of(self.config.attributes))
        new = {name: Exactly(named[name]) for name in named if name not in live}
        return left | named | new

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        if self.config.id:
            return _describe(aws, self.config.id)
        named, ours = self._named(aws)
        ours = ours or self._renamed(aws)
        if len(ours) > 1:
            ids = ", ".join(pool["Id"] for pool in ours)
            raise CgwError(
                f"{self}: {len(ours)} user pools carry this stack's tag: {ids}",
                hint=MORE_THAN_ONE,
            )
        if named and not ours:
            refuse_foreign(self, named[0].get("UserPoolTags"), self.stack)
        return ours[0] if ours else None

    def create(self, aws: Aws) -> dict[str, Any]:
        wanted, schema = self.desired(), _unprefixed(schema_of(self.config.attributes))
        if wanted.pop("Attributes", None):
            wanted["Schema"] = schema[:_MOST_AT_CREATION]
        answer = aws.cognito.create_user_pool(
            PoolName=wanted.pop("Name"),
            UsernameConfiguration={"CaseSensitive": False},
            **wanted,
        )
        made = _described(answer)
        if rest := schema[_MOST_AT_CREATION:]:
            _add(aws, made["Id"], rest)
            made = _describe(aws, made["Id"])
        return concurrent_create(
            self,
            made,
            aws,
            id_field="Id",
            created="CreationDate",
            others=lambda: self._named(aws, but=made["Id"])[1],
            delete=partial(self._take_back, aws),
        )

    def _named(
        self, aws: Aws, but: str | None = None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the other pools of this name, and those of them that are ours."""
        named = []
        for pool in listed(aws.cognito, "list_user_pools", "UserPools", MaxResults=60):
            if pool["Name"] == self.name and pool["Id"] != but:
                with absent_is_none():  # deleted since
                    named.append(_describe(aws, pool["Id"]))
        ours = [pool for pool in named if is_ours(pool.get("UserPoolTags"), self.stack)]
        return named, ours

    def _take_back(self, aws: Aws, made: dict[str, Any]) -> None:
        if made.get("DeletionProtection") == "ACTIVE":
            aws.cognito.update_user_pool(
                UserPoolId=made["Id"], DeletionProtection="INACTIVE"
            )
        aws.cognito.delete_user_pool(UserPoolId=made["Id"])

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        named = schema_of(self.config.attributes)
        new = [field for field in named if f"{_PREFIX}{field['Name']}" in changes]
        _add(aws, self["Id"], _unprefixed(new))
        if len(new) < len(changes):
            self._update_settings(aws, changes)
        return _describe(aws, self["Id"])

    def _update_settings(self, aws: Aws, changes: Mapping[str, Change]) -> None:
        # UpdateUserPool resets omitted settings, so send the whole description back.
        request = overlay(self.live or {}, self.desired())
        if "Name" in changes:
            request["PoolName"] = self.name
        request = settable(aws.cognito, "UpdateUserPool", request)
        # Not reset if omitted, and refused for TOTP: SetUserPoolMfaConfig sets it.
        request.pop("MfaConfiguration", None)
        if "TemporaryPasswordValidityDays" in request["Policies"]["PasswordPolicy"]:
            # An older name for the same setting; AWS accepts only one of the two.
            request["AdminCreateUserConfig"].pop("UnusedAccountValidityDays", None)
        aws.cognito.update_user_pool(UserPoolId=self["Id"], **request)

    def delete(self, aws: Aws) -> None:
        settle(
            lambda: aws.cognito.delete_user_pool(UserPoolId=self["Id"]),
            aws,
            passing=_has_domain,
            until=f"Cognito knows that the domain of {self} is gone",
            patience=60.0,
        )

    def _verified(self) -> list[str]:
        # Verifying phone numbers requires an SMS role, which the file cannot set.
        return [] if self.config.sign_in_with == ["phone_number"] else ["email"]

    def _renamed(self, aws: Aws) -> list[dict[str, Any]]:
        """Find the pool by its tag, after a rename in the file."""
        found = []
        for arn in owned_arns(aws, self.stack, "cognito-idp:userpool"):
            with absent_is_none():  # the tagging API still lists deleted ones
                found.append(_describe(aws, arn.rsplit("/", 1)[1]))
        return found


def _has_domain(error: ClientError) -> bool:
    return "has a domain configured" in message_of(error)


def _describe(aws: Aws, pool_id: str) -> dict[str, Any]:
    return _described(aws.cognito.describe_user_pool(UserPoolId=pool_id))


def _described(answer: dict[str, Any]) -> dict[str, Any]:
    """Return AWS's description, with `Attributes`: the schema in the plan's shape."""
    pool: dict[str, Any] = answer["UserPool"]
    return pool | {"Attributes": _by_name(pool.get("SchemaAttributes", []))}


def _by_name(schema: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the settings of attributes by name, without levels, and with defaults."""
    longest = {"MinLength": "0", "MaxLength": str(aws_rules.LONGEST_ATTRIBUTE)}
    defaults: dict[str, dict[str, Any]] = {
        "String": longest,
        "Number": {"MinValue": None, "MaxValue": None},
    }
    fields = {}
    for field in schema:
        kind = field.get("AttributeDataType", "")
        limits = field.get(f"{kind}AttributeConstraints") or {}
        own = {name: field[name] for name in _SETTINGS if name in field}
        fields[field["Name"]] = own | defaults.get(kind, {}) | limits
    return fields


def _unprefixed(schema: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return attributes as requests name them: AWS adds the prefix."""
    custom = aws_rules.CUSTOM
    return [field | {"Name": field["Name"].removeprefix(custom)} for field in schema]


def _add(aws: Aws, pool_id: str, schema: list[dict[str, Any]]) -> None:
    for start in range(0, len(schema), _MOST_ADDED):
        aws.cognito.add_custom_attributes(
            UserPoolId=pool_id, CustomAttributes=schema[start : start + _MOST_ADDED]
        )
