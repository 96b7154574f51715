"""Private files of the user: cached tokens, locks, and the state of the local AWS."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

# Do not follow a link, which may lead to a foreign file, and do not block on a pipe.
_AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def state_directory() -> Path:
    """Return the user's state directory; create it with mode 0700."""
    from platformdirs import user_state_path

    path = user_state_path("cognito-gw")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def private(folder: Path) -> Path:
    """Create a folder and its parent with mode 0700."""
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    return folder


def open_private(file: Path) -> BinaryIO:
    """Open a regular file that only this user can read and write, or raise OSError."""
    handle = os.open(file, os.O_RDONLY | _AS_IT_IS)
    if not _is_private(os.fstat(handle)):
        os.close(handle)
        raise PermissionError(0, "other users can access this file", str(file))
    return os.fdopen(handle, "rb")


def create_private(file: Path, mode: int = 0o600) -> int:
    """Create a file with its mode, replacing any other; return its descriptor."""
    file.unlink(missing_ok=True)
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, mode)


def replace_private(
    file: Path, content: bytes, *, is_synced: bool = False, mode: int = 0o600
) -> None:
    """Write a file with a mode, atomically: on an error the old content stays.

    Readers never see part of it. With `is_synced` it also survives a power failure.
    """
    draft = file.with_name(f".{file.name}.{os.urandom(4).hex()}")
    try:
        with os.fdopen(create_private(draft, mode), "wb") as opened:
            opened.write(content)
            opened.flush()
            if is_synced:
                os.fsync(opened.fileno())
        draft.replace(file)
    except OSError as error:  # a full disk, for example, names no file
        raise OSError(error.errno, error.strerror, str(file)) from None
    finally:
        draft.unlink(missing_ok=True)


def _is_private(found: os.stat_result) -> bool:
    """Whether only this user can access the file; Windows does not report the owner."""
    is_plain = stat.S_ISREG(found.st_mode)
    if not hasattr(os, "geteuid"):
        return is_plain
    return is_plain and found.st_uid == os.geteuid() and not found.st_mode & 0o077


@contextmanager
def alone(file: Path, tell: Callable[[], None]) -> Iterator[None]:
    """Hold the lock `file`, which one process can hold; call `tell` before waiting."""
    from filelock import FileLock, Timeout

    lock = FileLock(private(file.parent) / file.name, mode=0o600)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        tell()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
