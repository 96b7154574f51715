"""Control-plane operations of functions."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import struct
import uuid
import zipfile
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core.utils import iso_8601_datetime_with_nanoseconds

from cognito_gw import aws_rules
from cognito_gw.local import moto_store
from cognito_gw.local.awslambda.runtime_api import MAX_PAYLOAD
from cognito_gw.local.constraints import Violation, report
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import awslambda

if TYPE_CHECKING:
    from cognito_gw.local.awslambda.functions import Functions
    from cognito_gw.local.operations import Call


MAX_NAME = 64
MAX_EVENT = 1024 * 1024
UPDATES = ("UpdateFunctionCode", "UpdateFunctionConfiguration")
RUNTIME_VERSION = "arn:aws:lambda:{region}::runtime:local"


@awslambda.refuses("CreateFunction", "UpdateFunctionConfiguration")
def unknown_runtime(call: Call) -> None:
    """Refuse an unknown runtime: InvalidParameterValueException."""
    model: Any = moto_store.client("lambda", call.region).meta.service_model
    runtimes = model.shape_for("Runtime").enum
    runtime = call.get("Runtime")
    if runtime is not None and runtime not in runtimes:
        raise _invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(runtimes)}] or be a valid ARN"
        )


@awslambda.refuses("CreateFunction")
def unsupported_runtime(call: Call) -> None:
    """Refuse a runtime that Lambda no longer supports: same exception."""
    if call.get("Runtime") in aws_rules.GONE_RUNTIMES:
        raise _invalid(
            f"The runtime parameter of {call['Runtime']} is no longer supported for "
            "creating or updating AWS Lambda functions. We recommend you use a "
            "supported runtime while creating or updating functions."
        )


@awslambda.refuses("CreateFunction", "UpdateFunctionConfiguration")
def impossible_environment(call: Call) -> None:
    """Refuse reserved variables, and more than 4 KB: InvalidParameterValueException."""
    variables = call.get("Environment", {}).get("Variables", {})
    why = (
        "Lambda was unable to configure your environment variables because the "
        "environment variables you have provided"
    )
    if reserved := aws_rules.reserved_variables(variables):
        raise _invalid(
            f"{why} contains reserved keys that are currently not supported for "
            f"modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    size = aws_rules.environment_size(variables)
    if size > aws_rules.LARGEST_ENVIRONMENT:
        raise _invalid(f"{why} exceeded the 4KB limit. Measured size: {size} bytes")


@awslambda.refuses("CreateFunction")
def long_name(call: Call) -> None:
    """Refuse a name of over 64 characters: the model's limit of 140 is for ARNs."""
    name = call["FunctionName"]
    if ":" not in name and len(name) > MAX_NAME:
        limit = f"Member must have length less than or equal to {MAX_NAME}"
        violation = Violation("functionName", f"'{name}' ", limit)
        raise AwsFault("ValidationException", report(violation))


