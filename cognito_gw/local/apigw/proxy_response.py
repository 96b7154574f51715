"""What a function may answer through a Lambda proxy integration."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

_STATUSES = range(100, 600)


class Malformed(Exception):
    """Raised for an answer that API Gateway turns into a 502."""


@dataclass(frozen=True)
class Outgoing:
    """An answer to the caller."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


def from_payload(payload: bytes, *, is_binary_api: bool) -> Outgoing:
    """Return the answer that a function's payload stands for."""
    try:
        answer = json.loads(payload)
    except ValueError:
        raise Malformed("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise Malformed("the answer is not an object")
    known = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
    if not answer.keys() <= known or not answer:
        raise Malformed("the answer is not of the proxy integration's form")
    return Outgoing(
        _status(answer.get("statusCode", 200)),
        _body(answer, is_binary_api=is_binary_api),
        _headers(answer),
    )


def _status(value: Any) -> int:
    # Text that is a number will do; true, which Python takes for 1, will not.
    try:
        status = -1 if isinstance(value, bool | float) else int(value)
    except (TypeError, ValueError):
        status = -1
    if status not in _STATUSES:
        raise Malformed(f"statusCode is {value!r}")
    return status


def _body(answer: dict[str, Any], *, is_binary_api: bool) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed("the body is not text")
    if answer.get("isBase64Encoded") is True and is_binary_api:
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            raise Malformed("the body is not base64") from None
    try:
        return body.encode()
    except UnicodeEncodeError:
        raise Malformed("the body has half a surrogate pair") from None


def _headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers: of one in both mappings, the many values and then the one."""
    single = answer.get("headers") or {}
    multi = answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise Malformed("the headers are not an object")
    if not all(isinstance(values, list) for values in multi.values()):
        raise Malformed("multiValueHeaders are not lists")
    spelling = {name.lower(): name for name in single}
    pairs = [
        (spelling.get(name.lower(), name), value)
        for name, values in multi.items()
        for value in values
    ]
    pairs += single.items()
    headers = [(_one_line(name), _one_line(value)) for name, value in pairs]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return headers


def _one_line(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if set(text) & set("\r\n\0"):
        raise Malformed("a header has a line break")
    return text
