"""The authorization of the calls that functions sign: by their roles, as on AWS."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.local import policies, wire
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.needs import needs_of

if TYPE_CHECKING:
    from cognito_gw.local.awslambda.lambda_store import Function
    from cognito_gw.local.moto_store import HttpCall
    from cognito_gw.local.policies import Need
    from cognito_gw.local.wire import Operation


def identity(function: Function) -> dict[str, str]:
    """Return the answer of GetCallerIdentity, which needs no permission."""
    account = function.role.split(":")[4]
    arn = _session_arn(function)
    return {"UserId": f"AROALOCAL:{function.name}", "Account": account, "Arn": arn}


# Services whose error code is not AccessDeniedException.
_CODES = {"sns": "AuthorizationError"} | dict.fromkeys(
    ("cloudformation", "cloudwatch", "iam", "rds", "s3", "ses", "sqs", "sts"),
    "AccessDenied",
)


def require_allowed(
    function: Function | None, operation: Operation | None, call: HttpCall
) -> None:
    """Refuse a call that the role of a function does not allow.

    A deleted function has no role.
    """
    arn = function.role if function else ""
    role, account = policies.read_role(arn), f"{_part(arn, 1)}:{_part(arn, 4)}"
    region = operation.region if operation else ""
    action, params = wire.action(operation, call), wire.read_unchecked(operation, call)
    for need in needs_of(action, params, region, account):
        if why := role.refusal(need):
            is_json = operation is not None and operation.protocol == "json"
            raise _denied(_session_arn(function), need, why, is_json=is_json)


def _denied(user: str, need: Need, why: str, *, is_json: bool) -> AwsFault:
    """Return the refusal in the words of the service.

    Source: posted errors of each service. SQS and SNS spell their actions differently,
    S3 quotes the resource, and services with a JSON protocol answer 400, except SQS.
    """
    service, _, name = need.action.partition(":")
    action, resource = need.action, need.shown or need.resource
    match service:
        case "s3":
            resource = f'"{resource}"'
        case "sns":
            action = f"SNS:{name}"
        case "sqs":
            action = f"sqs:{name.lower()}"
    on = "" if need.resource == "*" else f" on resource: {resource}"
    is_bad_request = is_json and service != "sqs"
    return AwsFault(
        _CODES.get(service, "AccessDeniedException"),
        f"User: {user} is not authorized to perform: {action}{on} "
        f"{why.format(action=action)}",
        HTTPStatus.BAD_REQUEST if is_bad_request else HTTPStatus.FORBIDDEN,
    )


def _session_arn(function: Function | None) -> str:
    if function is None:
        return "a deleted function"
    partition, account = _part(function.role, 1), _part(function.role, 4)
    role = function.role.rpartition("/")[2]
    return f"arn:{partition}:sts::{account}:assumed-role/{role}/{function.name}"


def _part(arn: str, index: int) -> str:
    return f"{arn}::::".split(":")[index]
