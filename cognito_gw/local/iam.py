"""IAM roles, and what the role of a function allows."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from cognito_gw import aws_rules
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import iam

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.awslambda.lambda_store import Function
    from cognito_gw.local.operations import Call

# What the role that cgw creates lets a function do, in its own log group.
_LOG_WRITES = ("logs:CreateLogStream", "logs:PutLogEvents")
# Services with REST-XML and query protocols, whose error code has no "Exception".
_WITH_SHORT_CODES = frozenset(
    {"cloudformation", "cloudwatch", "iam", "rds", "s3", "sns", "sqs", "sts"}
)


@iam.refuses("CreateRole")
def malformed_trust_policy(call: Call) -> None:
    """Refuse an invalid trust policy: MalformedPolicyDocument; moto accepts it."""
    document = call["AssumeRolePolicyDocument"]
    try:
        json.loads(document)
    except ValueError as error:
        raise AwsFault(
            "MalformedPolicyDocument", "This policy contains invalid Json"
        ) from error
    IAMTrustPolicyDocumentValidator(document).validate()


@iam.refuses("CreateRole", "TagRole")
def same_tag_in_other_case(call: Call) -> None:
    """Refuse tag keys that differ in case only: InvalidInput."""
    if aws_rules.doubles(tag["Key"] for tag in call.get("Tags", [])):
        raise AwsFault(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )


@iam.refuses("CreateRole")
def same_name_in_other_case(call: Call) -> None:
    """Refuse a name that differs in case only: EntityAlreadyExists, 409."""
    name = call["RoleName"]
    if name.lower() in (role.name.lower() for role in call.backend.get_roles()):
        raise AwsFault(
            "EntityAlreadyExists",
            f"Role with name {name} already exists.",
            HTTPStatus.CONFLICT,
        )


def identity(function: Function) -> dict[str, str]:
    """Return the answer of GetCallerIdentity, which needs no permission."""
    account = function.role.split(":")[4]
    arn = _session_arn(function)
    return {"UserId": f"AROALOCAL:{function.name}", "Account": account, "Arn": arn}


def require_allowed(
    function: Function | None, action: str, params: Mapping[str, Any]
) -> None:
    """Refuse what the role that cgw creates for a function does not allow.

    It allows writes to the function's log group only. A deleted function has no role.
    """
    group = params.get("logGroupName")
    if function and action in _LOG_WRITES and group == function.log_group:
        return
    is_older = action.partition(":")[0] in _WITH_SHORT_CODES
    raise AwsFault(
        "AccessDenied" if is_older else "AccessDeniedException",
        f"User: {_session_arn(function)} is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action",
        HTTPStatus.FORBIDDEN,
    )


def _session_arn(function: Function | None) -> str:
    if function is None:
        return "a deleted function"
    account, role = function.role.split(":")[4], function.role.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{role}/{function.name}"
