"""Dispatches requests of the local control plane to operations."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web
from moto.core.exceptions import JsonRESTError, ServiceException

from cognito_gw.local import access, moto_store, wire
from cognito_gw.local.all_operations import SERVICES
from cognito_gw.local.awslambda import lambda_store
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.moto_store import HttpAnswer, HttpCall
from cognito_gw.local.operations import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from cognito_gw.local.access import AccessKeys
    from cognito_gw.local.apigateway.snapshot import Snapshots
    from cognito_gw.local.events import Activity

    SignInOperation = Callable[[dict[str, Any]], dict[str, Any]]
    LiveOperation = Callable[[Call], Awaitable[dict[str, Any]]]

# Web pages of any origin may sign people in, as on AWS. They may not sign requests:
# without `Authorization` here, browsers let no page send the rest of the API a call.
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
# How the operations begin that change nothing.
READS = ("Get", "List", "Describe", "AdminGet", "AdminList", "Invoke", "Test")

log = logging.getLogger(__name__)


class ControlPlane:
    """Answers AWS API calls."""

    def __init__(
        self,
        keys: AccessKeys,
        sign_in: Mapping[str, SignInOperation],
        snapshots: Snapshots,
        activity: Activity,
    ) -> None:
        """Answer Cognito's `sign_in` operations without moto; fill `snapshots`.

        All else is for who signs with one of the `keys`.
        """
        self._keys = keys
        self._sign_in = sign_in
        self._snapshots = snapshots
        self._activity = activity
        self._live: dict[tuple[str, str], LiveOperation] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="moto")

    def answer_live(self, service: str, operation: str, live: LiveOperation) -> None:
        """Leave an operation that runs a function to `live`, off moto's thread."""
        self._live[service, operation] = live

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one HTTP request of an AWS client."""
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

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function on the thread that owns moto's objects."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, function, *arguments)

    def changed(self, what: str) -> None:
        """Tell those who watch, and those who save, that things may be different."""
        self._activity.add("change", operation=what)

    async def warm_up(self) -> None:
        """Import each service before its first call, letting real calls go between."""
        for service in SERVICES.values():
            await self.run(moto_store.warm_up, service.name)

    def close(self) -> None:
        """Take no more calls; an import to warm up need not come to its end."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, call: HttpCall) -> HttpAnswer:
        operation = None
        try:
            operation = await self.run(wire.recognize, call)
            if operation and self._is_sign_in(operation, call):
                return await self._sign_in_from_anywhere(operation, call)
            caller = self._keys.authenticate(call.headers)
            if operation:
                wire.require_known(operation, call)
            if caller is not None:
                return await self._answer_function(caller, operation, call)
            return await self._answer_operation(operation, call)
        except Exception as error:  # noqa: BLE001 - whatever it is, AWS would answer
            return wire.write_fault(operation, _as_fault(operation, error))

    def _is_sign_in(self, operation: wire.Operation, call: HttpCall) -> bool:
        is_unsigned = "Authorization" not in call.headers
        is_ours = operation.service == wire.SIGN_IN and operation.name in self._sign_in
        return is_unsigned and is_ours and operation.is_public

    async def _sign_in_from_anywhere(
        self, operation: wire.Operation, call: HttpCall
    ) -> HttpAnswer:
        """Answer an unsigned call, and let a web page of any origin read the answer."""
        try:
            wire.require_known(operation, call)
            answer = await self._answer_operation(operation, call)
        except Exception as error:  # noqa: BLE001 - the page must read refusals too
            answer = wire.write_fault(operation, _as_fault(operation, error))
        return replace(answer, headers={**answer.headers, **FOR_WEB_PAGES})

    async def _answer_function(
        self, arn: str, operation: wire.Operation | None, call: HttpCall
    ) -> HttpAnswer:
        """Answer a call that a function signed, if its role allows the call."""
        function = await self.run(lambda_store.find_function, arn)
        action = wire.action(operation, call)
        if operation and function and action == "sts:GetCallerIdentity":
            return wire.write_answer(operation, access.identity(function))
        is_ours = operation and operation.service in SERVICES
        params = wire.read(operation, call) if operation and is_ours else {}
        access.require_allowed(function, action, params)
        return await self._answer_operation(operation, call)

    async def _answer_operation(
        self, operation: wire.Operation | None, call: HttpCall
    ) -> HttpAnswer:
        name = operation.name if operation else "unknown"
        live = operation and self._live.get((operation.service, name))
        try:
            if not operation or not live:
                answer: HttpAnswer = await self.run(self._on_worker, operation, call)
                return answer
            read = self._read(operation, call)
            await self.run(SERVICES[operation.service].check, read)
            return wire.write_answer(operation, await live(read))
        finally:
            if not name.startswith(READS):
                self.changed(name)

    def _on_worker(
        self, operation: wire.Operation | None, call: HttpCall
    ) -> HttpAnswer:
        if operation is None:
            return _uncorrected(call)
        if operation.service == wire.SIGN_IN and operation.name in self._sign_in:
            sign_in = self._sign_in[operation.name]
            return wire.write_answer(operation, sign_in(wire.read(operation, call)))
        service = SERVICES.get(operation.service)
        if service is None:
            return _uncorrected(call)
        read = self._read(operation, call)
        service.check(read)
        if not service.answers_itself(operation.name):
            return wire.with_status(operation, _uncorrected(call))
        return wire.write_answer(operation, service.answer(read))

    def _read(self, operation: wire.Operation, call: HttpCall) -> Call:
        return Call(
            service=operation.service,
            operation=operation.name,
            region=operation.region,
            params=wire.read(operation, call),
            snapshots=self._snapshots,
        )


def _is_preflight(request: web.Request) -> bool:
    """Tell a browser's question whether a web page may sign people in by API."""
    asked = request.headers.get("Access-Control-Request-Headers", "").lower()
    return request.method == "OPTIONS" and "x-amz-target" in asked


def _uncorrected(call: HttpCall) -> HttpAnswer:
    answer = moto_store.send(call)
    # moto's router answers with a web page when it knows no such path.
    if answer.body.startswith(b"<!doctype html"):
        raise NotImplementedError(f"{call.method} {call.url}")
    return answer


def _as_fault(operation: wire.Operation | None, error: Exception) -> AwsFault:
    what = f"{operation.service}:{operation.name}" if operation else "such call"
    match error:
        case AwsFault():
            return error
        case ServiceException():  # moto's own refusals, of its newer kind
            return AwsFault(error.code, error.message)
        case JsonRESTError():  # and of its older
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
