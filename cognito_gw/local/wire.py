"""AWS's wire protocols on the server side, and the validation of input."""

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

SIGN_IN = "cognito-idp"  # the service of an unsigned call
UNSIGNED_REGION = "us-east-1"
# Services with another name in a signature than in botocore, and than in IAM.
MODEL_OF_SERVICE = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
IAM_SERVICES = {"monitoring": "cloudwatch", "tagging": "tag"}
_STREAMS = "DynamoDBStreams_20120810"  # signed as dynamodb

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
    protocol: str  # of this request: a service may have several
    uri_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Any:
        """The operation's description in botocore's service model."""
        return get_service_model(self.service).operation_model(self.name)

    @property
    def is_public(self) -> bool:
        """Whether AWS accepts the operation unsigned, as it does for sign-ins."""
        return bool(self.model.auth_type == "none")


def is_aws_call(call: HttpCall) -> bool:
    """Whether an AWS client sent this: a page cannot send these headers elsewhere."""
    is_signed = call.headers.get("Authorization", "").startswith("AWS4-")
    return is_signed or "X-Amz-Target" in call.headers


def recognize(call: HttpCall) -> Operation | None:
    """Return the operation that is called, or None if only moto may know it."""
    signature = read_signature(call.headers) or Signature("", UNSIGNED_REGION, SIGN_IN)
    service = MODEL_OF_SERVICE.get(signature.service, signature.service)
    if call.headers.get("X-Amz-Target", "").startswith(_STREAMS):
        service = "dynamodbstreams"
    elif service == "ses" and urlsplit(call.url).path.startswith("/v2/"):
        service = "sesv2"
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
    """Return the IAM action of a call, such as `lambda:InvokeFunction`."""
    signature = read_signature(call.headers)
    service = signature.service if signature else SIGN_IN
    service = IAM_SERVICES.get(service, service)
    if operation is None:
        return f"{service}:{call.method}"
    if service == "apigateway":  # whose actions are HTTP methods
        return f"apigateway:{call.method}"
    return f"{service}:{operation.name}"


def read_input(operation: Operation, call: HttpCall) -> dict[str, Any]:
    """Return the operation's parameters under the names of boto3."""
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
    """Return the answer in the operation's protocol."""
    serializer = get_serializer_class(operation.service, operation.protocol)
    written = serializer(operation.model).serialize(answer)
    headers, body = written["headers"], written["body"]
    if "contentType" in answer:
        # Of GetExport, for which moto always says JSON.
        headers["Content-Type"] = answer["contentType"]
    return HttpAnswer(
        # Only Lambda's Invoke answers with a status.
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
    """Return the error in the shape in which boto3 finds its code and message."""
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


# What parsers raise for invalid JSON or UTF-8, or a list in place of an object.
MALFORMED = (
    AttributeError,
    LookupError,
    RecursionError,
    RequestParserError,
    TypeError,
    ValueError,
)
# The error code for violations of the service model, where it is not the usual one.
REFUSALS = {
    "cognito-idp": "InvalidParameterException",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "resourcegroupstaggingapi": "InvalidParameterException",
}


def require_known(operation: Operation, call: HttpCall) -> None:
    """Refuse an unknown operation, and one that was sent to another path."""
    try:
        place: dict[str, str] = operation.model.http
    except OperationNotFoundError:
        code = "UnknownOperationException"
        if operation.protocol == "query":
            code = "InvalidAction"
        raise AwsFault(code, f"There is no operation {operation.name!r}") from None
    if operation.protocol.startswith("rest-"):
        return  # recognized by method and path
    url = urlsplit(call.url)
    # A query in the address could name another operation than the body, for moto.
    sent = call.method, f"{url.path}?{url.query}" if url.query else url.path
    if sent != (place["method"], place["requestUri"]):
        raise AwsFault(
            "UnknownOperationException",
            f"{operation.name} takes {place['method']} {place['requestUri']} only",
            HTTPStatus.NOT_FOUND,
        )


def read(operation: Operation, call: HttpCall) -> dict[str, Any]:
    """Return the parameters. Raises AwsFault for those that the model excludes."""
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
        lines = report.splitlines()
        wrong = [line for line in lines if line.startswith("Invalid type")]
        if wrong:
            raise _malformed("; ".join(wrong)[:1000])
        input_name = f"{operation.name[0].lower()}{operation.name[1:]}Input."
        prefix = input_name if operation.service == "apigateway" else ""
        if why := constraints.refusal(params, shape, prefix):
            raise AwsFault(REFUSALS.get(operation.service, "ValidationException"), why)
    return params


def read_unchecked(operation: Operation | None, call: HttpCall) -> dict[str, Any]:
    """Return the parameters as far as they can be read."""
    if operation is None:
        return {}
    try:
        return read_input(operation, call)
    except MALFORMED:
        raise _malformed("it cannot be read") from None


def _takes_octets(operation: Operation) -> bool:
    """Whether the body may be any bytes, such as the payload of a function."""
    shape = operation.model.input_shape
    payload = shape and shape.serialization.get("payload")
    return bool(payload) and shape.members[payload].type_name == "blob"


def _require_object(text: str) -> None:
    if not isinstance(json.loads(text), dict):
        raise TypeError("not an object")


def _malformed(why: str) -> AwsFault:
    return AwsFault("SerializationException", f"The request is malformed: {why}")
