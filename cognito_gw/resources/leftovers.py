"""What the stack owns and the file does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.aws.tags import is_ours, owned_arns
from cognito_gw.config.schema import Function as FunctionConfig
from cognito_gw.resources.authorizer import read_authorizers

if TYPE_CHECKING:
    from cognito_gw.aws.clients import Aws
    from cognito_gw.engine.resource import Resource
    from cognito_gw.resources.stack import Stack


Found = tuple[str, str, str]
_MOST = 50  # that ListResourceServers returns at a time


def leftover_functions(stack: Stack, aws: Aws) -> list[Resource]:
    """Return the functions that carry the stack's tag but left the file, with theirs.

    What lives inside the pool or the API goes with it; functions stand alone.
    """
    functions = [
        stack.function(name, FunctionConfig())
        for name in _unnamed_functions(stack, aws)
    ]
    return [
        part
        for function in functions
        for part in (function.log_group, function.role, function)
    ]


def unmanaged(stack: Stack, aws: Aws) -> list[Found]:
    """Return kind, name and id of what is ours and not in the file.

    `up` leaves these alone; `down` removes them. Users are nobody's surprise: any pool
    has more than the file names.
    """
    found: list[Found] = []
    if stack.pool.live and stack.pool.managed:
        found += _in_pool(stack, aws)
    if stack.api.live and stack.api.managed:
        found += _in_api(stack, aws)
    return found + [
        ("function", name, stack.account.arn("lambda", f"function:{name}"))
        for name in _unnamed_functions(stack, aws)
    ]


def _unnamed_functions(stack: Stack, aws: Aws) -> list[str]:
    named = {function.name for function in stack.functions.values()}
    arns = owned_arns(aws, stack.config.name, "lambda:function")
    return sorted({arn.rsplit(":", 1)[1] for arn in arns} - named)


def _in_api(stack: Stack, aws: Aws) -> list[Found]:
    stages = aws.apigateway.get_stages(restApiId=stack.api["id"])["item"]
    return [
        *(
            ("authorizer", each["name"], each["id"])
            for each in read_authorizers(aws, stack.api["id"])
            if each["name"] != stack.authorizer.label
        ),
        *(
            ("stage", each["stageName"], each["stageName"])
            for each in stages
            if each["stageName"] != stack.stage.name
            and not is_ours(each.get("tags"), stack.config.name)
        ),
    ]


def _in_pool(stack: Stack, aws: Aws) -> list[Found]:
    clients = {client.name for client in stack.clients.values()}
    servers = {server.identifier for server in stack.resource_servers}
    return [
        *(
            ("app client", each["ClientName"], each["ClientId"])
            for each in _listed(stack, aws, "list_user_pool_clients", "UserPoolClients")
            if each["ClientName"] not in clients
        ),
        *(
            ("group", each["GroupName"], each["GroupName"])
            for each in _listed(stack, aws, "list_groups", "Groups")
            if each["GroupName"] not in stack.groups
        ),
        *(
            ("resource server", each["Identifier"], each["Identifier"])
            for each in _listed(stack, aws, "list_resource_servers", "ResourceServers")
            if each["Identifier"] not in servers
        ),
    ]


def _listed(stack: Stack, aws: Aws, operation: str, key: str) -> list[dict[str, Any]]:
    pages = aws.cognito.get_paginator(operation).paginate(
        UserPoolId=stack.pool["Id"], PaginationConfig={"PageSize": _MOST}
    )
    return [item for page in pages for item in page[key]]
