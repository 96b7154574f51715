"""The Lambda function, and the permission by which the REST API may invoke it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.faults import code_of, message_of
from cognito_gw.aws.settle import settle
from cognito_gw.aws.tags import refuse_foreign
from cognito_gw.engine.diff import Exactly
from cognito_gw.engine.resource import Change, Resource
from cognito_gw.resources.code import sha256, zipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.exceptions import ClientError

    from cognito_gw.aws.clients import Account, Aws
    from cognito_gw.config import schema
    from cognito_gw.resources.log_group import LogGroup
    from cognito_gw.resources.rest_api import RestApi
    from cognito_gw.resources.role import ExecutionRole


@dataclass(eq=False)
class Function(Resource):
    """A Lambda function; its code is compared by hash, so an edit anywhere is seen."""

    kind = "function"
    command = "lambda"
    id_field = "FunctionArn"
    hidden = frozenset({"Environment"})

    stack: str
    name: str
    tags: dict[str, str]
    config: schema.Function
    role: ExecutionRole
    log_group: LogGroup

    @property
    def label(self) -> str:
        return self.name

    @cached_property
    def code(self) -> bytes:
        """The zip to deploy."""
        return zipped(self.config.code)

    def desired(self) -> dict[str, Any]:
        return {
            **self._configuration(),
            "CodeSha256": sha256(self.code),
            "Tags": self.tags,
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer = aws.functions.get_function(FunctionName=self.name)
        tags = answer.get("Tags", {})
        refuse_foreign(self, tags, self.stack)
        return dict(answer["Configuration"]) | {"Tags": tags}

    def create(self, aws: Aws) -> dict[str, Any]:
        settle(
            lambda: aws.functions.create_function(
                FunctionName=self.name,
                Code={"ZipFile": self.code},
                PackageType="Zip",
                Tags=self.tags,
                **self._configuration(),
            ),
            aws,
            passing=_is_role_too_new,
            until=f"Lambda can assume {self.role}",
        )
        self._wait(aws, "function_active_v2")
        return self.observe(aws) or {}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        fields = {field.split(".")[0] for field in changes}
        if "Tags" in fields:
            aws.functions.tag_resource(Resource=self["FunctionArn"], Tags=self.tags)
        if fields - {"Tags", "CodeSha256"}:
            self._update_configuration(aws)
        if "CodeSha256" in fields:
            aws.functions.update_function_code(
                FunctionName=self.name, ZipFile=self.code
            )
            self._wait(aws, "function_updated_v2")
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        aws.functions.delete_function(FunctionName=self.name)

    def _configuration(self) -> dict[str, Any]:
        return {
            "Runtime": self.config.runtime,
            "Handler": self.config.handler,
            "Role": self.role["Arn"],
            "MemorySize": self.config.memory,
            "Timeout": self.config.timeout,
            "Environment": {"Variables": Exactly(self.config.environment)},
        }

    def _update_configuration(self, aws: Aws) -> None:
        settle(
            lambda: aws.functions.update_function_configuration(
                FunctionName=self.name, **self._configuration()
            ),
            aws,
            passing=_is_role_too_new,
            until=f"Lambda can assume {self.role}",
        )
        # Lambda refuses a second update while the first is in progress.
        self._wait(aws, "function_updated_v2")

    def _wait(self, aws: Aws, waiter: str) -> None:
        aws.functions.get_waiter(waiter).wait(FunctionName=self.name)


@dataclass(eq=False)
class InvokePermission(Resource):
    """The statement that lets this REST API, and no other, invoke the function.

    One for the whole API: a statement per route would fill the 20 KB of a function's
    policy with some fifty routes.
    """

    kind = "invoke permission"
    command = "method"
    id_field = "SourceArn"

    stack: str
    function: Function
    api: RestApi
    account: Account

    @property
    def label(self) -> str:
        return self.function.name

    @property
    def _sid(self) -> str:
        return f"cgw-{self.stack}"

    def desired(self) -> dict[str, Any]:
        source = self.account.arn("execute-api", f"{self.api['id']}/*/*")
        return {
            "Principal": "apigateway.amazonaws.com",
            "Action": "lambda:InvokeFunction",
            "SourceArn": source,
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        self.function["FunctionArn"]  # an absent function has no policy to read
        answer = aws.functions.get_policy(FunctionName=self.function.name)
        for statement in json.loads(answer["Policy"])["Statement"]:
            if statement["Sid"] == self._sid:
                return {
                    "Principal": statement["Principal"]["Service"],
                    "Action": statement["Action"],
                    "SourceArn": _source_arn(statement),
                }
        return None

    def create(self, aws: Aws) -> dict[str, Any]:
        wanted = self.desired()
        aws.functions.add_permission(
            FunctionName=self.function.name, StatementId=self._sid, **wanted
        )
        return wanted

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        self.delete(aws)
        return self.create(aws)

    def delete(self, aws: Aws) -> None:
        aws.functions.remove_permission(
            FunctionName=self.function.name, StatementId=self._sid
        )


def _source_arn(statement: dict[str, Any]) -> str | None:
    like = statement.get("Condition", {}).get("ArnLike", {})
    return next(
        (arn for key, arn in like.items() if key.lower() == "aws:sourcearn"), None
    )


def _is_role_too_new(error: ClientError) -> bool:
    # IAM's own waiters do not cover this: the role exists, but not yet for Lambda.
    is_invalid = code_of(error) == "InvalidParameterValueException"
    return is_invalid and "cannot be assumed" in message_of(error)
