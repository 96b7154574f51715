"""What a function may answer through a Lambda proxy integration."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

_STATUSES = range(200, 600)  # what is below announces an answer, and is none
_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# AWS computes these itself; a function's own are handed on under another name.
_REMAPPED = {"date", "server", "connection", "content-length", "www-authenticate"}
_DROPPED = "transfer-encoding"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NUMBER = re.compile(r"\d{3}", re.ASCII)
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


class Malformed(Exception):
    """Raised for an answer that API Gateway turns into a 502."""


class NotBase64(Malformed):
    """Raised for a body that is none of the bytes it claims to be: a 500."""


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
    if not answer.keys() <= _FIELDS:
        raise Malformed("the answer is not of the proxy integration's form")
    return Outgoing(
        _status(answer.get("statusCode", 200)),
        _body(answer, is_binary_api=is_binary_api),
        _headers(answer),
    )


def _status(value: Any) -> int:
    # Text that is a number will do; true, which Python takes for 1, will not.
    is_whole = isinstance(value, int | str) and not isinstance(value, bool)
    if not is_whole or not _NUMBER.fullmatch(str(value)) or int(value) not in _STATUSES:
        raise Malformed(f"statusCode is {value!r}")
    return int(value)


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
            raise NotBase64("the body is not base64") from None
    return _utf8(body, "the body")


def _headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers; one in both mappings is spelled as the many values are."""
    given = (answer.get("headers"), answer.get("multiValueHeaders"))
    single, multi = ({} if each is None else each for each in given)
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise Malformed("the headers are not an object")
    if not all(isinstance(values, list) for values in multi.values()):
        raise Malformed("multiValueHeaders are not lists")
    spelling: dict[str, str] = {name.lower(): name for name in multi}
    many = [(name, value) for name, values in multi.items() for value in values]
    once = [(spelling.get(name.lower(), name), value) for name, value in single.items()]
    headers = [
        (_sent_name(name), _spelled(value))
        for name, value in [*many, *once]
        if name.lower() != _DROPPED
    ]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return headers


def _sent_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed(f"{name!r} is no name of a header")
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def _spelled(value: Any) -> str:
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
