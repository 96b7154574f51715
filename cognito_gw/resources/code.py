"""A function's code as a reproducible zip."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.errors import UsageError
from cognito_gw.resources.code_folder import (
    ENOUGH,
    IGNORE_FILE,
    CodeFolder,
    is_secret,
    refuse,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path, PurePath

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
_NO_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def zipped(code: Path | None, include: Sequence[str] = ()) -> bytes:
    """Return the zip of a folder, a given .zip as it is, or the default code."""
    if code is None:
        return _zip([("lambda_function.py", HELLO.encode(), False)])
    try:
        folder = CodeFolder(code, tuple(include))
        return _of_folder(folder) if code.is_dir() else code.read_bytes()
    except OSError as error:
        raise unreadable(error.filename or code, error) from None


def refuse_secrets(code: Path | None, include: Sequence[str]) -> None:
    """Raise for files of the code that look like secrets, unless `include` names them.

    What is only read of a stack does not ask for this.
    """
    if code is None:
        return
    try:
        folder = CodeFolder(code, tuple(include))
        found = folder.secrets() if code.is_dir() else _secrets_in(code)
        refuse(code, found, include)
    except OSError as error:
        raise unreadable(error.filename or code, error) from None


def sha256(content: bytes) -> str:
    """Return the hash in Lambda's spelling: CodeSha256."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _of_folder(folder: CodeFolder) -> bytes:
    found = folder.files()
    size = sum(path.stat().st_size for path in found)
    _bound(folder.path, unzipped=size)  # before reading it
    content = b"" if size > aws_rules.ZIPPED else _zip(_entries(folder.root, found))
    if not content or len(content) > aws_rules.ZIPPED:
        content = _zip(_entries(folder.root, found), zipfile.ZIP_DEFLATED)
    _bound(folder.path, len(content))
    return content


def _entries(root: Path, found: list[Path]) -> Iterator[tuple[str, bytes, bool]]:
    for path in found:
        is_executable = bool(path.stat().st_mode & 0o100)
        yield path.relative_to(root).as_posix(), path.read_bytes(), is_executable


def _secrets_in(file: Path) -> Iterator[PurePath]:
    with suppress(*_NO_ZIP), zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            is_file = bool(path.name) and not entry.is_dir()
            if is_file and is_secret(path, partial(_beginning, archive, entry)):
                yield path


def _beginning(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read(ENOUGH)
    except Exception:  # noqa: BLE001 - damaged and encrypted zips raise many types
        return b""


def _zip(
    entries: Iterable[tuple[str, bytes, bool]], method: int = zipfile.ZIP_STORED
) -> bytes:
    """Return a zip, by default uncompressed: zlib's output, and so the hash, varies."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content, is_executable in entries:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix on every system, for the same bytes
            entry.external_attr = (0o100755 if is_executable else 0o100644) << 16
            archive.writestr(entry, content, method)
    return target.getvalue()


def _bound(code: Path, zipped: int = 0, unzipped: int = 0) -> None:
    if fault := aws_rules.size_fault(zipped, unzipped):
        raise UsageError(
            f"{code}: {fault}",
            hint=f"list what the function does not need in {code / IGNORE_FILE}",
        )
