"""Where functions live on this machine: their code, their homes, and their /tmp."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from functools import cached_property
from pathlib import Path

from cognito_gw.local.runtime.packages import link_packages

_PREFIX = "cgw-functions-"


class Place:
    """Where one revision of a function lives, until its last worker has ended."""

    def __init__(self, parent: str, code: bytes) -> None:
        """Unpack the code, read-only as on Lambda, and make an empty home."""
        self._folder = _temporary("function-", parent)
        self.code = Path(self._folder.name, "code")
        self.home = Path(self._folder.name, "home")
        try:
            _unpack(code, self.code)
        except BaseException:
            self.remove()
            raise
        self.home.mkdir(mode=0o500)

    def tmp(self) -> tempfile.TemporaryDirectory[str]:
        """Make a folder for what one worker writes."""
        return _temporary("tmp-", self._folder.name)

    def remove(self) -> None:
        """Remove all of it."""
        self._folder.cleanup()


class Places:
    """Where the functions of one local AWS live; made when it is first needed."""

    def __init__(self, parent: Path | None) -> None:
        """Keep them in `parent`, which is ours alone, or where temporary files go."""
        self._parent = parent

    def make(self, code: bytes) -> Place:
        """Make the place of a new revision of a function."""
        return Place(self._folder.name, code)

    def remove(self) -> None:
        """Remove all of it."""
        if "_folder" in vars(self):
            self._folder.cleanup()

    @cached_property
    def packages(self) -> Path:
        """What Python functions may import besides their code."""
        return link_packages(Path(self._folder.name, "python"))

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        if self._parent is not None:
            _remove_leftovers(self._parent)
        return _temporary(_PREFIX, self._parent)


def _temporary(
    prefix: str, parent: str | Path | None
) -> tempfile.TemporaryDirectory[str]:
    # A process that has left its function's process group may still write there.
    return tempfile.TemporaryDirectory(
        prefix=prefix, dir=parent, ignore_cleanup_errors=True
    )


def _remove_leftovers(parent: Path) -> None:
    """Remove what a server that was killed has left."""
    for folder in parent.glob(f"{_PREFIX}*"):
        for path, _, _ in os.walk(folder):
            Path(path).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(code: bytes, folder: Path) -> None:
    folder.mkdir()
    modes = {folder: 0o500}
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for entry in archive.infolist():  # extract() keeps every path inside
            path = Path(archive.extract(entry, folder))
            modes |= dict.fromkeys(path.parents[: -len(folder.parents)], 0o500)
            modes[path] = (entry.external_attr >> 16) & 0o555 | 0o400
    for path, mode in modes.items():
        path.chmod(mode | 0o100 if path.is_dir() else mode)