@awslambda.refuses("CreateFunction", "UpdateFunctionCode")
def large_request(call: Call) -> None:
    """Refuse code above the limit of a request: RequestEntityTooLargeException, 413."""
    archive = call.get("ZipFile") or call.get("Code", {}).get("ZipFile") or b""
    if len(archive) > aws_rules.ZIPPED:
        raise AwsFault(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {aws_rules.LARGEST_REQUEST} bytes for the "
            f"{call.operation} operation",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


@awslambda.refuses("CreateFunction", "UpdateFunctionCode")
def not_a_zip(call: Call) -> None:
    """Refuse code that does not unzip: InvalidParameterValueException."""
    archive = call.get("ZipFile") or call.get("Code", {}).get("ZipFile")
    if archive is None:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise _no_zip() from None
    if aws_rules.unzip_fault(entries):
        raise _no_zip()
    if not entries:
        raise _invalid("Uploaded file must be a non-empty zip")
    if sum(entry.file_size for entry in entries) > aws_rules.UNZIPPED:
        most = aws_rules.UNZIPPED
        raise _invalid(f"Unzipped size must be smaller than {most} bytes")


@awslambda.refuses("CreateFunction", "UpdateFunctionConfiguration")
def repeated_layer(call: Call) -> None:
    """Refuse two versions of one layer: InvalidParameterValueException.

    The words are in github.com/ServerlessLife/serverless-spy/issues/32.
    """
    seen: dict[str, str] = {}
    for arn in call.get("Layers") or []:
        layer = arn.rpartition(":")[0]
        if first := seen.get(layer):
            raise _invalid(
                "Two different versions of the same layer are not allowed to be "
                f"referenced in the same function. {first} and {arn} are versions of "
                "the same layer."
            )
        seen[layer] = arn


@awslambda.refuses("CreateFunction", "UpdateFunctionConfiguration")
def absent_layer(call: Call) -> None:
    """Refuse a layer that the account lacks: InvalidParameterValueException.

    The words are in github.com/intuit/costBuddy/issues/19; moto: not found, which
    cgw would take for a delay.
    """
    for arn in call.get("Layers") or []:
        is_own = f":{moto_store.ACCOUNT}:" in arn
        if is_own and call.backend.layers_versions_by_arn(arn) is None:
            raise _invalid(f"Layer version {arn} does not exist.")


@awslambda.answers("CreateFunction", "UpdateFunctionConfiguration")
def foreign_layers(call: Call) -> dict[str, Any]:
    """Accept layers of other accounts too; moto knows only those published here."""
    layers = call.get("Layers") or []
    own = [arn for arn in layers if f":{moto_store.ACCOUNT}:" in arn]
    if own == layers:
        return call.forward()
    answer = call.forward(Layers=own)
    function = _function(call)
    known = {layer["Arn"]: layer for layer in function.layers}
    function.layers = [known.get(arn, {"Arn": arn, "CodeSize": 0}) for arn in layers]
    return answer | {"Layers": function.layers}


@awslambda.amends("CreateFunction", "UpdateFunctionConfiguration")
def log_group(call: Call, _: dict[str, Any]) -> None:
    """Use the log group in the call; moto always uses the function's own."""
    if group := call.get("LoggingConfig", {}).get("LogGroup"):
        _function(call).logs_group_name = group


@awslambda.amends(*UPDATES)
def function_changed(call: Call, answer: dict[str, Any]) -> None:
    """Return that the update is in progress, with a new revision; moto: done."""
    if call.get("DryRun"):
        return
    function = _function(call)
    function.last_modified = iso_8601_datetime_with_nanoseconds()
    function.revision_id = str(uuid.uuid4())
    answer["LastUpdateStatus"] = "InProgress"
    answer["LastUpdateStatusReason"] = "The function is being created."
    answer["LastUpdateStatusReasonCode"] = "Creating"


@awslambda.amends("UpdateFunctionCode")
def architecture(call: Call, answer: dict[str, Any]) -> None:
    """Use the architecture in the call; moto keeps the old one."""
    if not call.get("DryRun") and (found := call.get("Architectures")):
        answer["Architectures"] = _function(call).architectures = found


@awslambda.amends("CreateFunction")
def function_pending(_: Call, answer: dict[str, Any]) -> None:
    """Return that the function is pending; moto: active at once."""
    answer["State"] = "Pending"
    answer["StateReason"] = "The function is being created."
    answer["StateReasonCode"] = "Creating"


@awslambda.amends("CreateFunction", "GetFunction", "GetFunctionConfiguration", *UPDATES)
def function_fields(call: Call, answer: dict[str, Any]) -> None:
    """Return revision, logging and runtime version, which moto omits.

    Lambda writes dates as 2026-01-01T00:00:00.000+0000, and omits empty layers.
    """
    function = _function(call)
    function.revision_id = getattr(function, "revision_id", str(uuid.uuid4()))
    configuration = answer.get("Configuration", answer)
    if not configuration.get("Layers"):
        configuration.pop("Layers", None)
    configuration.update(
        # moto's date has nanoseconds.
        LastModified=re.sub(r"(\.\d{3})\d*Z$", r"\1+0000", function.last_modified),
        RevisionId=function.revision_id,
        LoggingConfig={"LogFormat": "Text", "LogGroup": function.logs_group_name},
        RuntimeVersionConfig={
            "RuntimeVersionArn": RUNTIME_VERSION.format(region=call.region)
        },
    )


@awslambda.amends("GetFunction")
def reserved_concurrency(call: Call, answer: dict[str, Any]) -> None:
    """Return a reserved concurrency of 0 too; moto omits it."""
    reserved = _function(call).reserved_concurrency
    if reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": reserved}


@awslambda.refuses("AddPermission")
def statement_exists(call: Call) -> None:
    """Refuse a duplicate statement ID: ResourceConflictException, 409; moto adds it."""
    if call["StatementId"] in _statement_ids(call):
        raise AwsFault(
            "ResourceConflictException",
            f"The statement id ({call['StatementId']}) provided already exists. Please "
            "provide a new statement id, or remove the existing statement.",
            HTTPStatus.CONFLICT,
        )


@awslambda.refuses("RemovePermission")
def absent_statement(call: Call) -> None:
    """Refuse a statement that does not exist: ResourceNotFoundException, 404."""
    ids = _statement_ids(call)
    if not ids:
        raise _not_found("No policy is associated with the given resource.")
    if call["StatementId"] not in ids:
        raise _not_found(
            f"Statement {call['StatementId']} is not found in resource policy."
        )


@awslambda.refuses("Invoke")
def absent_function(call: Call) -> None:
    """Refuse a function that does not exist: ResourceNotFoundException, 404."""
    _function(call)


@awslambda.refuses("Invoke")
def large_payload(call: Call) -> None:
    """Refuse a payload above Lambda's limit: RequestTooLargeException, 413."""
    limit = MAX_EVENT if call.get("InvocationType") == "Event" else MAX_PAYLOAD
    if len(call.get("Payload") or b"") > limit:
        raise AwsFault(
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction "
            "operation",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


@awslambda.refuses("Invoke")
def payload_not_json(call: Call) -> None:
    """Refuse a payload that is not JSON: InvalidRequestContentException, 400."""
    try:
        json.loads(call.get("Payload") or b"{}")
    except ValueError as error:
        raise AwsFault(
            "InvalidRequestContentException",
            f"Could not parse request body into json: {error}",
        ) from error


@awslambda.refuses("Invoke")
def malformed_client_context(call: Call) -> None:
    """Refuse a client context that is not JSON: InvalidRequestContentException."""
    context = call.get("ClientContext") or "e30="  # which is {}
    try:
        json.loads(base64.b64decode(context, validate=True))
    except ValueError as error:
        raise AwsFault(
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        ) from error


def _function(call: Call) -> Any:
    return call.backend.get_function(call["FunctionName"], call.get("Qualifier"))


def _statement_ids(call: Call) -> set[str]:
    return {statement["Sid"] for statement in _function(call).policy.statements}


def _invalid(message: str) -> AwsFault:
    return AwsFault("InvalidParameterValueException", message)


def _no_zip() -> AwsFault:
    return _invalid(
        "Could not unzip uploaded file. "
        "Please check your file, then try to upload again."
    )


def _not_found(message: str) -> AwsFault:
    return AwsFault("ResourceNotFoundException", message, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True)
class Invoke:
    """Lambda's Invoke: waits, runs the function later (Event), or not (DryRun)."""

    _functions: Functions
    _later: set[asyncio.Task[Any]] = field(default_factory=set)

    async def __call__(self, call: Call) -> dict[str, Any]:
        """Answer one call."""
        arn = str(_function(call).function_arn)
        payload, context = call.get("Payload") or b"{}", call.get("ClientContext") or ""
        match call.get("InvocationType"):
            case "DryRun":
                return {"StatusCode": HTTPStatus.NO_CONTENT}
            case "Event":
                running = self._functions.invoke(arn, payload, context)
                task = asyncio.create_task(running)
                self._later.add(task)
                task.add_done_callback(self._later.discard)
                return {"StatusCode": HTTPStatus.ACCEPTED}
        done = await self._functions.invoke(arn, payload, context)
        answer = {
            "StatusCode": HTTPStatus.OK,
            "ExecutedVersion": "$LATEST",
            "Payload": done.payload,
        }
        if done.error:
            answer["FunctionError"] = "Unhandled"
        if call.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(done.log_tail.encode()).decode()
        return answer


@awslambda.answers_async("Invoke")
async def invoke(call: Call) -> dict[str, Any]:
    """Run the function; moto runs none in this process."""
    return await call.part(Invoke)(call)
