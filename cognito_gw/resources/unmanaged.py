"""Resources of the stack that are not in the file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.responses import listed
from cognito_gw.aws.tags import is_ours, owned_arns
from cognito_gw.config.model import FunctionConfig
from cognito_gw.resources.method import read_authorizers
from cognito_gw.resources.user import is_called, sign_in_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.aws.clients import Aws
    from cognito_gw.engine.resource import Resource
    from cognito_gw.resources.stack import Stack


Found = tuple[str, str, str]
_TIER = "ESSENTIALS"  # of new pools
_MOST = 50  # that ListResourceServers returns at a time


def leftover_functions(stack: Stack, aws: Aws) -> list[Resource]:
    """Return what left the file: tagged functions with their parts, the access log.

    `up` keeps the log group of an access log that left the file. Other resources are
    inside the pool or the API, and are deleted with it.
    """
    arns = owned_arns(aws, stack.config.name, "lambda:function", "logs:log-group")
    functions = [
        stack.function(name, FunctionConfig()) for name in _unnamed(stack, arns)
    ]
    parts: list[Resource] = [
        part
        for function in functions
        for part in (function.log_group, function.role, function)
    ]
    group = stack.access_log_group
    has_group = any(arn.removesuffix(":*").endswith(f":{group.name}") for arn in arns)
    return parts + ([group] if has_group and group not in stack.resources else [])


def unmanaged(stack: Stack, aws: Aws, *, with_users: bool = False) -> list[Found]:
    """Return kind, name and ID of the stack's resources that are not in the file.

    `up` leaves them alone; `down` deletes them. With `with_users`, it reads the first
    page of users only: most pools have more than the file lists.
    """
    parts = [_functions]
    if stack.api.live and stack.api.managed:
        parts = [_authorizers, _stages, *parts]
    if stack.pool.live and stack.pool.managed:
        users = [_users] if with_users else []
        parts = [_app_clients, _groups, _resource_servers, *users, *parts]
    with ThreadPoolExecutor(len(parts)) as pool:
        found = pool.map(lambda part: list(part(stack, aws)), parts)
        return [*_kept(stack), *chain.from_iterable(found)]


def may_have_left(stack: Stack) -> bool:
    """Whether resources can have left the file; not in a new stack."""
    return not (stack.pool.is_new and stack.api.is_new)


def _unnamed(stack: Stack, arns: list[str]) -> list[str]:
    """Return the names of the functions among these ARNs that are not in the file."""
    named = {function.name for function in stack.functions.values()}
    functions = [arn for arn in arns if ":function:" in arn]
    return sorted({arn.rsplit(":", 1)[1] for arn in functions} - named)


def _functions(stack: Stack, aws: Aws) -> Iterator[Found]:
    for name in _unnamed(stack, owned_arns(aws, stack.config.name, "lambda:function")):
        yield "function", name, stack.account.arn("lambda", f"function:{name}")


def _authorizers(stack: Stack, aws: Aws) -> Iterator[Found]:
    for authorizer in read_authorizers(aws, stack.api["id"]):
        if authorizer["name"] != stack.authorizer.label:
            yield "authorizer", authorizer["name"], authorizer["id"]


def _stages(stack: Stack, aws: Aws) -> Iterator[Found]:
    for stage in aws.apigateway.get_stages(restApiId=stack.api["id"])["item"]:
        name, is_named = stage["stageName"], stage["stageName"] == stack.stage.name
        if not (is_named or is_ours(stage.get("tags"), stack.config.name)):
            yield "stage", name, name


def _app_clients(stack: Stack, aws: Aws) -> Iterator[Found]:
    named = {client.name for client in stack.clients.values()}
    for client in _listed(stack, aws, "list_user_pool_clients", "UserPoolClients"):
        if client["ClientName"] not in named:
            yield "app client", client["ClientName"], client["ClientId"]


def _groups(stack: Stack, aws: Aws) -> Iterator[Found]:
    for group in _listed(stack, aws, "list_groups", "Groups"):
        if group["GroupName"] not in stack.groups:
            yield "group", group["GroupName"], group["GroupName"]


def _resource_servers(stack: Stack, aws: Aws) -> Iterator[Found]:
    named = {server.identifier for server in stack.resource_servers}
    for server in _listed(stack, aws, "list_resource_servers", "ResourceServers"):
        if server["Identifier"] not in named:
            yield "resource server", server["Identifier"], server["Identifier"]


def _users(stack: Stack, aws: Aws) -> Iterator[Found]:
    named = [user.username for user in stack.users]
    for user in aws.cognito.list_users(UserPoolId=stack.pool["Id"])["Users"]:
        if not is_called(stack.pool, user, named):
            yield "user", sign_in_name(stack.pool, user), user["Username"]


def _kept(stack: Stack) -> Iterator[Found]:
    """Yield what AWS keeps of the pool and its clients, settings with their values."""
    pool = stack.pool.live or {}
    for name in stack.pool.kept_attributes:
        yield "custom attribute", name, name
    tier = pool.get("UserPoolTier", _TIER)
    if stack.pool.managed and stack.pool.config.tier is None and tier != _TIER:
        yield "setting", "user_pool.tier", tier.lower()
    for key, client in stack.clients.items():
        for field, names in client.attribute_lists.items():
            if client.managed and names is None and (client.live or {}).get(field):
                name = field.removesuffix("Attributes").lower()
                kept = ", ".join(client[field])
                yield "setting", f"app_clients.{key}.{name}", f"[{kept}]"


def _listed(stack: Stack, aws: Aws, operation: str, key: str) -> list[dict[str, Any]]:
    pages = {"PageSize": _MOST}
    pool_id = stack.pool["Id"]
    return listed(
        aws.cognito, operation, key, UserPoolId=pool_id, PaginationConfig=pages
    )
