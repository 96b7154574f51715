"""A function's code as a zip that is the same bytes wherever it is made."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What the Lambda console puts into a new Python function.
HELLO = """\
import json

def lambda_handler(event, context):
    # TODO implement
    return {
        'statusCode': 200,
        'body': json.dumps('Hello from Lambda!')
    }
"""
_LIMIT = 50 * 1024 * 1024  # bytes that CreateFunction takes as a direct upload
_IGNORED = {"__pycache__", ".DS_Store", ".git", ".venv", "venv"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def zipped(code: Path | None) -> bytes:
    """Return the zip of a folder, a given .zip as it is, or the default code."""
    if code is None:
        return _zip([("lambda_function.py", HELLO.encode(), False)])
    if code.is_file():
        return _bounded(code.read_bytes(), code)
    return _bounded(_zip(_files(code)), code)


def sha256(content: bytes) -> str:
    """Return the hash in Lambda's spelling: CodeSha256."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _files(folder: Path) -> Iterator[tuple[str, bytes, bool]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not _IGNORED & set(name.parts) and path.suffix != ".pyc":
            yield name.as_posix(), path.read_bytes(), bool(path.stat().st_mode & 0o100)


def _zip(
    files: list[tuple[str, bytes, bool]] | Iterator[tuple[str, bytes, bool]],
) -> bytes:
    target = io.BytesIO()
    # Stored, not deflated: builds of zlib differ, and with them the hash.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content, is_executable in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, on whatever system this runs
            entry.external_attr = (0o100755 if is_executable else 0o100644) << 16
            archive.writestr(entry, content)
    return target.getvalue()


def _bounded(content: bytes, code: Path) -> bytes:
    if len(content) > _LIMIT:
        raise UsageError(
            f"{code}: {len(content) / 2**20:.0f} MiB zipped; Lambda takes 50 MiB",
            hint="leave out what the function does not need",
        )
    return content
