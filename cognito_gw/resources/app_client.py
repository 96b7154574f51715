"""App clients: what an application may request from the user pool."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none, code_of, message_of
from cognito_gw.aws.responses import listed, overlay, settable, without_empty
from cognito_gw.aws.tags import MORE_THAN_ONE, concurrent_create
from cognito_gw.aws.waits import settle
from cognito_gw.engine.resource import Change, Resource
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from botocore.exceptions import ClientError

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config import model
    from cognito_gw.config.model import AppClientConfig
    from cognito_gw.resources.pool_parts import ResourceServer
    from cognito_gw.resources.user_pool import UserPool

_UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_AUTH_FLOWS = {
    "password": "ALLOW_USER_PASSWORD_AUTH",
    "srp": "ALLOW_USER_SRP_AUTH",
    "choice": "ALLOW_USER_AUTH",
    "custom": "ALLOW_CUSTOM_AUTH",
}


@dataclass(eq=False)
class AppClient(Resource):
    """An app client, found by its name in the pool."""

    kind = "app client"
    command = "client"
    id_field = "ClientId"

    pool: UserPool
    key: str
    name: str
    config: AppClientConfig
    resource_servers: tuple[ResourceServer, ...]

    @property
    def label(self) -> str:
        return self.key

    @property
    def managed(self) -> bool:
        return self.config.id is None and self.pool.managed

    @property
    def frozen(self) -> dict[str, tuple[str, ...]]:
        return {"GenerateSecret": ("app_clients", self.key, "secret")}

    @property
    def replacing(self) -> str:
        return (
            "or name the app client otherwise, and `cgw up` adds a new one; "
            f"{self.pool.replacing}"
        )

    @property
    def parent(self) -> Resource | None:
        return self.pool

    def desired(self) -> dict[str, Any]:
        flows = self.config.oauth_flows
        return {
            "ClientName": self.name,
            "GenerateSecret": self.config.secret,
            "ExplicitAuthFlows": self._auth_flows(),
            "AllowedOAuthFlowsUserPoolClient": bool(flows),
            "AllowedOAuthFlows": list(flows),
            "AllowedOAuthScopes": list(self.config.oauth_scopes) if flows else [],
            "CallbackURLs": list(self.config.callback_urls) if flows else [],
            "LogoutURLs": list(self.config.logout_urls) if flows else [],
            "PreventUserExistenceErrors": "ENABLED",
            "EnableTokenRevocation": True,
            "AuthSessionValidity": self.config.session_minutes,
            **self._rotation(),
            **_validity(self.config.validity),
            **{
                field: list(names)
                for field, names in self.attribute_lists.items()
                if names is not None
            },
        }

    @property
    def attribute_lists(self) -> dict[str, list[str] | None]:
        """The lists of attributes in the file, by AWS's names; None stays as it is."""
        return {
            "ReadAttributes": self.config.read,
            "WriteAttributes": self.config.write,
        }

    def _auth_flows(self) -> list[str]:
        is_machine = self.config.oauth_flows == ["client_credentials"]
        names = self.config.auth_flows
        if names is None:
            names = [] if is_machine else ["srp", "password"]
        flows = [flow for name, flow in _AUTH_FLOWS.items() if name in names]
        # AWS does not accept both this flow and rotation.
        again = [] if self.config.refresh_rotation else ["ALLOW_REFRESH_TOKEN_AUTH"]
        return flows + again

    def _rotation(self) -> dict[str, Any]:
        """Return the setting; nothing for one that is off and that AWS never had."""
        if rotation := self.config.refresh_rotation:
            settings = {
                "Feature": "ENABLED",
                "RetryGracePeriodSeconds": rotation.grace_seconds,
            }
        elif (self.live or {}).get("RefreshTokenRotation"):
            settings = {"Feature": "DISABLED"}
        else:
            return {}
        return {"RefreshTokenRotation": settings}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        if self.config.id:
            return self._describe(aws, self.config.id)
        named = self._ids(aws)
        if len(named) > 1:
            raise CgwError(
                f"{self}: {len(named)} app clients have its name: {', '.join(named)}",
                hint=MORE_THAN_ONE,
            )
        return self._describe(aws, named[0]) if named else None

    def create(self, aws: Aws) -> dict[str, Any]:
        create = partial(
            aws.cognito.create_user_pool_client,
            UserPoolId=self.pool["Id"],
            SupportedIdentityProviders=["COGNITO"],
            **without_empty(self.desired()),
        )
        made = self._described(self._once_scopes_exist(create, aws))
        return concurrent_create(
            self,
            made,
            aws,
            id_field="ClientId",
            created="CreationDate",
            others=partial(self._others, aws, made),
            delete=partial(self._delete, aws),
        )

    def _others(self, aws: Aws, made: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for client_id in self._ids(aws):
            if client_id != made["ClientId"]:
                with absent_is_none():  # deleted since
                    found.append(self._describe(aws, client_id))
        return found

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        # UpdateUserPoolClient resets every field that it is not sent.
        request = overlay(self.live or {}, self.desired())
        request = settable(aws.cognito, "UpdateUserPoolClient", request)
        request |= self._rotation()  # without the period of one that is now off
        update = partial(aws.cognito.update_user_pool_client, **request)
        return self._described(self._once_scopes_exist(update, aws))

    def delete(self, aws: Aws) -> None:
        self._delete(aws, self.live or {})

    def _delete(self, aws: Aws, client: dict[str, Any]) -> None:
        aws.cognito.delete_user_pool_client(
            UserPoolId=self.pool["Id"], ClientId=client["ClientId"]
        )

    def _once_scopes_exist(self, call: Callable[[], Any], aws: Aws) -> Any:
        """Retry until Cognito knows new scopes and attributes."""
        return settle(
            call,
            aws,
            passing=lambda error: (
                self._is_scope_too_new(error) or self._is_attribute_too_new(error)
            ),
            until=f"Cognito knows the scopes and attributes of {self}",
            patience=60.0,
        )

    def _is_scope_too_new(self, error: ClientError) -> bool:
        is_unknown = code_of(error) == "ScopeDoesNotExistException"
        return is_unknown and bool(self.resource_servers)

    def _is_attribute_too_new(self, error: ClientError) -> bool:
        return self.pool.changed and "attributes specified while" in message_of(error)

    def _ids(self, aws: Aws) -> list[str]:
        """Return the IDs of the app clients with this name."""
        clients = listed(
            aws.cognito,
            "list_user_pool_clients",
            "UserPoolClients",
            UserPoolId=self.pool["Id"],
            MaxResults=60,
        )
        return [
            client["ClientId"]
            for client in clients
            if client["ClientName"] == self.name
        ]

    def _describe(self, aws: Aws, client_id: str) -> dict[str, Any]:
        return self._described(
            aws.cognito.describe_user_pool_client(
                UserPoolId=self.pool["Id"], ClientId=client_id
            )
        )

    def _described(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return AWS's description, with `GenerateSecret`, which only creation takes.

        AWS returns the URLs sorted, but the first one in the file is the default.
        """
        client: dict[str, Any] = answer["UserPoolClient"]
        urls = {
            "CallbackURLs": self.config.callback_urls,
            "LogoutURLs": self.config.logout_urls,
        }
        return client | {
            "GenerateSecret": "ClientSecret" in client,
            **{
                key: _in_order(client[key], wanted)
                for key, wanted in urls.items()
                if key in client
            },
        }


def _in_order(has: list[str], wanted: list[str]) -> list[str]:
    """Return the URLs that AWS has: in the file's order, then those not in the file."""
    named = [url for url in wanted if url in has]
    return named + [url for url in has if url not in named]


def _validity(validity: model.Validity) -> dict[str, Any]:
    fields = {
        "IdToken": validity.id,
        "AccessToken": validity.access,
        "RefreshToken": validity.refresh,
    }
    spans = {field: _in_units(span) for field, span in fields.items()}
    return {f"{field}Validity": count for field, (count, _) in spans.items()} | {
        # Always send the units: the defaults are hours, hours and days.
        "TokenValidityUnits": {field: unit for field, (_, unit) in spans.items()}
    }


def _in_units(span: timedelta) -> tuple[int, str]:
    seconds = int(span.total_seconds())
    unit = next(unit for unit, size in _UNITS.items() if seconds % size == 0)
    return seconds // _UNITS[unit], unit
