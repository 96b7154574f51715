"""The Lambda function, and the permission by which the REST API may invoke it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none, code_of, message_of
from cognito_gw.aws.tags import refuse_foreign
from cognito_gw.aws.waits import settle, wait_for
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Change, Exactly, Resource
from cognito_gw.errors import CgwError
from cognito_gw.packages.build import silent
from cognito_gw.packages.target import Target
from cognito_gw.resources.archive import sha256
from cognito_gw.resources.code import code_folder, refuse_secrets, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.exceptions import ClientError

    from cognito_gw.aws.clients import Account, Aws
    from cognito_gw.config.model import FunctionConfig
    from cognito_gw.resources.function_parts import (
        ExecutionRole,
        ExistingRole,
        LogGroup,
    )
    from cognito_gw.resources.rest_api import RestApi

# Keys of the file, and what Lambda calls them.
_FIELDS = {
    "runtime": "Runtime",
    "handler": "Handler",
    "code": "CodeSha256",
    "include": "CodeSha256",
    "environment": "Environment",
    "memory": "MemorySize",
    "timeout": "Timeout",
    "layers": "Layers",
    "architecture": "Architectures",
}
# Conflicts that resolve themselves; the others are over names.
_BUSY = ("in progress", "at this time", "concurrent update")
# Lambda's messages for a role that IAM has not propagated yet; the second is for
# functions with an environment, which it encrypts as the role.
_NEW_ROLE = (
    "cannot be assumed",
    "KMS key is invalid for CreateGrant",
    "does not refer to a valid principal",
    "execution role does not have permissions",
)
_NO_EC2 = "throttled by EC2"
_LEAVING, _FAILED = "Deleting", "Failed"


@dataclass(eq=False)
class Function(Resource):
    """A Lambda function; its code is compared by hash."""

    kind = "function"
    command = "lambda"
    id_field = "FunctionArn"
    hidden = frozenset({"Environment"})

    stack: str
    name: str
    tags: dict[str, str]
    config: FunctionConfig
    role: ExecutionRole | ExistingRole
    log_group: LogGroup
    ignored: set[str] = field(default_factory=set)  # keys, not compared
    tell: Callable[[str], None] = field(default=silent, repr=False)
    # Whether AWS is still deleting it.
    _is_leaving: bool = field(default=False, init=False, repr=False)

    @property
    def label(self) -> str:
        return self.name

    @cached_property
    def code(self) -> bytes:
        """The zip to deploy."""
        config = self.config
        return zipped(config.code, config.include, self.target, self.tell)

    @property
    def target(self) -> Target | None:
        """Where its packages run, if its language has any."""
        runtime = self.config.runtime
        has_packages = runtime.startswith(("python", "nodejs"))
        architecture = self.config.architecture
        return Target.on_lambda(runtime, architecture) if has_packages else None

    def refuse_secrets(self) -> None:
        """Raise for files of the code that look like secrets, unless included."""
        is_node = self.config.runtime.startswith("nodejs")
        refuse_secrets(self.config.code, self.config.include, is_node=is_node)

    def check_code(self, tell: Callable[[str], None] = silent) -> None:
        """Raise for code that is too large, holds secrets, or lacks packages.

        Packages are built if they are new; `tell` reports that.
        """
        self.refuse_secrets()
        self.tell = tell
        if "CodeSha256" not in {_FIELDS[key] for key in self.ignored}:
            _ = self.code  # raises if it is too large

    def build_here(self, tell: Callable[[str], None]) -> None:
        """Build the packages for the local AWS, which finds them in the cache."""
        folder = code_folder(self.config)
        if self.target and folder and folder.path.is_dir():
            folder.build_here(self.target, tell)

    def desired(self) -> dict[str, Any]:
        if self.live and self.live.get("State") == _FAILED:
            raise _failed(self, self.live, "State")
        ignored = {_FIELDS[key] for key in self.ignored}
        wanted = _comparable({**self._configuration(), "Tags": self.tags})
        wanted["Architectures"] = [self.config.architecture]
        if "CodeSha256" not in ignored:
            wanted["CodeSha256"] = sha256(self.code)
        return {name: wanted[name] for name in wanted if name not in ignored}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer = aws.functions.get_function(FunctionName=self.name)
        tags = answer.get("Tags", {})
        refuse_foreign(self, tags, self.stack)
        self._is_leaving = answer["Configuration"].get("State") == _LEAVING
        if self._is_leaving:
            return None
        found = answer["Configuration"]
        layers = [layer["Arn"] for layer in found.get("Layers", [])]
        return _comparable({**found, "Layers": layers, "Tags": tags})

    def create(self, aws: Aws) -> dict[str, Any]:
        self.refuse_secrets()
        if self._is_leaving:
            until = f"the deleted {self} is gone"
            wait_for(partial(self._is_gone, aws), aws, until=until, patience=300)
        create = partial(
            aws.functions.create_function,
            FunctionName=self.name,
            Code={"ZipFile": self.code},
            PackageType="Zip",
            Architectures=[self.config.architecture],
            Tags=self.tags,
            **self._configuration(),
        )
        made = once_idle(partial(self._with_new_role, create, aws), self, aws)
        if made.get("State") == "Active":
            return _comparable(
                {**made, "Layers": self.config.layers, "Tags": self.tags}
            )
        return self._awaited(aws, "State", "Active")

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        fields = {field.split(".")[0] for field in changes}
        live = None
        if "Tags" in fields:
            aws.functions.tag_resource(Resource=self["FunctionArn"], Tags=self.tags)
        if fields - {"Tags", "CodeSha256", "Architectures"}:
            live = self._update_configuration(aws)
        if fields & {"CodeSha256", "Architectures"}:
            self.refuse_secrets()
            once_idle(
                partial(
                    aws.functions.update_function_code,
                    FunctionName=self.name,
                    ZipFile=self.code,
                    Architectures=[self.config.architecture],
                ),
                self,
                aws,
            )
            live = self._awaited(aws, "LastUpdateStatus", "Successful")
        return live or self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        delete = partial(aws.functions.delete_function, FunctionName=self.name)
        once_idle(delete, self, aws)

    def _configuration(self) -> dict[str, Any]:
        return {
            "Runtime": self.config.runtime,
            "Handler": self.config.handler,
            "Role": self.role.arn,
            "MemorySize": self.config.memory,
            "Timeout": self.config.timeout,
            "Environment": {"Variables": Exactly(self.config.environment)},
            "Layers": self.config.layers,
        }

    def _update_configuration(self, aws: Aws) -> dict[str, Any]:
        update = partial(
            aws.functions.update_function_configuration,
            FunctionName=self.name,
            **self._configuration(),
        )
        once_idle(partial(self._with_new_role, update, aws), self, aws)
        # Lambda refuses a second update while the first is in progress.
        return self._awaited(aws, "LastUpdateStatus", "Successful")

    def _with_new_role(self, call: Callable[[], Any], aws: Aws) -> Any:
        """Retry until Lambda can use the new role."""
        return settle(
            partial(
                settle,
                call,
                aws,
                passing=_is_role_too_new,
                until=f"Lambda can assume {self.role}",
            ),
            aws,
            passing=_is_throttled_by_ec2,
            until=f"EC2 takes Lambda's requests for {self}",
        )

    def _is_gone(self, aws: Aws) -> bool:
        with absent_is_none():
            self.observe(aws)
            return not self._is_leaving
        return True

    def _awaited(self, aws: Aws, field: str, wanted: str) -> dict[str, Any]:
        """Observe it until a field has this value."""

        def settled() -> dict[str, Any] | None:
            found = None
            with absent_is_none():  # not yet visible everywhere
                found = self.observe(aws)
            if found and found.get(field) == _FAILED:
                raise _failed(self, found, field)
            return found if found and found.get(field, wanted) == wanted else None

        until = f"{self} is {'active' if field == 'State' else 'updated'}"
        return wait_for(settled, aws, until=until, patience=300)


def _comparable(configuration: dict[str, Any]) -> dict[str, Any]:
    """Return it with numbered layers: their order counts, unlike other lists'."""
    layers = enumerate(configuration["Layers"], 1)
    numbered = Exactly({str(number): arn for number, arn in layers})
    return {**configuration, "Layers": numbered}


