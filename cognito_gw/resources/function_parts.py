"""What a function needs first: its execution role and its log group."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import ABSENT, absent_is_none, code_of, is_of_the_caller
from cognito_gw.aws.responses import listed
from cognito_gw.aws.tags import refuse_foreign
from cognito_gw.aws.waits import settle
from cognito_gw.engine.resource import Change, Exactly, Resource
from cognito_gw.errors import AwsRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cognito_gw.aws.clients import Account, Aws


_DAYS = 30
_UNFINISHED = "Unfinished"


@dataclass(eq=False)
class LogGroup(Resource):
    """A CloudWatch log group; one that Lambda creates keeps its events forever.

    Without a retention in the file, it gets one at creation, and later changes by the
    user stay.
    """

    kind = "log group"
    command = "lambda"
    id_field = "arn"

    stack: str
    name: str
    tags: dict[str, str]
    account: Account
    retention: int | None = None  # days; 0: forever

    @property
    def label(self) -> str:
        return self.name

    @property
    def _days(self) -> int | None:
        return _DAYS if self.retention is None else self.retention or None

    def desired(self) -> dict[str, Any]:
        is_made = self.live is not None and not self.live.get(_UNFINISHED)
        if self.retention is None and is_made:
            return {"tags": self.tags}
        return {"tags": self.tags, "retentionInDays": self._days}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        found, tags = aws.gather(
            partial(self._find, aws), partial(self._read_tags, aws)
        )
        if found is None:
            return None
        refuse_foreign(self, tags, self.stack)
        return dict(found) | {
            "tags": tags,
            _UNFINISHED: self._is_unfinished(aws, found),
        }

    def create(self, aws: Aws) -> dict[str, Any]:
        create = partial(
            aws.logs.create_log_group, logGroupName=self.name, tags=self.tags
        )
        self._once_idle(create, aws)
        if self._days:
            self._keep(aws)
        return {
            "arn": f"{self._arn()}:*",
            "tags": self.tags,
            "retentionInDays": self._days,
        }

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if any(field.startswith("tags") for field in changes):
            aws.logs.tag_resource(resourceArn=self._arn(), tags=self.tags)
        if "retentionInDays" in changes:
            self._keep(aws)
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        self._once_idle(partial(aws.logs.delete_log_group, logGroupName=self.name), aws)

    def _is_unfinished(self, aws: Aws, found: dict[str, Any]) -> bool:
        """Whether the run that created it ended before setting the retention.

        Its function is created later: if that exists, a user removed the retention.
        """
        if found.get("retentionInDays") or self.retention is not None:
            return False
        with absent_is_none():
            aws.functions.get_function(FunctionName=self.name.rsplit("/", 1)[1])
            return False
        return True

    def _find(self, aws: Aws) -> Any:
        groups = listed(
            aws.logs, "describe_log_groups", "logGroups", logGroupNamePrefix=self.name
        )
        return next((g for g in groups if g["logGroupName"] == self.name), None)

    def _read_tags(self, aws: Aws) -> Any:
        with absent_is_none():
            return aws.logs.list_tags_for_resource(resourceArn=self._arn())["tags"]
        return None

    def _keep(self, aws: Aws) -> None:
        group, logs = {"logGroupName": self.name}, aws.logs
        if self._days:
            keep = partial(
                logs.put_retention_policy, **group, retentionInDays=self._days
            )
        else:
            keep = partial(logs.delete_retention_policy, **group)
        self._once_idle(keep, aws)

    def _once_idle(self, change: Callable[[], Any], aws: Aws) -> None:
        """Retry a change while CloudWatch Logs still makes another one."""
        until = f"CloudWatch Logs takes another change of {self}"
        settle(change, aws, passing=_is_busy, until=until)

    def _arn(self) -> str:
        return self.account.arn("logs", f"log-group:{self.name}")


def _is_busy(error: ClientError) -> bool:
    return code_of(error) == "OperationAbortedException"


_POLICY = "write-logs"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(eq=False)
class ExecutionRole(Resource):
    """An IAM role with one inline policy; no managed policy is attached."""

    kind = "execution role"
    command = "lambda"
    id_field = "Arn"

    stack: str
    name: str
    tags: dict[str, str]
    account: Account
    log_group: str
    boundary: str | None = None  # None: unmanaged

    @property
    def label(self) -> str:
        return self.name

    def desired(self) -> dict[str, Any]:
        return {
            "AssumeRolePolicyDocument": Exactly(_TRUST),
            "Policy": Exactly(self._policy()),
            "Tags": self.tags,
            **self._limit(),
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer, policy = aws.gather(
            partial(aws.iam.get_role, RoleName=self.name),
            partial(self._read_policy, aws),
        )
        role: dict[str, Any] = answer["Role"]
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        refuse_foreign(self, tags, self.stack)
        return role | {"Tags": tags, "Policy": policy}

    def _read_policy(self, aws: Aws) -> Any:
        with absent_is_none():
            answer = aws.iam.get_role_policy(RoleName=self.name, PolicyName=_POLICY)
            return answer["PolicyDocument"]
        return None

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = aws.iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps(_TRUST),
            Description=f"Execution role of a function of the cgw stack {self.stack}",
            Tags=_tag_list(self.tags),
            **({"PermissionsBoundary": self.boundary} if self.boundary else {}),
        )
        settle(
            partial(self._put_policy, aws),
            aws,
            passing=_is_unknown_yet,
            until=f"IAM knows {self}",
        )
        wanted = {"Tags": self.tags, "Policy": self._policy(), **self._limit()}
        return dict(answer["Role"]) | wanted

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if any(field.startswith("Tags") for field in changes):
            aws.iam.tag_role(RoleName=self.name, Tags=_tag_list(self.tags))
        if any(field.startswith("PermissionsBoundary") for field in changes):
            # First: the caller's own policy may require it for any other change.
            aws.iam.put_role_permissions_boundary(
                RoleName=self.name, PermissionsBoundary=self.boundary
            )
        if "AssumeRolePolicyDocument" in changes:
            self._restore_trust(aws)
        if "Policy" in changes:
            self._put_policy(aws)
        return self.observe(aws) or {}

    def _restore_trust(self, aws: Aws) -> None:
        trust = json.dumps(_TRUST)
        try:
            aws.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=trust)
        except ClientError as error:
            if not is_of_the_caller(error):
                raise
            raise AwsRefused(
                f"{self}: its trust policy was changed, and the caller may not restore "
                "it (iam:UpdateAssumeRolePolicy)",
                hint="`cgw policy` leaves this action out, as it can give the role to "
                "anyone: run `cgw up` once as an administrator",
            ) from error

    def delete(self, aws: Aws) -> None:
        with absent_is_none():
            aws.iam.delete_role_policy(RoleName=self.name, PolicyName=_POLICY)
        try:
            aws.iam.delete_role(RoleName=self.name)
        except ClientError as error:
            if code_of(error) != "DeleteConflict":
                raise
            self._delete_with_policies(aws)

    def _delete_with_policies(self, aws: Aws) -> None:
        """Delete it with policies that were added outside cgw."""
        attached = aws.iam.list_attached_role_policies(RoleName=self.name)
        for policy in attached["AttachedPolicies"]:
            aws.iam.detach_role_policy(
                RoleName=self.name, PolicyArn=policy["PolicyArn"]
            )
        for policy in aws.iam.list_role_policies(RoleName=self.name)["PolicyNames"]:
            aws.iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
        aws.iam.delete_role(RoleName=self.name)

    def _policy(self) -> dict[str, Any]:
        group = self.account.arn("logs", f"log-group:{self.log_group}:*")
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": group,
                }
            ],
        }

    def _limit(self) -> dict[str, Any]:
        if self.boundary is None:
            return {}
        return {"PermissionsBoundary": {"PermissionsBoundaryArn": self.boundary}}

    def _put_policy(self, aws: Aws) -> None:
        aws.iam.put_role_policy(
            RoleName=self.name,
            PolicyName=_POLICY,
            PolicyDocument=json.dumps(self._policy()),
        )


def _is_unknown_yet(error: ClientError) -> bool:
    return code_of(error) in ABSENT  # a role created a moment ago


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
