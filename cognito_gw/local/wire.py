"""AWS's wire protocols on the server side, and the checks of each input."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.routing import NotFound, get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from cognito_gw.local import constraints
from cognito_gw.local.access import Signature, read_signature
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.moto_store import HttpAnswer, HttpCall, as_werkzeug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.moto_store import HttpCall


SIGN_IN = "cognito-idp"  # the service whose operations AWS takes unsigned
UNSIGNED_REGION = "us-east-1"
# The services whose name in a signature is not that of their model, of those we have.
IAM_NAMES = {"Invoke": "InvokeFunction"}  # where it is not the operation's
MODEL_OF_SERVICE = {"tagging": "resourcegroupstaggingapi"}

XML_FAULT = (
    "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
)
XML_FAULTS = {  # by protocol
    "query": f"<ErrorResponse>{XML_FAULT}</ErrorResponse>",
    "ec2": f"<Response><Errors>{XML_FAULT}</Errors></Response>",
    "rest-xml": XML_FAULT,
}


@dataclass(frozen=True)
class Operation:
    """One AWS operation, recognized in an HTTP request."""

    service: str
    name: str
    region: str
    protocol: str  # as its service may speak several, the one of this request
    uri_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Any:
        """The operation's description in botocore's service model."""
        return get_service_model(self.service).operation_model(self.name)

    @property
    def is_public(self) -> bool:
        """Whether AWS takes the operation unsigned, as it takes sign-ins."""
        return bool(self.model.auth_type == "none")


def is_aws_call(call: HttpCall) -> bool:
    """Tell an AWS client by headers that a web page cannot send across origins."""
    is_signed = call.headers.get("Authorization", "").startswith("AWS4-")
    return is_signed or "X-Amz-Target" in call.headers


def recognize(call: HttpCall) -> Operation | None:
    """Tell which operation is called, or None where only moto may know it."""
    signature = read_signature(call.headers) or Signature("", UNSIGNED_REGION, SIGN_IN)
    service = MODEL_OF_SERVICE.get(signature.service, signature.service)
    try:
        model = get_service_model(service)
    except UnknownServiceError:
        return None
    if target := call.headers.get("X-Amz-Target"):
        name = target.removeprefix(f"{model.metadata.get('targetPrefix')}.")
        return Operation(service, name, signature.region, "json")
    match str(model.protocol):
        case "query" | "ec2" as protocol:
            name = parse_qs(call.body.decode(errors="replace")).get("Action", [""])[0]
            return Operation(service, name, signature.region, protocol)
        case "rest-json" | "rest-xml" as protocol:
            return _rest_operation(call, service, signature.region, protocol)
    return None


def _rest_operation(
    call: HttpCall, service: str, region: str, protocol: str
) -> Operation | None:
    try:
        model, parameters = get_service_router(service).match(as_werkzeug(call))
    except NotFound:
        return None
    return Operation(service, model.name, region, protocol, parameters)


def action(operation: Operation | None, call: HttpCall) -> str:
    """Return what a call would do, as IAM's policies name it."""
    signature = read_signature(call.headers)
    service = signature.service if signature else SIGN_IN
    if operation is None:
        return f"{service}:{call.method}"
    if service == "apigateway":  # whose actions are HTTP's
        return f"apigateway:{call.method}"
    return f"{service}:{IAM_NAMES.get(operation.name, operation.name)}"


def read_input(operation: Operation, call: HttpCall) -> dict[str, Any]:
    """Return the operation's parameters, spelt as boto3 spells them."""
    request = as_werkzeug(call)
    parser = PROTOCOL_PARSERS[operation.protocol](operation.model)
    parsed: dict[str, Any] = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": operation.uri_parameters,
        }
    )
    return {name: value for name, value in parsed.items() if value is not None}


def write_answer(operation: Operation, answer: dict[str, Any]) -> HttpAnswer:
    """Return the answer as the operation's protocol spells it."""
    serializer = get_serializer_class(operation.service, operation.protocol)
    written = serializer(operation.model).serialize(answer)
    headers, body = written["headers"], written["body"]
    if "contentType" in answer:
        # GetExport is the one operation that answers with it; moto says it is JSON.
        headers["Content-Type"] = answer["contentType"]
    return HttpAnswer(
        # Lambda's Invoke is the one operation that answers with its status.
        answer.get("StatusCode", written["status_code"]),
        headers,
        body.encode() if isinstance(body, str) else body,
    )


def with_status(operation: Operation, answer: HttpAnswer) -> HttpAnswer:
    """Return moto's answer with the status that the operation's model names."""
    if answer.status != HTTPStatus.OK:
        return answer
    http: dict[str, Any] = operation.model.http
    return replace(answer, status=http.get("responseCode", answer.status))


def write_fault(operation: Operation | None, fault: AwsFault) -> HttpAnswer:
    """Return the refusal in the shape in which boto3 finds its code and message."""
    headers = {"x-amzn-ErrorType": fault.code}
    if operation and operation.protocol in XML_FAULTS:
        body = XML_FAULTS[operation.protocol].format(
            code=fault.code, message=escape(fault.message)
        )
        return HttpAnswer(
            fault.status, headers | {"Content-Type": "text/xml"}, body.encode()
        )
    document = {"__type": fault.code, "message": fault.message}
    headers["Content-Type"] = "application/json"
    return HttpAnswer(fault.status, headers, json.dumps(document).encode())


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


def require_known(operation: Operation, call: HttpCall) -> None:
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


def read(operation: Operation, call: HttpCall) -> dict[str, Any]:
    """Return the parameters; refuse those that are not of the operation's types."""
    try:
        if operation.protocol == "json":
            _require_object(call.body.decode())
        elif not _takes_octets(operation):
            call.body.decode()
        params = read_input(operation, call)
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


def _require_within(operation: Operation, params: dict[str, Any], shape: Any) -> None:
    """Refuse what is missing, or beyond what the service model takes."""
    prefix = f"{operation.name[0].lower()}{operation.name[1:]}Input."
    is_named = operation.service == "apigateway"
    why = constraints.refusal(params, shape, prefix if is_named else "")
    if why:
        raise AwsFault(REFUSALS.get(operation.service, "ValidationException"), why)


def _takes_octets(operation: Operation) -> bool:
    """Whether the body may be anything: a payload for a function, say."""
    shape = operation.model.input_shape
    payload = shape and shape.serialization.get("payload")
    return bool(payload) and shape.members[payload].type_name == "blob"


def _require_object(text: str) -> None:
    if not isinstance(json.loads(text), dict):
        raise TypeError("no object")


def _malformed(why: str) -> AwsFault:
    return AwsFault("SerializationException", f"The request is malformed: {why}")
