"""App clients and resource servers."""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cognito_gw.aws_rules import STANDARD_SCOPES, url_fault, users_scopes
from cognito_gw.local.cognito.operations.pools import (
    feature_unavailable,
    is_by_choice,
    is_lite,
    rotates,
)
from cognito_gw.local.cognito.tokens import validity
from cognito_gw.local.errors import AwsFault, invalid_parameter, resource_not_found
from cognito_gw.local.operations import cognito_idp

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call

# Range of lifetimes in seconds: cdk-preflight pf-cognito-token-validity-range.
RANGES = {
    "IdToken": (300, 86_400),
    "AccessToken": (300, 86_400),
    "RefreshToken": (3600, 315_360_000),
}
SECRET_ALPHABET = string.ascii_lowercase + string.digits
IDENTIFIERS = ("UserPoolId", "ClientId")
SORTED = {
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "CallbackURLs",
    "ExplicitAuthFlows",
    "LogoutURLs",
}
# Kept by UpdateUserPoolClient, which resets everything else that it is not given.
KEPT = ("ClientName", "CreationDate")


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def absent_scope(call: Call) -> None:
    """Refuse an unknown scope: ScopeDoesNotExistException."""
    servers = call.backend.user_pools[call["UserPoolId"]].resource_servers.values()
    known = {*STANDARD_SCOPES} | {
        f"{server.identifier}/{scope['ScopeName']}"
        for server in servers
        for scope in server.scopes or []
    }
    for scope in call.get("AllowedOAuthScopes", []):
        if scope not in known:
            raise AwsFault(
                "ScopeDoesNotExistException", f"Invalid scope requested: {scope}"
            )


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def impossible_url(call: Call) -> None:
    """Refuse fragments, and HTTP to other hosts: InvalidParameterException."""
    for url in call.get("CallbackURLs", []) + call.get("LogoutURLs", []):
        if fault := url_fault(url):
            raise invalid_parameter(f"{url} {fault}")


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def impossible_flows(call: Call) -> None:
    """Refuse flows that cannot work or be combined: InvalidOAuthFlowException."""
    flows = set(call.get("AllowedOAuthFlows", []))
    if flows & {"code", "implicit"} and not call.get("CallbackURLs"):
        # terraform-provider-aws users, cdk-preflight pf-cognito-oauth-callback-required
        raise AwsFault(
            "InvalidOAuthFlowException",
            "CallbackUrls can not be empty when code flow or implicit flow is selected",
        )
    if "client_credentials" not in flows:
        return
    if flows != {"client_credentials"}:
        raise _invalid_flow("along with code flow or implicit flow.")
    if not _has_secret(call):
        raise _invalid_flow("if client does not have a client secret.")
    for scope in users_scopes(call.get("AllowedOAuthScopes", [])):
        message = f"{scope} is not supported with client_credentials flow"
        raise AwsFault("InvalidOAuthFlowException", message)


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def oauth_without_flows_or_scopes(call: Call) -> None:
    """Refuse OAuth without flows or scopes: InvalidParameterException."""
    fields = ("AllowedOAuthFlows", "AllowedOAuthScopes")
    is_on = call.get("AllowedOAuthFlowsUserPoolClient")
    if is_on and not all(call.get(field) for field in fields):
        raise invalid_parameter(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client "
            "is allowed to use OAuth flows."
        )


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def impossible_validity(call: Call) -> None:
    """Refuse lifetimes out of range, or above that of the refresh token."""
    lifetimes = {token: validity(call.params, token) for token in RANGES}
    for token, (least, most) in RANGES.items():
        if not least <= lifetimes[token] <= most:
            raise invalid_parameter("Invalid range for token validity.")
    if max(lifetimes.values()) > lifetimes["RefreshToken"]:
        raise invalid_parameter(
            "Access and Id Token expiration times must be less than or equal to "
            "refresh token expiration times."
        )


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def impossible_attributes(call: Call) -> None:
    """Refuse attributes that the pool lacks, and lists that cannot be written.

    cdk-preflight pf-cognito-read-attributes-exists and
    pf-cognito-write-attributes-immutable; aws-cdk issue 20760. App clients can write
    all attributes that the pool requires.
    """
    schema = call.backend.user_pools[call["UserPoolId"]].schema_attributes
    verb = "creating" if call.operation == "CreateUserPoolClient" else "updating"
    required = {name for name in schema if schema[name].required} - {"sub"}
    read, write = (set(call.get(f"{way}Attributes", [])) for way in ("Read", "Write"))
    fixed = {"sub", "email_verified", "phone_number_verified"}
    if not read <= schema.keys():
        words = "read"
    elif write and not required <= write <= schema.keys() - fixed:
        words = "write"
    else:
        return
    raise invalid_parameter(
        f"Invalid {words} attributes specified while {verb} a client"
    )


