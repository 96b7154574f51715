"""What arguments name: texts, files, stdin, pairs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cognito_gw.errors import UsageError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|[#?]|(id|access)_token=", re.IGNORECASE)
_HEADER = re.compile(r"^(Authorization:\s*)?(Bearer\s+)?", re.IGNORECASE)


def given_token(choice: str, kind: str = "id") -> str:
    """Return a token that is given as itself, as @FILE, or as - for stdin.

    It may also be the address to which the sign-in page came back: `kind` says which of
    its tokens is meant. Blanks, quotes and `Bearer ` around it go.
    """
    text = choice.strip()
    if text == "-":
        text = sys.stdin.buffer.read().decode(errors="replace")
    elif text.startswith("@"):
        text = read_bytes(text[1:]).decode(errors="replace")
    text = _HEADER.sub("", text.strip().strip("\"'"))
    return _in_address(text, kind) if _ADDRESS.match(text) else text


def _in_address(address: str, kind: str) -> str:
    """Return the token in an address, whose values no message may repeat."""
    try:
        parts = urlsplit(address)
    except ValueError:
        raise UsageError("--token was given an address that is not valid") from None
    named = dict(parse_qsl(parts.query)) | dict(parse_qsl(parts.fragment))
    if not parts.scheme and "?" not in address and "#" not in address:
        named = dict(parse_qsl(address))
    for name in (f"{kind}_token", "id_token", "access_token"):
        if name in named:
            return named[name]
    if "code" in named:
        raise UsageError(
            "the address has an authorization code, and no token",
            hint="`cgw token --flow browser` exchanges codes for tokens",
        )
    if "error" in named:
        raise UsageError(
            f"the address has no token, but an error: {named['error'][:60]}",
            hint="`cgw explain --error` with this address says why",
        )
    raise UsageError(
        "the address has no token: neither id_token nor access_token",
        hint="copy the whole address, with what follows the `#`",
    )


def given_body(data: str | None) -> bytes | None:
    """Return a body that is given as itself, as @FILE, or as - for stdin."""
    if data == "-":
        return sys.stdin.buffer.read()
    if data is not None and data.startswith("@"):
        return read_bytes(data[1:])
    return None if data is None else data.encode()


def read_bytes(file: str) -> bytes:
    """Return what is in a file that the user names."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def pair(text: str, separator: str, option: str) -> tuple[str, str]:
    """Split what an option gives into a name and a value."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise UsageError(f"{option} takes a name, `{separator}` and a value: `{text}`")
    return name.strip(), value.strip() if separator == ":" else value
