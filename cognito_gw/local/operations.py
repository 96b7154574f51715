"""One control-plane call, and the registry of operations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from cognito_gw.local import moto_store
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.apigateway.snapshot import Snapshots

    Refusal = Callable[["Call"], None]
    Replacement = Callable[["Call"], dict[str, Any]]
    Amendment = Callable[["Call", dict[str, Any]], None]


EVERY = "*"


@dataclass(frozen=True)
class Call:
    """One control-plane call, its parameters spelt as boto3 spells them."""

    service: str
    operation: str
    region: str
    params: dict[str, Any]
    snapshots: Snapshots

    def __getitem__(self, parameter: str) -> Any:
        """Return a parameter that the operation requires."""
        if parameter not in self.params:
            raise AwsFault(
                "ValidationException",
                f"1 validation error detected: Value null at '{parameter}' failed to "
                "satisfy constraint: Member must not be null",
            )
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
class Service:
    """The corrections of one service: what it refuses, answers itself, and amends."""

    name: str
    _refusals: dict[str, list[Refusal]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _replacements: dict[str, Replacement] = field(default_factory=dict)
    _amendments: dict[str, list[Amendment]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def refuses(self, *operations: str) -> Callable[[Refusal], Refusal]:
        """Register a check to run before the call, which raises AwsFault to refuse."""

        def register(check: Refusal) -> Refusal:
            for operation in operations:
                self._refusals[operation].append(check)
            return check

        return register

    def answers(self, *operations: str) -> Callable[[Replacement], Replacement]:
        """Register what answers instead of moto; it may forward the call adapted."""

        def register(replacement: Replacement) -> Replacement:
            self._replacements.update(dict.fromkeys(operations, replacement))
            return replacement

        return register

    def amends(self, *operations: str) -> Callable[[Amendment], Amendment]:
        """Register what puts the answer right, in place."""

        def register(amend: Amendment) -> Amendment:
            for operation in operations:
                self._amendments[operation].append(amend)
            return amend

        return register

    def check(self, call: Call) -> None:
        """Refuse what AWS refuses."""
        for check in self._refusals[EVERY] + self._refusals[call.operation]:
            check(call)

    def answers_itself(self, operation: str) -> bool:
        """Tell whether moto's own answer to the operation needs correction."""
        return operation in self._replacements or operation in self._amendments

    def answer(self, call: Call) -> dict[str, Any]:
        """Answer as AWS does."""
        answer = self._replacements.get(call.operation, Call.forward)(call)
        for amend in self._amendments.get(call.operation, []):
            amend(call, answer)
        return answer


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