def _failed(function: Function, found: dict[str, Any], field: str) -> CgwError:
    """Return the error for a failed creation or update."""
    why = found.get(f"{field}Reason") or "it does not say why"
    delete = f"`aws lambda delete-function --function-name {function.name}`"
    return CgwError(
        f"{function}: Lambda failed: {why}",
        hint=f"delete the function ({delete}), then run `cgw up` again"
        if field == "State"
        else None,
    )


@dataclass(eq=False)
class InvokePermission(Resource):
    """The statement that allows this REST API to invoke the function.

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
    def is_known_absent(self) -> bool:
        return self.function.is_new

    @property
    def _sid(self) -> str:
        return f"cgw-{self.stack}"

    def desired(self) -> dict[str, Any]:
        api_id = self.api.get("id", KNOWN_AFTER_APPLY)
        source = self.account.arn("execute-api", f"{api_id}/*/*")
        return {
            "Principal": "apigateway.amazonaws.com",
            "Action": "lambda:InvokeFunction",
            "SourceArn": source,
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        self.function["FunctionArn"]  # raises if the function is absent
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
        add = partial(aws.functions.add_permission, **self._key(), **wanted)
        once_idle(add, self.function, aws)
        return wanted

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        self.delete(aws)
        return self.create(aws)

    def delete(self, aws: Aws) -> None:
        remove = partial(aws.functions.remove_permission, **self._key())
        once_idle(remove, self.function, aws)

    def _key(self) -> dict[str, str]:
        return {"FunctionName": self.function.name, "StatementId": self._sid}


def once_idle(change: Callable[[], Any], function: Function, aws: Aws) -> Any:
    """Retry a change while Lambda still makes another one."""
    until = f"{function} takes another change"
    return settle(change, aws, passing=_is_busy, until=until)


def _source_arn(statement: dict[str, Any]) -> str | None:
    like = statement.get("Condition", {}).get("ArnLike", {})
    return next(
        (arn for key, arn in like.items() if key.lower() == "aws:sourcearn"), None
    )


def _is_role_too_new(error: ClientError) -> bool:
    # IAM's waiters do not cover this: the role exists, but not yet for Lambda.
    is_invalid = code_of(error) == "InvalidParameterValueException"
    return is_invalid and any(phrase in message_of(error) for phrase in _NEW_ROLE)


def _is_throttled_by_ec2(error: ClientError) -> bool:
    is_invalid = code_of(error) == "InvalidParameterValueException"
    return is_invalid and _NO_EC2 in message_of(error)


def _is_busy(error: ClientError) -> bool:
    words = message_of(error)
    is_conflict = code_of(error) == "ResourceConflictException"
    return is_conflict and any(phrase in words for phrase in _BUSY)
