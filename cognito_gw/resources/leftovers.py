"""What the stack owns and the file does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.aws.tags import owned_arns
from cognito_gw.config.schema import Function as FunctionConfig

if TYPE_CHECKING:
    from cognito_gw.aws.clients import Aws
    from cognito_gw.engine.resource import Resource
    from cognito_gw.resources.stack import Stack


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


def unmanaged(stack: Stack, aws: Aws) -> list[tuple[str, str, str]]:
    """Return kind, name and id of what is ours and not in the file.

    `up` leaves these alone; `down` removes them.
    """
    functions = [
        ("function", name, stack.account.arn("lambda", f"function:{name}"))
        for name in _unnamed_functions(stack, aws)
    ]
    return [*_unnamed_clients(stack, aws), *functions]


def _unnamed_functions(stack: Stack, aws: Aws) -> list[str]:
    named = {function.name for function in stack.functions.values()}
    arns = owned_arns(aws, stack.config.name, "lambda:function")
    return sorted({arn.rsplit(":", 1)[1] for arn in arns} - named)


def _unnamed_clients(stack: Stack, aws: Aws) -> list[tuple[str, str, str]]:
    if stack.pool.live is None or not stack.pool.managed:
        return []
    named = {client.name for client in stack.clients.values()}
    pages = aws.cognito.get_paginator("list_user_pool_clients").paginate(
        UserPoolId=stack.pool["Id"], MaxResults=60
    )
    return [
        ("app client", client["ClientName"], client["ClientId"])
        for page in pages
        for client in page["UserPoolClients"]
        if client["ClientName"] not in named
    ]
