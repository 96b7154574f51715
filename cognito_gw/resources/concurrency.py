"""The reserved concurrency of a function: how many calls of it run at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cognito_gw.engine.resource import Change, Resource
from cognito_gw.resources.function import once_idle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.resources.function import Function


@dataclass(eq=False)
class ReservedConcurrency(Resource):
    """A part of the account's concurrency that one function has, and cannot exceed.

    Source: Lambda's guide, "Configuring reserved concurrency for a function".
    """

    kind = "reserved concurrency"
    command = "lambda"

    function: Function
    calls: int | None  # at once; None: as many as the account has left

    @property
    def label(self) -> str:
        return self.function.name

    @property
    def enabled(self) -> bool:
        return self.calls is not None

    @property
    def parent(self) -> Resource | None:
        return self.function

    def desired(self) -> dict[str, Any]:
        return {"ReservedConcurrentExecutions": self.calls}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        self.function["FunctionArn"]  # an absent function reserves nothing
        answer = aws.functions.get_function_concurrency(**self._key())
        return dict(answer) if "ReservedConcurrentExecutions" in answer else None

    def create(self, aws: Aws) -> dict[str, Any]:
        reserve = partial(
            aws.functions.put_function_concurrency, **self._key(), **self.desired()
        )
        return dict(once_idle(reserve, self.function, aws))

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        return self.create(aws)

    def delete(self, aws: Aws) -> None:
        release = partial(aws.functions.delete_function_concurrency, **self._key())
        once_idle(release, self.function, aws)

    def _key(self) -> dict[str, str]:
        return {"FunctionName": self.function.name}
