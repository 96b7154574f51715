"""Parts of a user pool: groups, resource servers, and MFA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import lacking
from cognito_gw.aws.responses import overlay, settable
from cognito_gw.aws_rules import server_name
from cognito_gw.engine.resource import Change, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config.model import ResourceServerConfig
    from cognito_gw.resources.user_pool import UserPool


@dataclass(eq=False)
class Group(Resource):
    """A group of users; tokens contain the names of a user's groups."""

    kind = "group"
    command = "pool"
    id_field = "GroupName"

    pool: UserPool
    name: str

    @property
    def label(self) -> str:
        return self.name

    @property
    def parent(self) -> Resource | None:
        return self.pool

    def desired(self) -> dict[str, Any]:
        return {"GroupName": self.name}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        return dict(aws.cognito.get_group(**self._key())["Group"])

    def create(self, aws: Aws) -> dict[str, Any]:
        return dict(aws.cognito.create_group(**self._key())["Group"])

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        raise lacking(f"GetGroup of {self}", "GroupName")  # the only compared field

    def delete(self, aws: Aws) -> None:
        aws.cognito.delete_group(**self._key())

    def _key(self) -> dict[str, str]:
        return {"UserPoolId": self.pool["Id"], "GroupName": self.name}


@dataclass(eq=False)
class ResourceServer(Resource):
    """The custom scopes of an API; tokens contain them as `identifier/scope`."""

    kind = "resource server"
    command = "pool"
    id_field = "Identifier"

    pool: UserPool
    identifier: str
    config: ResourceServerConfig

    @property
    def label(self) -> str:
        return self.identifier

    @property
    def parent(self) -> Resource | None:
        return self.pool

    def desired(self) -> dict[str, Any]:
        return {
            "Name": self.config.name or server_name(self.identifier),
            "Scopes": [
                {"ScopeName": name, "ScopeDescription": text}
                for name, text in self.config.scopes.items()
            ],
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer = aws.cognito.describe_resource_server(**self._key())
        return _with_known_fields(answer["ResourceServer"])

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = aws.cognito.create_resource_server(**self._key(), **self.desired())
        return _with_known_fields(answer["ResourceServer"])

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        answer = aws.cognito.update_resource_server(**self._key(), **self.desired())
        return _with_known_fields(answer["ResourceServer"])

    def delete(self, aws: Aws) -> None:
        aws.cognito.delete_resource_server(**self._key())

    def _key(self) -> dict[str, str]:
        return {"UserPoolId": self.pool["Id"], "Identifier": self.identifier}


def _with_known_fields(server: dict[str, Any]) -> dict[str, Any]:
    """Return it with only the compared fields of its scopes."""
    scopes = [
        {field: scope[field] for field in ("ScopeName", "ScopeDescription")}
        for scope in server.get("Scopes") or []
    ]
    return {**server, "Scopes": scopes}


@dataclass(eq=False)
class MfaSetting(Resource):
    """Whether users may or must sign in with a one-time password; absent while off."""

    kind = "mfa setting"
    command = "pool"
    id_field = "MfaConfiguration"

    pool: UserPool
    mode: str

    @property
    def label(self) -> str:
        return self.mode

    @property
    def enabled(self) -> bool:
        return self.mode != "off"

    @property
    def parent(self) -> Resource | None:
        return self.pool

    def desired(self) -> dict[str, Any]:
        return {
            "MfaConfiguration": {"optional": "OPTIONAL", "required": "ON"}[self.mode],
            "SoftwareTokenMfaConfiguration": {"Enabled": True},
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer = aws.cognito.get_user_pool_mfa_config(UserPoolId=self.pool["Id"])
        return None if answer.get("MfaConfiguration", "OFF") == "OFF" else dict(answer)

    def create(self, aws: Aws) -> dict[str, Any]:
        # It replaces everything: send the other settings (SMS, email) back.
        request = overlay(self.live or {}, self.desired())
        request = settable(aws.cognito, "SetUserPoolMfaConfig", request)
        return dict(
            aws.cognito.set_user_pool_mfa_config(UserPoolId=self.pool["Id"], **request)
        )

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        return self.create(aws)

    def delete(self, aws: Aws) -> None:
        aws.cognito.set_user_pool_mfa_config(
            UserPoolId=self.pool["Id"], MfaConfiguration="OFF"
        )
