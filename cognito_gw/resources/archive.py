"""Zips of files: the same bytes on every machine."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.state import replace_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Entry = tuple[str, bytes, bool]  # its name, its content, whether it is executable

_EPOCH = (1980, 1, 1, 0, 0, 0)


def sha256(content: bytes) -> str:
    """Return the hash in Lambda's spelling: CodeSha256."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def methods(size: int) -> list[int]:
    """Return the zip methods to try for files of this many bytes in all.

    First uncompressed, if that may be small enough: the output of zlib, and so the
    hash, varies.
    """
    stored = [zipfile.ZIP_STORED] if size <= aws_rules.ZIPPED else []
    return [*stored, zipfile.ZIP_DEFLATED]


def make(
    entries: Iterable[Entry], method: int = zipfile.ZIP_STORED, base: bytes = b""
) -> bytes:
    """Return a zip of entries, after those of the zip `base`."""
    target = io.BytesIO(base)
    with zipfile.ZipFile(target, "a", method) as archive:
        for name, content, is_executable in entries:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix on every system, for the same bytes
            entry.external_attr = (0o100755 if is_executable else 0o100644) << 16
            archive.writestr(entry, content, method)
    return target.getvalue()


def entries(root: Path, found: Iterable[Path]) -> Iterator[Entry]:
    """Yield files below `root` as entries of a zip."""
    for path in found:
        is_executable = bool(path.stat().st_mode & 0o100)
        yield path.relative_to(root).as_posix(), path.read_bytes(), is_executable


def files_in(packages: Path) -> dict[str, Path]:
    """Return the files of a build of packages by their names in the zip, sorted."""
    root = packages / "files"
    found = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
    return {path.relative_to(root).as_posix(): path for path in sorted(found)}


def kept(packages: Path, method: int) -> bytes:
    """Return the zip of a build of packages, kept beside it: to compress is slow."""
    file = packages / f"{method}.zip"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        found = files_in(packages).values()
        content = make(entries(packages / "files", found), method)
        replace_private(file, content)
        return content