@cognito_idp.refuses("CreateUserPoolClient", "UpdateUserPoolClient")
def impossible_rotation(call: Call) -> None:
    """Refuse rotation with a flow that it replaces, or in the plan Lite.

    The words are in public infrastructure code of several projects.
    """
    is_lite_pool = is_lite(call.backend.user_pools[call["UserPoolId"]])
    if is_lite_pool and is_by_choice(call.params):
        raise feature_unavailable("Choice-Based Sign-In")
    if not rotates(call.params):
        return
    if is_lite_pool:
        raise feature_unavailable("Refresh Token Rotation")
    if "ALLOW_REFRESH_TOKEN_AUTH" in call.get("ExplicitAuthFlows", []):
        raise invalid_parameter(
            "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh "
            "token rotation is enabled."
        )


def _invalid_flow(why: str) -> AwsFault:
    message = f"client_credentials flow can not be selected {why}"
    return AwsFault("InvalidOAuthFlowException", message)


def _has_secret(call: Call) -> bool:
    clients = call.backend.user_pools[call["UserPoolId"]].clients
    known = clients.get(call.get("ClientId"))
    return bool(known.generate_secret if known else call.get("GenerateSecret"))


@cognito_idp.answers("CreateUserPoolClient")
def create_user_pool_client(call: Call) -> dict[str, Any]:
    """Return when the client was created, which moto does not know."""
    client_id = call.forward()["UserPoolClient"]["ClientId"]
    client = call.backend.user_pools[call["UserPoolId"]].clients[client_id]
    # moto's secrets are UUIDs, which AWS would not accept as a secret.
    client.secret = "".join(secrets.choice(SECRET_ALPHABET) for _ in range(52))
    client.extended_config["CreationDate"] = datetime.now(UTC)
    client.extended_config["LastModifiedDate"] = datetime.now(UTC)
    pool_id = call["UserPoolId"]
    return call.ask("DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id)


@cognito_idp.answers("UpdateUserPoolClient")
def update_user_pool_client(call: Call) -> dict[str, Any]:
    """Replace the settings: omitted ones get their defaults; moto merges."""
    pool_id, client_id = (call[name] for name in IDENTIFIERS)
    client = call.backend.describe_user_pool_client(pool_id, client_id)
    fresh = type(client)(pool_id, client.generate_secret, None).extended_config
    kept = {name: client.extended_config[name] for name in KEPT}
    given = {name: call[name] for name in call.params if name not in IDENTIFIERS}
    client.extended_config = fresh | kept | given
    client.extended_config["LastModifiedDate"] = datetime.now(UTC)
    return call.ask("DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id)


@cognito_idp.amends(
    "CreateUserPoolClient", "DescribeUserPoolClient", "UpdateUserPoolClient"
)
def sorted_lists(_: Call, answer: dict[str, Any]) -> None:
    """Sort lists, and complete rotation; moto returns them as they were given."""
    client = answer["UserPoolClient"]
    for name in SORTED & client.keys():
        client[name] = sorted(client[name] or [])
    if rotation := client.get("RefreshTokenRotation"):
        rotation.setdefault("RetryGracePeriodSeconds", 0)


@cognito_idp.answers("UpdateResourceServer")
def update_resource_server(call: Call) -> dict[str, Any]:
    """Replace name and scopes; moto has no UpdateResourceServer."""
    server = _resource_server(call)
    server.name = call["Name"]
    server.scopes = call.get("Scopes", [])
    return {"ResourceServer": server.to_json()}


@cognito_idp.answers("DeleteResourceServer")
def delete_resource_server(call: Call) -> dict[str, Any]:
    """Delete a resource server; moto has no DeleteResourceServer."""
    servers = call.backend.user_pools[call["UserPoolId"]].resource_servers
    del servers[_resource_server(call).identifier]
    return {}


def _resource_server(call: Call) -> Any:
    identifier = call["Identifier"]
    servers = call.backend.user_pools[call["UserPoolId"]].resource_servers
    if identifier not in servers:
        raise resource_not_found(f"Resource server {identifier} does not exist.")
    return servers[identifier]
