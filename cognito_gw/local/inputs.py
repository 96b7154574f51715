"""What a call must be before anything is done with it, as AWS's front door has it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.model import OperationNotFoundError
from botocore.validate import ParamValidator
from moto.core.parse import RequestParserError

from cognito_gw.local import constraints, wire
from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.emulator import HttpCall

# What parsers stumble over: no JSON, no UTF-8, or a list where an object should be.
MALFORMED = (
    AttributeError,
    LookupError,
    RecursionError,
    RequestParserError,
    TypeError,
    ValueError,
)
# With which code each service refuses what its model excludes; others: the usual one.
REFUSALS = {
    "cognito-idp": "InvalidParameterException",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "resourcegroupstaggingapi": "InvalidParameterException",
}


def require_known(operation: wire.Operation, call: HttpCall) -> None:
    """Refuse an operation that the service has not, and one sent elsewhere."""
    try:
        place: dict[str, str] = operation.model.http
    except OperationNotFoundError:
        code = "UnknownOperationException"
        if operation.protocol == "query":
            code = "InvalidAction"
        raise AwsFault(code, f"There is no operation {operation.name!r}") from None
    if operation.protocol.startswith("rest-"):
        return  # it was recognized by its method and path
    sent = call.method, urlsplit(call.url).path
    if sent != (place["method"], place["requestUri"]):
        raise AwsFault(
            "UnknownOperationException",
            f"{operation.name} takes {place['method']} {place['requestUri']} only",
            HTTPStatus.NOT_FOUND,
        )


def read(operation: wire.Operation, call: HttpCall) -> dict[str, Any]:
    """Return the parameters; refuse those that are not of the operation's types."""
    try:
        if operation.protocol == "json":
            _require_object(call.body.decode())
        elif not _takes_octets(operation):
            call.body.decode()
        params = wire.read_input(operation, call)
    except MALFORMED:
        raise _malformed("it cannot be read") from None
    shape = operation.model.input_shape
    if shape is not None:
        report = ParamValidator().validate(params, shape).generate_report()
        wrong = [
            each for each in report.splitlines() if each.startswith("Invalid type")
        ]
        if wrong:
            raise _malformed("; ".join(wrong)[:1000])
        _require_within(operation, params, shape)
    return params


def _require_within(
    operation: wire.Operation, params: dict[str, Any], shape: Any
) -> None:
    """Refuse what is missing, or beyond what the service model takes."""
    prefix = f"{operation.name[0].lower()}{operation.name[1:]}Input."
    is_named = operation.service == "apigateway"
    why = constraints.refusal(params, shape, prefix if is_named else "")
    if why:
        raise AwsFault(REFUSALS.get(operation.service, "ValidationException"), why)


def _takes_octets(operation: wire.Operation) -> bool:
    """Whether the body may be anything: a payload for a function, say."""
    shape = operation.model.input_shape
    payload = shape and shape.serialization.get("payload")
    return bool(payload) and shape.members[payload].type_name == "blob"


def _require_object(text: str) -> None:
    if not isinstance(json.loads(text), dict):
        raise TypeError("no object")


def _malformed(why: str) -> AwsFault:
    return AwsFault("SerializationException", f"The request is malformed: {why}")
