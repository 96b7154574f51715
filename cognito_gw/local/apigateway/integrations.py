"""The Lambda proxy and MOCK integrations."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cognito_gw.gateway_rules import (
    INTEGRATION_TIMEOUT,
    function_arn,
    may_invoke,
    with_stage_variables,
)
from cognito_gw.local.apigateway import responses
from cognito_gw.local.apigateway.exchange import FunctionCall, Outcome, Response
from cognito_gw.local.apigateway.proxy import (
    Malformed,
    NotBase64,
    from_payload,
    is_binary,
    proxy_event,
)
from cognito_gw.local.awslambda import lambda_store
from cognito_gw.local.awslambda.runtime_api import MAX_PAYLOAD
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.apigateway.context import Context
    from cognito_gw.local.apigateway.exchange import Request
    from cognito_gw.local.awslambda.functions import Functions
    from cognito_gw.local.awslambda.runtime_api import Invocation


_OVERRIDE = re.compile(
    r"#if\((?P<tests>[^)]*==[^)]*)\)\s*"
    r"#set\(\$context\.responseOverride\.header\.(?P<name>[\w-]+)\s*=\s*\$origin\)"
)
_ORIGIN = re.compile(r'\$origin\s*==\s*"([^"]*)"')


def mock_response(integration: dict[str, Any], request: Request) -> Response | None:
    """Return the mock's response, or None if its settings define none."""
    template = (integration.get("requestTemplates") or {}).get("application/json", "{}")
    try:
        status = str(json.loads(template)["statusCode"])
        response = integration["integrationResponses"][status]
    except (KeyError, TypeError, ValueError):
        return None
    headers = {
        name.rpartition(".")[2]: value.strip("'")
        for name, value in (response.get("responseParameters") or {}).items()
    }
    templates = response.get("responseTemplates") or {}
    headers |= _overrides(templates.get("application/json") or "", request)
    fields = {"Content-Type": "application/json"} | headers
    return Response(int(status), b"", list(fields.items()))


def _overrides(template: str, request: Request) -> dict[str, str]:
    """Return the header that the usual template for several origins sets."""
    found = _OVERRIDE.search(template)
    origin = request.header("Origin")
    if found and origin in _ORIGIN.findall(found["tests"]):
        return {found["name"]: str(origin)}
    return {}


_CONFIGURATION = "Execution failed due to configuration error: "
_NO_PERMISSION = "Invalid permissions on Lambda function"
_MALFORMED = "Malformed Lambda proxy response"


class FunctionIntegration:
    """Calls the function that a method's integration names."""

    def __init__(
        self,
        functions: Functions,
        policy_of: Callable[[str], list[dict[str, Any]]] = lambda_store.policy_of,
    ) -> None:
        """Run `functions`, as the policies allow that `policy_of(arn)` returns."""
        self._functions = functions
        self._policy_of = policy_of
        self._running: set[asyncio.Task[Invocation]] = set()

    async def answer(self, context: Context, integration: dict[str, Any]) -> Outcome:
        """Answer one request."""
        uri = with_stage_variables(integration.get("uri", ""), context.served.variables)
        arn = function_arn(uri)
        call = FunctionCall(
            arn=arn or uri,
            source_arn=context.method_arn,
            event=json.dumps(proxy_event(context)).encode(),
        )
        if not arn or not self._is_permitted(call, context, integration):
            return _not_permitted(call, context)
        if len(call.event) > MAX_PAYLOAD:
            response = responses.respond(responses.EVENT_TOO_LONG, context)
            return Outcome(response, "the event is too large", "Request Too Long", call)
        milliseconds = integration.get("timeoutInMillis") or INTEGRATION_TIMEOUT
        return await self._invoke(context, call, milliseconds / 1000)

    async def _invoke(
        self, context: Context, call: FunctionCall, seconds: float
    ) -> Outcome:
        began = time.monotonic()
        task = asyncio.create_task(self._functions.invoke(call.arn, call.event))
        # Held here: the function runs on after its caller stops waiting.
        self._running.add(task)
        task.add_done_callback(self._finished)
        if not await _is_done(task, seconds):
            failure = "Execution failed due to a timeout error"
            response = responses.respond(responses.TIMED_OUT, context)
            return Outcome(response, "the integration timed out", failure, call)
        if isinstance(fault := task.exception(), AwsFault):
            response = responses.respond(responses.CONFIGURATION_ERROR, context)
            return Outcome(response, str(fault), f"{_CONFIGURATION}{fault}", call)
        done = task.result()
        milliseconds = int((time.monotonic() - began) * 1000)
        call = replace(call, payload=done.payload, milliseconds=milliseconds)
        return _failed(context, call) if done.error else _answered(context, call)

    def _is_permitted(
        self, call: FunctionCall, context: Context, integration: dict[str, Any]
    ) -> bool:
        if integration.get("httpMethod", "POST") != "POST":
            return False  # AWS sends it as it is, and Lambda refuses it
        policy = self._policy_of(call.arn)
        return may_invoke(policy, call.source_arn, context.served.snapshot.account)

    def _finished(self, task: asyncio.Task[Invocation]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not warn


async def _is_done(task: asyncio.Task[Invocation], seconds: float) -> bool:
    """Wait up to `seconds` for a task, at half the cost of asyncio.wait()."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def settle(_: object = None) -> None:
        if not done.done():
            done.set_result(task.done())

    limit = loop.call_later(seconds, settle)
    task.add_done_callback(settle)
    try:
        return await done
    finally:
        limit.cancel()


def _not_permitted(call: FunctionCall, context: Context) -> Outcome:
    response = responses.respond(responses.CONFIGURATION_ERROR, context)
    return Outcome(response, _NO_PERMISSION, f"{_CONFIGURATION}{_NO_PERMISSION}", call)


def _failed(context: Context, call: FunctionCall) -> Outcome:
    """Return the outcome of a function that raised an error, or exited."""
    text = (call.payload or b"").decode("utf-8", "replace")
    failure = (
        "Lambda execution failed with status 200 due to customer function error: "
        f"{_error_message(text)}. Lambda request id: {context.request.request_id}"
    )
    response = responses.respond(responses.BAD_GATEWAY, context)
    return Outcome(response, f"the function failed: {text}", failure, call)


def _answered(context: Context, call: FunctionCall) -> Outcome:
    payload, request = call.payload or b"", context.request
    is_binary_api = is_binary(request.header("Accept"), context.served)
    try:
        response = from_payload(payload, is_binary_api=is_binary_api)
    except Malformed as error:
        is_bad_binary = isinstance(error, NotBase64)
        kind = responses.CONFIGURATION_ERROR if is_bad_binary else responses.BAD_GATEWAY
        response = responses.respond(kind, context)
        why = f"{_MALFORMED}: {error}"
        return Outcome(response, why, f"{_CONFIGURATION}{_MALFORMED}", call)
    trace = request.trace_id
    if "Parent=" not in trace:
        trace += f";Parent={secrets.token_hex(8)};Sampled=0"
    response.headers.append(("X-Amzn-Trace-Id", trace))
    return Outcome(response, "function", call=call)


def _error_message(text: str) -> str:
    try:
        return str(json.loads(text)["errorMessage"])
    except (KeyError, TypeError, ValueError):
        return text
