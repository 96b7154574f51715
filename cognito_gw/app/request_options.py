"""What the user gives for a request: method, path, headers, body, and a token."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from cognito_gw.errors import UsageError
from cognito_gw.oauth.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping


_AROUND = " \t\r\n\"'`<>,;\u2018\u2019\u201c\u201d\u200b\ufeff"
_HEADER = re.compile(
    r"^(authorization|token)[\"']*\s*[:=]\s*[\"']*|^bearer(\s+|$)", re.IGNORECASE
)
_LABELED = re.compile(
    r"(?P<kind>id|access)_?token[\"']*\s*[:=]\s*[\"']*(?P<token>[\w.~%-]+)",
    re.IGNORECASE,
)
_JWT = re.compile(r"\beyJ[\w-]*(?:\.[\w-]*)+")
_HOLDER = re.compile(r"[a-z][a-z0-9+.-]*://|[#?{]", re.IGNORECASE)
_ANSWER = re.compile(r"\b(?P<name>code|error)[\"']*\s*[:=]\s*[\"']*(?P<value>[\w-]*)")


@dataclass(frozen=True)
class RequestOptions:
    """Method, path, headers, query and body."""

    verb: str
    path: str  # as given, may contain a query
    headers: list[tuple[str, str]]
    query: list[tuple[str, str]]
    body: bytes | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> RequestOptions:
        """Read `verb`, `path`, `headers`, `queries` and `data` of a command line.

        With a body the method is POST unless another one is given. Raises UsageError.
        """
        data, body = options["data"], given_body(options["data"])
        headers = [pair(header, ":", "-H") for header in options["headers"]]
        if body and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", _media_type(body)))
        return cls(
            (options["verb"] or ("POST" if data is not None else "GET")).upper(),
            _rooted(options["path"]),
            headers,
            [pair(query, "=", "-q") for query in options["queries"]],
            body,
        )

    def at(self, path: str) -> RequestOptions:
        """Return the same request for another path."""
        return replace(self, path=_rooted(path))

    @property
    def whole_path(self) -> str:
        """The path with its query and that of `-q`, as in a URL."""
        if not self.query:
            return self.path
        mark = "&" if "?" in self.path else "?"
        return f"{self.path}{mark}{urlencode(self.query)}"

    @property
    def route(self) -> tuple[str, str]:
        """The method and the path without a query, by which the API routes it."""
        return self.verb, urlsplit(self.path).path


def _rooted(path: str) -> str:
    return "/" + path.lstrip("/")


def _media_type(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "text/plain; charset=utf-8"
    return "application/json"


def pair(text: str, separator: str, option: str) -> tuple[str, str]:
    """Split an option's value into a name and a value; raise UsageError."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        # The text after the name may be a secret.
        shown = text.strip().partition(" ")[0] if separator == ":" else text
        shown = without_tokens(shown)[:40]
        raise UsageError(f"{option} takes a name, `{separator}` and a value: `{shown}`")
    return name.strip(), value.strip() if separator == ":" else value


def given_body(data: str | None) -> bytes | None:
    """Return the body that `data` gives: the text itself, @FILE, or - for stdin."""
    if data == "-":
        return sys.stdin.buffer.read()
    if data is not None and data.startswith("@"):
        return _read(data[1:])
    return None if data is None else data.encode()


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def given_token(choice: str, kind: str = "id") -> str:
    """Return the token that `choice` gives: itself, @FILE, or - for stdin.

    The text may also be a callback address or a token endpoint's JSON; then `kind`
    selects the token. Removes spaces, quotes, `Bearer ` and line breaks around it.
    Raises UsageError, without any secret, if there is no token.
    """
    text = choice.strip()
    if text == "-":
        text = sys.stdin.buffer.read().decode(errors="replace")
    elif text.startswith("@"):
        text = _read(text[1:]).decode(errors="replace")
    labeled = {
        found["kind"].lower(): found["token"] for found in _LABELED.finditer(text)
    }
    if labeled:
        return next(labeled[use] for use in (kind, "id", "access") if use in labeled)
    token = re.sub(r"\s*[\r\n]+\s*", "", text.strip(_AROUND))
    while found := _HEADER.match(token):
        token = token[found.end() :].strip(_AROUND)
    several = _JWT.findall(text)
    if len(several) > 1:
        return _of_kind(several, kind)
    if not token:
        raise UsageError("the given ID or access token is empty")
    if _HOLDER.match(token):
        raise _without_token(token)
    return token


def _of_kind(tokens: list[str], kind: str) -> str:
    """Return the token whose `token_use` is the kind."""
    uses = {claims_of(token).get("token_use"): token for token in tokens}
    if kind not in uses:
        raise UsageError(
            f"{len(tokens)} tokens were given, but no {kind} token",
            hint="give one token",
        )
    return uses[kind]


def _without_token(holder: str) -> UsageError:
    """Return the error for text without a token; it repeats none of its values."""
    found = {match["name"]: match["value"] for match in _ANSWER.finditer(holder)}
    if "error" in found:
        return UsageError(
            f"the text has no token, but an error: {found['error'][:60]}",
            hint="run `cgw explain --error TEXT` with the whole text",
        )
    if "code" in found:
        return UsageError(
            "the text has no token, but an authorization code",
            hint="`cgw token --flow browser` exchanges codes for tokens",
        )
    return UsageError(
        "the text has no id_token and no access_token",
        hint="copy the whole address, including the part after `#`",
    )


def without_tokens(text: str) -> str:
    """Return text with tokens removed, so that it can be shown."""
    return _JWT.sub("eyJ…", text)
