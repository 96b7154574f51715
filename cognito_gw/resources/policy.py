"""The IAM policy of who runs `up` and `down`: this file's actions on its resources.

Actions and their resources are those of the service authorization reference. Where an
ARN holds an id that AWS makes up, the stack's tag narrows it for user pools; for what
is inside an API, API Gateway does not know the API's tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.aws.tags import STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.resources.stack import Stack

Statement = dict[str, Any]


def operator_policy(stack: Stack) -> dict[str, Any]:
    """Return the policy document."""
    statements = [*_identity(), *_user_pool(stack), *_functions(stack), *_api(stack)]
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: list[str], resource: Any, **condition: Any) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _identity() -> Iterator[Statement]:
    # These know no resources: AWS takes them on `*` alone.
    yield _allow("FindOwn", ["sts:GetCallerIdentity", "tag:GetResources"], "*")


def _user_pool(stack: Stack) -> Iterator[Statement]:
    name = stack.config.name
    pools = stack.account.arn("cognito-idp", "userpool/*")
    if not stack.pool.managed:
        pool = stack.account.arn("cognito-idp", f"userpool/{stack.pool.config.id}")
        actions = ["DescribeUserPool", "DescribeUserPoolClient"]
        yield _allow("ReadUserPool", _prefixed("cognito-idp", actions), pool)
        return
    yield _allow(
        "FindUserPool",
        _prefixed("cognito-idp", ["ListUserPools", "DescribeUserPoolDomain"]),
        "*",
    )
    yield _allow(
        "CreateUserPool",
        _prefixed("cognito-idp", ["CreateUserPool", "TagResource"]),
        "*",
        StringEquals={f"aws:RequestTag/{STACK_TAG}": name},
    )
    # Described to see whose it is, before its tag is known.
    yield _allow("ReadUserPools", ["cognito-idp:DescribeUserPool"], pools)
    yield _allow(
        "ManageUserPool",
        _prefixed("cognito-idp", _pool_actions(stack)),
        pools,
        StringEquals={f"aws:ResourceTag/{STACK_TAG}": name},
    )


def _pool_actions(stack: Stack) -> list[str]:
    actions = [
        "UpdateUserPool",
        "DeleteUserPool",
        "GetUserPoolMfaConfig",
        "SetUserPoolMfaConfig",
        "CreateUserPoolClient",
        "DescribeUserPoolClient",
        "ListUserPoolClients",
        "ListGroups",
        "ListResourceServers",
        "UpdateUserPoolClient",
        "DeleteUserPoolClient",
        "CreateUserPoolDomain",
        "UpdateUserPoolDomain",
        "DeleteUserPoolDomain",
    ]
    if stack.groups:
        actions += ["CreateGroup", "GetGroup"]
    if stack.resource_servers:
        actions += [
            f"{verb}ResourceServer" for verb in ("Create", "Describe", "Update")
        ]
    if stack.brandings:
        actions += [
            "CreateManagedLoginBranding",
            "DescribeManagedLoginBrandingByClient",
        ]
    if stack.users:
        actions += ["AdminCreateUser", "AdminGetUser", "AdminSetUserPassword"]
    if any(user.group_names is not None for user in stack.users):
        actions += [
            "AdminListGroupsForUser",
            "AdminAddUserToGroup",
            "AdminRemoveUserFromGroup",
        ]
    return actions


def _functions(stack: Stack) -> Iterator[Statement]:
    if not stack.api.managed:
        return
    functions = list(stack.functions.values())
    arn = stack.account.arn
    roles = [arn("iam", f"role/{each.role.name}", is_global=True) for each in functions]
    yield _allow(
        "ManageExecutionRoles",
        _prefixed(
            "iam",
            [
                "CreateRole",
                "GetRole",
                "TagRole",
                "UpdateAssumeRolePolicy",
                "DeleteRole",
                "PutRolePolicy",
                "GetRolePolicy",
                "ListRolePolicies",
                "DeleteRolePolicy",
                "ListAttachedRolePolicies",
                "DetachRolePolicy",
            ],
        ),
        roles,
    )
    yield _allow(
        "PassExecutionRoles",
        ["iam:PassRole"],
        roles,
        StringEquals={"iam:PassedToService": "lambda.amazonaws.com"},
    )
    yield _allow(
        "ManageFunctions",
        _prefixed(
            "lambda",
            [
                "CreateFunction",
                "GetFunction",
                "GetFunctionConfiguration",
                "UpdateFunctionCode",
                "UpdateFunctionConfiguration",
                "DeleteFunction",
                "TagResource",
                "ListTags",
                "AddPermission",
                "RemovePermission",
                "GetPolicy",
            ],
        ),
        [arn("lambda", f"function:{each.name}") for each in functions],
    )
    yield _allow("FindLogGroups", ["logs:DescribeLogGroups"], "*")
    groups = [f"log-group:{each.log_group.name}" for each in functions]
    yield _allow(
        "ManageLogGroups",
        _prefixed(
            "logs",
            [
                "CreateLogGroup",
                "PutRetentionPolicy",
                "DeleteLogGroup",
                "TagResource",
                "ListTagsForResource",
            ],
        ),
        [arn("logs", f"{group}{rest}") for group in groups for rest in ("", ":*")],
    )


def _api(stack: Stack) -> Iterator[Statement]:
    # API Gateway's ARNs have no account, and its actions are HTTP's verbs.
    base = f"arn:{stack.account.partition}:apigateway:{stack.account.region}::"
    apis = f"{base}/restapis"
    if not stack.api.managed:
        own = f"{apis}/{stack.api.given_id}"
        yield _allow("ReadRestApi", ["apigateway:GET"], [own, f"{own}/*"])
        return
    yield _allow("FindRestApi", ["apigateway:GET"], [apis, f"{apis}/*"])
    yield _allow(
        "CreateRestApi",
        ["apigateway:POST"],
        apis,
        StringEquals={f"aws:RequestTag/{STACK_TAG}": stack.config.name},
    )
    yield _allow(
        "ManageRestApi",
        _prefixed("apigateway", ["POST", "PUT", "PATCH", "DELETE"]),
        f"{apis}/*",
    )
    yield _allow(
        "TagRestApi", _prefixed("apigateway", ["GET", "PUT"]), f"{base}/tags/*"
    )


def _prefixed(service: str, actions: list[str]) -> list[str]:
    return [f"{service}:{action}" for action in actions]
