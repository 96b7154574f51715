"""What arguments name: texts, files, stdin, pairs."""

from __future__ import annotations

import sys
from pathlib import Path

from cognito_gw.errors import UsageError


def given_token(choice: str) -> str:
    """Return a token that is given as itself, as @FILE, or as - for stdin."""
    if choice == "-":
        return sys.stdin.buffer.read().decode(errors="replace").strip()
    if choice.startswith("@"):
        return read_bytes(choice[1:]).decode(errors="replace").strip()
    return choice


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
