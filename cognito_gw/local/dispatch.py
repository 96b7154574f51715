"""The control plane of the local AWS: finds the operation of a call and runs it."""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web
from moto.core.exceptions import JsonRESTError, ServiceException

from cognito_gw.local import access, authorization, logs, moto_store, tagging, wire
from cognito_gw.local.apigateway import export, test_invoke
from cognito_gw.local.apigateway.operations import (
    authorizers,
    deployments,
    methods,
    rest_apis,
    unenforced,
)
from cognito_gw.local.awslambda import lambda_store
from cognito_gw.local.awslambda import operations as lambda_operations
from cognito_gw.local.cognito.operations import auth, clients, pools, users
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.moto_store import HttpAnswer, HttpCall, MotoThread
from cognito_gw.local.operations import SERVICES, Call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.local.access import AccessKeys
    from cognito_gw.local.events import Activity
    from cognito_gw.local.operations import Operation

# Web pages of any origin may sign users in, as on AWS. They cannot sign requests:
# without `Authorization` in this list, browsers do not let a page send the header.
FOR_WEB_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": (
        "amz-sdk-invocation-id, amz-sdk-request, cache-control, content-type, "
        "x-amz-target, x-amz-user-agent"
    ),
    "Access-Control-Expose-Headers": "x-amzn-ErrorType, x-amzn-RequestId",
    "Access-Control-Max-Age": "600",
}
# Each of them adds its operations to SERVICES when it is imported.
OPERATIONS = (
    *(access, logs, tagging, lambda_operations),
    *(export, test_invoke, authorizers, deployments, methods, rest_apis, unenforced),
    *(auth, clients, pools, users),
)
# Prefixes of operations that change nothing.
READS = (
    *("Get", "List", "Describe", "AdminGet", "AdminList", "Invoke", "Test"),
    *("BatchGet", "Head", "Query", "Scan", "TransactGet"),  # of data
)
# What the extra `local-services` installs.
_OF_SERVICES_EXTRA = ("jsonpath_ng", "py_partiql_parser")

log = logging.getLogger(__name__)


class ControlPlane:
    """Answers AWS API calls."""

    def __init__(
        self, keys: AccessKeys, activity: Activity, parts: Iterable[object] = ()
    ) -> None:
        """Accept calls signed by one of the `keys`, and report changes to `activity`.

        Operations find the `parts` of this local AWS in their `Call`.
        """
        self._keys = keys
        self._activity = activity
        self.moto = MotoThread()
        self._parts = {type(part): part for part in (self.moto, *parts)}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer an HTTP request of an AWS client."""
        url = f"http://{request.host}{request.raw_path}"
        call = HttpCall(request.method, url, request.headers, await request.read())
        if _is_preflight(request):
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=FOR_WEB_PAGES)
        if not wire.is_aws_call(call):
            raise web.HTTPNotFound(text="This is a local AWS; use an AWS client.\n")
        answer = await self._answer(call)
        return web.Response(
            status=answer.status, headers=answer.headers, body=answer.body
        )

    def changed(self, what: str) -> None:
        """Report a possible change to the console and to the saving of state."""
        self._activity.add("change", operation=what)

    async def warm_up(self) -> None:
        """Import each service before its first call. Real calls may come between."""
        for service in SERVICES.values():
            await self.moto.run(moto_store.warm_up, service.name)

    async def _answer(self, call: HttpCall) -> HttpAnswer:
        operation, is_public = None, False
        try:
            operation = await self.moto.run(wire.recognize, call)
            is_public = operation is not None and _is_public(operation, call)
            caller = None if is_public else self._keys.authenticate(call.headers)
            if operation:
                wire.require_known(operation, call)
            if caller is None:
                answer = await self._answer_operation(operation, call)
            else:
                answer = await self._answer_function(caller, operation, call)
        except Exception as error:  # noqa: BLE001 - a server always answers
            answer = wire.write_fault(operation, _as_fault(operation, error))
        if is_public:  # a web page of any origin may read the answer, or the error
            answer = replace(answer, headers={**answer.headers, **FOR_WEB_PAGES})
        return answer

    async def _answer_function(
        self, arn: str, operation: wire.Operation | None, call: HttpCall
    ) -> HttpAnswer:
        """Answer a call that a function signed, if the function's role allows it."""
        function = await self.moto.run(lambda_store.find_function, arn)
        action = wire.action(operation, call)
        if operation and function and action == "sts:GetCallerIdentity":
            return wire.write_answer(operation, authorization.identity(function))
        if operation and operation.service in SERVICES:
            wire.read(operation, call)  # refuses what cannot be read
        await self.moto.run(authorization.require_allowed, function, operation, call)
        return await self._answer_operation(operation, call)

    async def _answer_operation(
        self, operation: wire.Operation | None, call: HttpCall
    ) -> HttpAnswer:
        name = operation.name if operation else "unknown"
        try:
            return await self._execute(operation, call)
        finally:
            if not name.startswith(READS):
                self.changed(name)

    async def _execute(
        self, operation: wire.Operation | None, call: HttpCall
    ) -> HttpAnswer:
        """Check the call, let the operation's handler or moto answer, and amend it."""
        service = SERVICES.get(operation.service) if operation else None
        if operation is None or service is None:
            return await self.moto.run(_ask_moto, call)
        ours = service.find(operation.name)
        if ours.async_handler is None:
            return await self.moto.run(self._on_moto_thread, operation, ours, call)
        read = await self.moto.run(self._checked, operation, ours, call)
        return wire.write_answer(operation, await ours.async_handler(read))

    def _on_moto_thread(
        self, operation: wire.Operation, ours: Operation, call: HttpCall
    ) -> HttpAnswer:
        read = self._checked(operation, ours, call)
        if ours.is_answered:
            return wire.write_answer(operation, ours.answer(read))
        return wire.with_status(operation, _ask_moto(call))

    def _checked(
        self, operation: wire.Operation, ours: Operation, call: HttpCall
    ) -> Call:
        read = Call(
            service=operation.service,
            operation=operation.name,
            region=operation.region,
            params=wire.read(operation, call),
            parts=self._parts,
        )
        ours.check(read)
        return read


