"""Reads what a stack is: drift, unmanaged parts, outputs, logs, and IAM policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cognito_gw.app.walks import look, planned, prepare
from cognito_gw.engine.resource import state_of
from cognito_gw.errors import AwsRefused, CgwError, Missing, UsageError
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cognito_gw.app.context import Context
    from cognito_gw.aws.clients import Aws
    from cognito_gw.aws.log_events import LogReader
    from cognito_gw.engine.resource import Step
    from cognito_gw.resources.policy import Document
    from cognito_gw.resources.stack import Stack
    from cognito_gw.resources.unmanaged import Found


_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z]")  # of environment variables


def outputs(context: Context) -> dict[str, Any]:
    """Return the outputs of a stack that was read: ids and URLs, None if absent."""
    from cognito_gw.resources.stack import outputs as outputs_of

    return outputs_of(context.stack, context.links)


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return outputs without nesting, with keys such as `functions.hello`."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            result |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            result[key] = value
    return result


def exists(values: dict[str, Any]) -> bool:
    """Whether outputs contain more than what comes from the file alone."""
    made = {key for key, value in flat(values).items() if value is not None}
    return not made <= {"region", "stage"}


def variables(values: dict[str, Any]) -> dict[str, str]:
    """Return outputs as environment variables, such as CGW_INVOKE_URL."""
    return {
        f"CGW_{_NOT_IN_NAMES.sub('_', key).upper()}": str(value)
        for key, value in flat(values).items()
        if value is not None
    }


def drift(context: Context) -> list[Step]:
    """Return what `up` would do with each resource; raise if one cannot be read."""
    prepare(context)
    steps = planned(context, context.stack.resources)
    for step in steps:
        if state_of(step) is None and step.error:
            raise step.error
    return steps


def resource_document(step: Step) -> dict[str, Any]:
    """Return the kind, name, ID and state of a resource as JSON-ready data."""
    resource = step.resource
    return {
        "kind": resource.kind,
        "name": resource.label,
        "id": resource.id,
        "state": state_of(step),
    }


def unmanaged_documents(context: Context) -> list[dict[str, Any]]:
    """Return what the pool and the API contain beyond the file as JSON-ready data."""
    from cognito_gw.resources.unmanaged import unmanaged

    return [
        {"kind": kind, "name": name, "id": id_, "state": "unmanaged", "changes": {}}
        for kind, name, id_ in unmanaged(context.stack, context.aws)
    ]


def unmanaged_with_users(context: Context) -> list[Found]:
    """Return what the stack contains beyond the file; nothing if it cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.resources.unmanaged import may_have_left, unmanaged

    if not may_have_left(context.stack):
        return []
    try:
        return unmanaged(context.stack, context.aws, with_users=True)
    except (BotoCoreError, ClientError, CgwError) as error:
        context.ui.trace(f"cannot find out what was removed from the file: {error}")
        return []


def stacks(aws: Aws) -> list[dict[str, Any]]:
    """Return the stacks of the account and Region, by name, as JSON-ready data.

    Leaves out stacks of which only tags are left: AWS lists deleted resources for a
    while.
    """
    from cognito_gw.aws.tags import creation, owned
    from cognito_gw.config.model import ENVIRONMENT_TAG

    found = []
    for name, tags in sorted(owned(aws).items()):
        made = creation(aws, name)
        if made or any(":lambda:" in arn or ":logs:" in arn for arn in tags):
            envs = (found.get(ENVIRONMENT_TAG) for found in tags.values())
            found.append(
                {
                    "name": name,
                    "env": next(filter(None, envs), None),
                    "region": aws.account.region,
                    "resources": len(tags),
                    "created": made.isoformat() if made else None,
                }
            )
    return found


def log_readers(
    context: Context, names: Sequence[str], since: datetime
) -> list[LogReader]:
    """Return readers of the logs of the named functions, or of all.

    Raises UsageError for a name that is not in the file, Missing without a function or
    its logs.
    """
    from cognito_gw.aws.log_events import LogReader

    functions = context.stack.functions
    for name in names:
        if name not in functions:
            what = f"no function `{name}` in the file"
            raise UsageError(unknown(what, name, functions))
    chosen = {name: functions[name] for name in names or functions}
    look(context, list(chosen.values()))
    for function in chosen.values():
        if function.live is None:
            raise Missing(f"{function} does not exist yet", hint="run `cgw up` first")
        if function.log_group.live is None:
            raise Missing(
                f"no logs yet: {function.log_group} does not exist",
                hint="run `cgw lambda`, or call the function once",
            )
    return [
        LogReader(context.aws.logs, name, function.log_group.name, _start(since))
        for name, function in chosen.items()
    ]


def access_log_reader(context: Context, since: datetime) -> LogReader:
    """Return a reader of the access log.

    Raises UsageError if the file has none, Missing before `up` made it.
    """
    from cognito_gw.aws.log_events import LogReader

    if not context.config.api.access_log:
        raise UsageError(
            "the file has no access log",
            hint="add `access_log: true` to `api`, and run `cgw up`",
        )
    group = context.stack.access_log_group
    look(context, [group])
    if group.live is None:
        raise Missing(f"{group} does not exist yet", hint="run `cgw up` first")
    return LogReader(context.aws.logs, "access", group.name, _start(since))


def _start(since: datetime) -> int:
    return int(since.timestamp() * 1000)


def policy(
    context: Context,
    purpose: str = "up",
    *,
    boundary: str | None = None,
    account: str | None = None,
    is_split: bool = False,
) -> tuple[list[Document], list[str]]:
    """Return the IAM policies for a purpose, `up` or `use`, and warnings about them.

    There is one policy unless `is_split`. Without an `account` number, AWS is asked.
    """
    from cognito_gw.resources.policy import (
        LIMIT,
        operator_policy,
        size,
        split,
        user_policy,
    )

    stack = _stack(context, account)
    if purpose == "use":
        document, notes = user_policy(stack), []
    else:
        document = operator_policy(stack, boundary, is_split=is_split)
        notes = [*_limits_of(stack, boundary)]
    if is_split:
        return split(document), notes
    if (length := size(document)) > LIMIT:
        notes.append(
            f"this policy has {length:,} characters; the limit of IAM is {LIMIT:,}: "
            "`cgw policy --split` prints several that fit"
        )
    return [document], notes


def _stack(context: Context, account: str | None) -> Stack:
    from botocore.exceptions import NoCredentialsError

    from cognito_gw.aws.clients import named_account
    from cognito_gw.resources.stack import build

    if account is None:
        try:
            return context.stack
        except NoCredentialsError:
            raise AwsRefused(
                "no AWS credentials were found, so the account is not known",
                hint="name it with `--account NUMBER`",
            ) from None
    region = context.region or context.aws.region
    return build(context.config, named_account(account, region))


def _limits_of(stack: Stack, boundary: str | None) -> Iterator[str]:
    """Yield what the policy does not prevent, or is not enough for."""
    in_file = stack.config.iam.permissions_boundary
    if not stack.api.managed:
        return  # then there are no roles
    if not (boundary or in_file):
        yield (
            "without a permissions boundary, the holder of this policy can give the "
            "functions' roles any right, and so become an administrator. To prevent "
            "it, set `iam.permissions_boundary` in the file, or use `--boundary ARN`"
        )
    elif boundary and boundary != in_file:
        yield (
            "with this policy `cgw up` fails until the file has "
            f"`iam: {{permissions_boundary: {boundary}}}`"
        )
