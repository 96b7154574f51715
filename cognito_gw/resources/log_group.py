"""The log group of one function, made beforehand so that it expires and is ours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.faults import absent_is_none
from cognito_gw.aws.tags import refuse_foreign
from cognito_gw.engine.resource import Change, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Account, Aws

_DAYS = 30


@dataclass(eq=False)
class LogGroup(Resource):
    """A CloudWatch log group; Lambda would make one that keeps its events for ever."""

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
        return {"retentionInDays": _DAYS, "tags": self.tags}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        found, tags = aws.together(
            partial(self._find, aws), partial(self._read_tags, aws)
        )
        if found is None:
            return None
        refuse_foreign(self, tags, self.stack)
        return dict(found) | {"tags": tags}

    def create(self, aws: Aws) -> dict[str, Any]:
        aws.logs.create_log_group(logGroupName=self.name, tags=self.tags)
        self._keep(aws)
        return {**self.desired(), "arn": f"{self._arn()}:*"}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if any(field.startswith("tags") for field in changes):
            aws.logs.tag_resource(resourceArn=self._arn(), tags=self.tags)
        self._keep(aws)
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        aws.logs.delete_log_group(logGroupName=self.name)

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
        aws.logs.put_retention_policy(logGroupName=self.name, retentionInDays=_DAYS)

    def _arn(self) -> str:
        return self.account.arn("logs", f"log-group:{self.name}")
