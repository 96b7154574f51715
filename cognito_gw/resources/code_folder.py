"""What of a folder is deployed: plain files of its own, and nothing it only points at.

A link out of the folder would deploy what nobody meant to: a key, say. It is refused,
as is all that a zip for Lambda cannot hold, and never left out without a word.
"""

from __future__ import annotations

import os
import re
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError
from cognito_gw.resources.secret_files import ENOUGH, HISTORIES, is_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_IGNORED = {
    "__pycache__",
    ".ds_store",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".venv",
    "venv",
    *HISTORIES,
}
# What editors keep beside a file; vim makes a 4913 to see whether it can write there.
_OF_EDITORS = re.compile(r"\..*\.sw[a-p]|\.#.*|#.*#|.+~|4913")


def files(folder: Path) -> list[Path]:
    """Return the files to deploy, in the order of their names."""
    root = folder.resolve()
    found = sorted(_paths(root))
    for path in found:
        try:
            why = _refusal(path, root)
        except OSError as error:
            raise unreadable(path, error) from None
        if why:
            hint = "put the file itself there, or move it out of the folder"
            raise UsageError(f"{path} {why}: Lambda takes files", hint=hint)
    return found


def secrets(folder: Path) -> Iterator[Path]:
    """Yield the files that look like secrets, as the folder has them."""
    root = folder.resolve()
    for path in sorted(_paths(root)):
        if _is_secret(path):
            yield path.relative_to(root)


def _is_secret(path: Path) -> bool:
    """Whether a file looks like a secret, by its name or that of what it links to."""
    paths = {path, Path(os.path.realpath(path))} if path.is_symlink() else {path}
    return any(is_secret(each, partial(_beginning, path)) for each in paths)


def _beginning(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would wait for its other end
            return b""
        with path.open("rb") as file:
            return file.read(ENOUGH)
    except OSError as error:
        raise unreadable(path, error) from None


def folders(folder: Path) -> list[Path]:
    """Return the folder and those in it whose files are deployed."""
    return [at for at, _, _ in _walked(folder)]


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name is not deployed."""
    is_compiled = name.endswith(".pyc")
    is_ignored = name.lower() in _IGNORED
    return is_ignored or is_compiled or bool(_OF_EDITORS.fullmatch(name))


def unreadable(path: Path | str, error: OSError) -> UsageError:
    """Return the error that says which file cannot be read, and why."""
    return UsageError(f"{path} cannot be read: {error.strerror}")


def _paths(root: Path) -> Iterator[Path]:
    for folder, inner, names in _walked(root, _stop):
        links = [name for name in inner if (folder / name).is_symlink()]
        for name in [*names, *links]:
            if not is_left_out(name):
                yield folder / name


def _walked(
    root: Path, refused: Callable[[OSError], None] | None = None
) -> Iterator[tuple[Path, list[str], list[str]]]:
    for at, inner, names in os.walk(root, onerror=refused):
        inner[:] = [name for name in inner if not is_left_out(name)]
        yield Path(at), inner, names


def _stop(error: OSError) -> None:
    raise unreadable(error.filename, error)


def _refusal(path: Path, root: Path) -> str | None:
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(root):
        return f"is a link out of {root}"
    if real.is_dir():
        return "is a link to a folder"
    if not stat.S_ISREG(real.stat().st_mode):
        return "is neither a file nor a folder"
    name = str(path)
    is_text = name.encode("utf-8", "replace").decode("utf-8") == name
    return None if is_text else "has a name that is not UTF-8"
