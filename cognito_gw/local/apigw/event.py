"""The event of a Lambda proxy integration, as API Gateway makes it."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.local.snapshot import Snapshot
    from cognito_gw.routing import Match

_DATES = ("exp", "iat")
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "expect", "te", "transfer-encoding", "upgrade"}
)
_NO_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)
_TEST_IDENTITY = {
    "apiKey": "test-invoke-api-key",
    "apiKeyId": "test-invoke-api-key-id",
    "sourceIp": "test-invoke-source-ip",
}


@dataclass(frozen=True)
class Incoming:
    """A request to a stage; `path` is without the stage, as it was sent."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    request_id: str
    extended_request_id: str
    trace_id: str

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[-1] if found else None


@dataclass(frozen=True)
class Served:
    """The API that answers: a stage, or (with no deployment) the draft in a test."""

    snapshot: Snapshot
    stage: str
    deployment_id: str | None
    variables: dict[str, str]


def proxy_event(
    request: Incoming, served: Served, match: Match, claims: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the event; what there is none of is null, never an empty mapping."""
    query = parse_qsl(request.query, keep_blank_values=True)
    headers = [*_end_to_end(request.headers), *_forwarded(request)]
    body, is_base64 = _body(request, served.snapshot)
    return {
        "resource": match.resource["path"],
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": _multi(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _multi(query),
        "pathParameters": match.parameters or None,
        "stageVariables": served.variables or None,
        "requestContext": _context(request, served, match, claims),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def spelled_claims(claims: dict[str, Any]) -> dict[str, str]:
    """Return claims as the authorizer hands them on: every value is text."""
    return {
        name: _date(value) if name in _DATES else _spelled(value)
        for name, value in claims.items()
    }


def _context(
    request: Incoming, served: Served, match: Match, claims: dict[str, Any] | None
) -> dict[str, Any]:
    snapshot, now = served.snapshot, time.time()
    host = f"{snapshot.api_id}.execute-api.{snapshot.region}.amazonaws.com"
    identity: dict[str, Any] = dict.fromkeys(_NO_IDENTITY)
    identity |= {
        "sourceIp": request.source_ip,
        "userAgent": request.header("User-Agent"),
    }
    is_test = served.deployment_id is None
    if is_test:
        identity |= _TEST_IDENTITY
    context = {
        "accountId": snapshot.account,
        "apiId": snapshot.api_id,
        "deploymentId": served.deployment_id,
        "domainName": host,
        "domainPrefix": "testPrefix" if is_test else snapshot.api_id,
        "extendedRequestId": request.extended_request_id,
        "httpMethod": request.method,
        "identity": identity,
        "path": f"/{served.stage}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": match.resource["id"],
        "resourcePath": match.resource["path"],
        "stage": served.stage,
    }
    if claims is not None:
        context["authorizer"] = {"claims": spelled_claims(claims)}
    return context


def _end_to_end(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [each for each in headers if each[0].lower() not in _OF_THE_CONNECTION]


def _forwarded(request: Incoming) -> list[tuple[str, str]]:
    return [
        ("X-Amzn-Trace-Id", request.trace_id),
        ("X-Forwarded-For", request.source_ip),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _multi(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]] | None:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists or None


def _body(request: Incoming, snapshot: Snapshot) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_binary(request.header("Content-Type"), snapshot):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


def is_binary(content_type: str | None, snapshot: Snapshot) -> bool:
    """Whether the API takes this media type for bytes."""
    media = (content_type or "").partition(";")[0].strip()
    wanted = {"*/*", media, f"{media.partition('/')[0]}/*"}
    return bool(wanted & set(snapshot.rest_api.get("binaryMediaTypes") or []))


def _date(value: Any) -> str:
    # As Java's Date.toString() has it.
    if not isinstance(value, int | float):
        return _spelled(value)
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(_spelled(item) for item in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)
