"""What of a folder is deployed: plain files of its own, and nothing it only points at.

A link out of the folder would deploy what nobody meant to: a key, say. It is refused,
as is all that a zip for Lambda cannot hold, and never left out without a word.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_IGNORED = {"__pycache__", ".DS_Store", ".git", ".venv", "venv"}
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


def folders(folder: Path) -> list[Path]:
    """Return the folder and those in it whose files are deployed."""
    return [at for at, _, _ in _walked(folder)]


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name is not deployed."""
    is_compiled = name.endswith(".pyc")
    return name in _IGNORED or is_compiled or bool(_OF_EDITORS.fullmatch(name))


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
