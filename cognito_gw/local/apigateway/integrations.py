"""The Lambda proxy and MOCK integrations."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cognito_gw.gateway_rules import (
    INTEGRATION_TIMEOUT,
    function_arn,
    may_invoke,
    with_stage_variables,
)
from cognito_gw.local.apigateway import responses
from cognito_gw.local.apigateway.context import FunctionCall, Outcome, Response
from cognito_gw.local.awslambda import lambda_store
from cognito_gw.local.awslambda.runtime_api import MAX_PAYLOAD
from cognito_gw.local.errors import AwsFault
from cognito_gw.text import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cognito_gw.local.apigateway.context import Context, Request, Served
    from cognito_gw.local.awslambda.functions import Functions
    from cognito_gw.local.awslambda.runtime_api import Invocation


_NOT_FORWARDED = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    }
)


def proxy_event(context: Context) -> dict[str, Any]:
    """Return the event. A field without values is null, never an empty mapping."""
    request, served = context.request, context.served
    query = parse_qsl(request.query, keep_blank_values=True)
    headers = request.headers if served.is_test else _forwarded(request)
    body, is_base64 = _event_body(request, served)
    return {
        "resource": context.variables["resourcePath"],
        # Recorded on AWS: of "//pets", only requestContext.path has both slashes.
        "path": "/" + request.path.lstrip("/"),
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": multi_values(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": multi_values(query),
        "pathParameters": (context.match and context.match.parameters) or None,
        "stageVariables": served.variables or None,
        "requestContext": context.variables,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def is_binary(media_types: str | None, served: Served) -> bool:
    """Whether the API treats the first of these media types as bytes."""
    media = (media_types or "").partition(",")[0].partition(";")[0].strip()
    ranges = {"*/*", media, f"{media.partition('/')[0]}/*"}
    return not served.binary_types.isdisjoint(ranges)


def _forwarded(request: Request) -> list[tuple[str, str]]:
    """Return the headers that a function receives; the gateway adds some."""
    passed = [
        (name, value)
        for name, value in request.headers
        if name.lower() not in _NOT_FORWARDED
    ]
    hops = [*request.values("X-Forwarded-For"), request.source_ip]
    return [
        *passed,
        ("X-Amzn-Trace-Id", request.trace_id),
        ("X-Forwarded-For", ", ".join(hops)),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def multi_values(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]] | None:
    """Return pairs as a mapping to lists of values; None if there are none."""
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists or None


def _event_body(request: Request, served: Served) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_binary(request.header("Content-Type"), served):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


_STATUSES = range(200, 600)  # those below 200 are interim responses
_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# AWS computes these itself, and renames those that a function returns.
_REMAPPED = {"date", "server", "connection", "content-length", "www-authenticate"}
_DROPPED = "transfer-encoding"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NUMBER = re.compile(r"\d{3}", re.ASCII)
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


class Malformed(Exception):
    """Raised for a payload that API Gateway turns into a 502."""


class NotBase64(Malformed):
    """Raised for a body that is not the base64 that it claims to be: a 500."""


def from_payload(payload: bytes, *, is_binary_api: bool) -> Response:
    """Return the response that a function's payload describes."""
    try:
        answer = json.loads(payload)
    except ValueError:
        raise Malformed("the payload is not JSON") from None
    if not isinstance(answer, dict):
        raise Malformed("the payload is not an object")
    if not answer.keys() <= _FIELDS:
        raise Malformed("the payload has fields that AWS does not know")
    return Response(
        _status(answer.get("statusCode", 200)),
        _response_body(answer, is_binary_api=is_binary_api),
        _headers(answer),
    )


def _status(value: Any) -> int:
    # A number as text is valid; `true`, which Python treats as 1, is not.
    is_whole = isinstance(value, int | str) and not isinstance(value, bool)
    if not is_whole or not _NUMBER.fullmatch(str(value)) or int(value) not in _STATUSES:
        raise Malformed(f"statusCode is {value!r}")
    return int(value)


def _response_body(answer: dict[str, Any], *, is_binary_api: bool) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed("the body is not text")
    if answer.get("isBase64Encoded") is True and is_binary_api:
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            raise NotBase64("the body is not base64") from None
    return _utf8(body, "the body")


def _headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers; one in both mappings is spelled as in multiValueHeaders."""
    names = ("headers", "multiValueHeaders")
    single, multi = ({} if answer.get(n) is None else answer[n] for n in names)
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise Malformed("the headers are not an object")
    if not all(isinstance(values, list) for values in multi.values()):
        raise Malformed("multiValueHeaders has values that are not lists")
    spelling: dict[str, str] = {name.lower(): name for name in multi}
    pairs = [(name, value) for name, values in multi.items() for value in values]
    pairs += [(spelling.get(name.lower(), name), single[name]) for name in single]
    headers = [
        (_sent_name(name), _sent_value(value))
        for name, value in pairs
        if name.lower() != _DROPPED
    ]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return headers


def _sent_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed(f"{name!r} is not a valid header name")
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def _sent_value(value: Any) -> str:
    if not isinstance(value, str | bool | int | float):
        raise Malformed("a header is not text")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _CONTROL.search(text):
        raise Malformed("a header has a control character")
    _utf8(text, "a header")
    return text


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{what} has half a surrogate pair") from None


_OVERRIDE = re.compile(
    r"#if\((?P<tests>[^)]*==[^)]*)\)\s*"
    r"#set\(\$context\.responseOverride\.header\.(?P<name>[\w-]+)\s*=\s*\$origin\)"
)
_ORIGIN = re.compile(r'\$origin\s*==\s*"([^"]*)"')


def is_bytes_to_mock(integration: dict[str, Any], context: Context) -> bool:
    """Whether a mock gets its body, even an empty one, as bytes: it then fails.

    A test in the console succeeds. Sources: aws/chalice#1310; clebert/aws-simple#167,
    with the execution log; CodeGenieApp/serverless-express#58.
    """
    media, served = context.request.header("Content-Type"), context.served
    is_text = integration.get("contentHandling") == "CONVERT_TO_TEXT"
    return not (served.is_test or is_text) and is_binary(media, served)


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


@dataclass(frozen=True)
class FunctionIntegration:
    """Calls the function that a method's integration names."""

    _functions: Functions
    # Returns the statements of the resource policy of a function, by its ARN.
    _policy_of: Callable[[str], list[dict[str, Any]]] = lambda_store.policy_of
    _running: set[asyncio.Task[Invocation]] = field(default_factory=set)

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
            response = responses.respond(responses.CONFIGURATION_ERROR, context)
            failure = f"{_CONFIGURATION}{_NO_PERMISSION}"
            return Outcome(response, _NO_PERMISSION, failure, call)
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


def _failed(context: Context, call: FunctionCall) -> Outcome:
    """Return the outcome of a function that raised an error, or exited."""
    text = (call.payload or b"").decode("utf-8", "replace")
    message = json_object(text).get("errorMessage", text)
    failure = (
        "Lambda execution failed with status 200 due to customer function error: "
        f"{message}. Lambda request id: {context.request.request_id}"
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
