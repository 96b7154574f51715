"""The log group of one function, created first so that it has retention and tags."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none, code_of
from cognito_gw.aws.tags import refuse_foreign
from cognito_gw.aws.waits import settle
from cognito_gw.engine.resource import Change, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.exceptions import ClientError

    from cognito_gw.aws.clients import Account, Aws

_DAYS = 30
_UNFINISHED = "Unfinished"


@dataclass(eq=False)
class LogGroup(Resource):
    """A CloudWatch log group; one that Lambda creates keeps its events forever."""

    kind = "log group"
    command = "lambda"
    id_field = "arn"

    stack: str
    name: str
    tags: dict[str, str]
    account: Account

    @property
    def label(self) -> str:
        return self.name

    def desired(self) -> dict[str, Any]:
        """Set the retention only at creation: later changes by the user stay."""
        is_made = self.live is not None and not self.live.get(_UNFINISHED)
        return {"tags": self.tags} | ({} if is_made else {"retentionInDays": _DAYS})

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
        self._keep(aws)
        return {
            "arn": f"{self._arn()}:*",
            "tags": self.tags,
            "retentionInDays": _DAYS,
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
        if found.get("retentionInDays"):
            return False
        with absent_is_none():
            aws.functions.get_function(FunctionName=self.name.rsplit("/", 1)[1])
            return False
        return True

    def _find(self, aws: Aws) -> Any:
        pages = aws.logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=self.name
        )
        groups = (group for page in pages for group in page["logGroups"])
        return next((g for g in groups if g["logGroupName"] == self.name), None)

    def _read_tags(self, aws: Aws) -> Any:
        with absent_is_none():
            return aws.logs.list_tags_for_resource(resourceArn=self._arn())["tags"]
        return None

    def _keep(self, aws: Aws) -> None:
        keep = partial(
            aws.logs.put_retention_policy,
            logGroupName=self.name,
            retentionInDays=_DAYS,
        )
        self._once_idle(keep, aws)

    def _once_idle(self, change: Callable[[], Any], aws: Aws) -> None:
        """Change it; CloudWatch Logs refuses while another change is in progress."""
        until = f"CloudWatch Logs takes another change of {self}"
        settle(change, aws, passing=_is_busy, until=until)

    def _arn(self) -> str:
        return self.account.arn("logs", f"log-group:{self.name}")


def _is_busy(error: ClientError) -> bool:
    return code_of(error) == "OperationAbortedException"
