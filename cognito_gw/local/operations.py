"""The operations that the local AWS changes or replaces, and a call of one of them.

moto answers a call differently from AWS in three ways, and an operation corrects each
of them: a check refuses what moto lets through, a handler answers what moto cannot, and
an amendment completes moto's answer. Each function names the AWS behavior that it
restores. Delete it when a later moto makes it unnecessary.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from cognito_gw.local import moto_store
from cognito_gw.local.constraints import Violation, report
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Answer = dict[str, Any]
    Check = Callable[["Call"], None]
    Handler = Callable[["Call"], Answer]
    AsyncHandler = Callable[["Call"], Awaitable[Answer]]
    Amendment = Callable[["Call", Answer], None]


_Part = TypeVar("_Part")
EVERY = "*"  # instead of an operation's name: all operations of the service


@dataclass(frozen=True)
class Call:
    """One control-plane call, with its parameters under the names of boto3."""

    service: str
    operation: str
    region: str
    params: dict[str, Any]
    parts: Mapping[type, Any] = field(default_factory=dict, repr=False)

    def __getitem__(self, parameter: str) -> Any:
        """Return a parameter that the operation requires."""
        if parameter not in self.params:
            violation = Violation(parameter, "null ", "Member must not be null")
            raise AwsFault("ValidationException", report(violation))
        return self.params[parameter]

    def get(self, parameter: str, default: Any = None) -> Any:
        """Return a parameter that the operation does not require."""
        return self.params.get(parameter, default)

    def forward(self, **changes: Any) -> dict[str, Any]:
        """Return moto's answer to this call with some parameters changed."""
        return self.ask(self.operation, **self.params | changes)

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """Return moto's answer to another operation of the same service."""
        client = moto_store.client(self.service, self.region)
        try:
            answer = getattr(client, xform_name(operation))(**params)
        except ClientError as error:
            raise _as_fault(error) from error
        except ParamValidationError as error:
            raise AwsFault("ValidationException", str(error)) from error
        return {key: answer[key] for key in answer if key != "ResponseMetadata"}

    def part(self, kind: type[_Part]) -> _Part:
        """Return the part of this local AWS that is of a class: its Cognito, say."""
        part: _Part = self.parts[kind]
        return part

    @property
    def backend(self) -> Any:
        """Return moto's own objects of this service and region."""
        return moto_store.backend(self.service, self.region)


def _as_fault(error: ClientError) -> AwsFault:
    body: Any = error.response
    return AwsFault(
        body["Error"]["Code"],
        body["Error"]["Message"],
        body["ResponseMetadata"]["HTTPStatusCode"],
    )


@dataclass
class Operation:
    """What the local AWS does for one operation of a service, besides moto."""

    checks: list[Check] = field(default_factory=list)
    handler: Handler | None = None
    async_handler: AsyncHandler | None = None  # instead, where it runs functions
    amendments: list[Amendment] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """Whether moto's answer does not go to the client as it is."""
        return bool(self.handler or self.async_handler or self.amendments)

    def check(self, call: Call) -> None:
        """Raise AwsFault for a call that AWS refuses."""
        for check in self.checks:
            check(call)

    def answer(self, call: Call) -> Answer:
        """Return the answer of AWS, in the shape in which boto3 returns it."""
        answer = (self.handler or Call.forward)(call)
        for amend in self.amendments:
            amend(call, answer)
        return answer


@dataclass
class Service:
    """The operations of one AWS service, by name, and the decorators that add them."""

    name: str
    _operations: dict[str, Operation] = field(
        default_factory=lambda: defaultdict(Operation)
    )

    def refuses(self, *operations: str) -> Callable[[Check], Check]:
        """Run the function before the call. It raises AwsFault to refuse the call."""

        def register(check: Check) -> Check:
            for operation in operations:
                self._operations[operation].checks.append(check)
            return check

        return register

    def answers(self, *operations: str) -> Callable[[Handler], Handler]:
        """Let the function answer instead of moto. It may call `Call.forward`."""

        def register(handler: Handler) -> Handler:
            for operation in operations:
                self._operations[operation].handler = handler
            return handler

        return register

    def answers_async(self, operation: str) -> Callable[[AsyncHandler], AsyncHandler]:
        """Let the coroutine function answer, outside of the thread that moto runs on.

        For operations that run a Lambda function, which may call AWS meanwhile.
        """

        def register(handler: AsyncHandler) -> AsyncHandler:
            self._operations[operation].async_handler = handler
            return handler

        return register

    def amends(self, *operations: str) -> Callable[[Amendment], Amendment]:
        """Let the function correct the answer in place."""

        def register(amend: Amendment) -> Amendment:
            for operation in operations:
                self._operations[operation].amendments.append(amend)
            return amend

        return register

    def find(self, operation: str) -> Operation:
        """Return what is registered for an operation, if anything."""
        found = self._operations.get(operation, Operation())
        return replace(found, checks=self._operations[EVERY].checks + found.checks)

    @property
    def answered(self) -> set[str]:
        """The names of the operations that have a handler."""
        return {
            name
            for name, operation in self._operations.items()
            if operation.handler or operation.async_handler
        }


apigateway = Service("apigateway")
cognito_idp = Service("cognito-idp")
iam = Service("iam")
awslambda = Service("lambda")
logs = Service("logs")
tagging = Service("resourcegroupstaggingapi")
wafv2 = Service("wafv2")

SERVICES = {
    service.name: service
    for service in (apigateway, cognito_idp, iam, awslambda, logs, tagging, wafv2)
}
