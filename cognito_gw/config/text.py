"""The text of the file: whatever kind of file it is, there is an end to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1 << 20  # bytes; thousands of routes and users stay below it
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def read_text(file: Path) -> str:
    """Read a file of UTF-8, or what is written into a pipe."""
    try:
        content = _read(file)
        if len(content) > LIMIT:
            raise UsageError(
                f"{file} is larger than {LIMIT >> 20} MiB",
                hint="is it the file that you meant? some KiB describe a whole stack",
            )
        return content.decode("utf-8")
    except FileNotFoundError:
        beside = other_suffix(file)
        raise UsageError(
            f"there is no file {file}" + (f", but {beside}" if beside else ""),
            hint=f"rename it to {file}, or name it: `-c {beside}`"
            if beside
            else "`cgw init` writes one; `-c FILE` names another",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file} cannot be read: {why}") from None


def other_suffix(file: Path) -> Path | None:
    """Return the file of the same name with YAML's other suffix, if it is there."""
    suffix = {".yaml": ".yml", ".yml": ".yaml"}.get(file.suffix)
    other = file.with_suffix(suffix) if suffix else file
    return other if other != file and other.exists() else None


def _read(file: Path) -> bytes:
    """Read no more than tells that it is too much: a device may have no end."""
    # A named pipe that nobody writes to is empty, and not something to wait for.
    handle = os.open(file, os.O_RDONLY | _NO_WAITING)
    with os.fdopen(handle, "rb") as opened:
        if _NO_WAITING:
            os.set_blocking(handle, True)
        return opened.read(LIMIT + 1)