def _is_public(operation: wire.Operation, call: HttpCall) -> bool:
    """Whether this is an unsigned call that AWS takes: sign-ins, mostly."""
    is_unsigned = "Authorization" not in call.headers
    service = SERVICES.get(operation.service)
    is_ours = service is not None and operation.name in service.answered
    return is_unsigned and is_ours and operation.is_public


def _is_preflight(request: web.Request) -> bool:
    """Whether this is a CORS preflight request of a page that signs users in."""
    asked = request.headers.get("Access-Control-Request-Headers", "").lower()
    return request.method == "OPTIONS" and "x-amz-target" in asked


def _ask_moto(call: HttpCall) -> HttpAnswer:
    try:
        answer = moto_store.send(call)
    except ModuleNotFoundError as error:
        is_extra = error.name in _OF_SERVICES_EXTRA
        package = "'cognito-gw[local-services]'" if is_extra else error.name
        raise AwsFault(
            "NotImplemented",
            f"The local AWS needs the Python package {error.name} for this call, which "
            f"is not installed: pip install {package}",
            HTTPStatus.NOT_IMPLEMENTED,
        ) from error
    # moto answers an unknown path with a web page.
    if answer.body.startswith(b"<!doctype html"):
        raise NotImplementedError(f"{call.method} {call.url}")
    return answer


def _as_fault(operation: wire.Operation | None, error: Exception) -> AwsFault:
    what = f"{operation.service}:{operation.name}" if operation else "such call"
    match error:
        case AwsFault():
            return error
        case ServiceException():  # moto's errors, of its newer kind
            return AwsFault(error.code, error.message)
        case JsonRESTError():  # and of its older kind
            return AwsFault(error.error_type, error.message, error.code)
        case NotImplementedError():
            # Not 500, which boto3 would retry.
            return AwsFault("NotImplemented", f"The local AWS has no {what}", 501)
        case _ if operation is None or operation.service not in SERVICES:
            return AwsFault("NotImplemented", f"The local AWS has no {what}", 501)
    log.error("%s failed", what, exc_info=error)
    return AwsFault(
        "InternalFailure", f"The local AWS failed in {what}: {error!r}", 500
    )
