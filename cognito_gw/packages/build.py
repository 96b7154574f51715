"""Builds of packages in the user's cache directory, each made once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import CgwError
from cognito_gw.packages.install import install
from cognito_gw.packages.lock import find
from cognito_gw.packages.target import Target
from cognito_gw.state import alone, private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cognito_gw.packages.lock import Lock

_FORMAT = 1  # of a build: a change makes all of them again
_KEPT = 30 * 86400  # seconds for which an unused build is kept
_DRAFT = ".draft-"


def cache_folder() -> Path:
    """Return the folder of all builds; create it for this user alone."""
    from platformdirs import user_cache_path

    folder = user_cache_path("cognito-gw")
    folder.parent.mkdir(parents=True, exist_ok=True)
    return private(folder / "packages")


def silent(_: str) -> None:
    """Report nothing."""


def build(lock: Lock, target: Target, tell: Callable[[str], None] = silent) -> Path:
    """Return the folder with the files of the packages, built if they are new.

    It appears at once or not at all, whatever interrupts the build. Raises CgwError.
    """
    try:
        place = cache_folder() / _key(lock, target)
        if _is_used(place):
            return place
        waits = f"another cgw process is building the packages of {lock.file}; waiting"
        with alone(place.with_suffix(".lock"), lambda: tell(waits)):
            if not _is_used(place):
                tell(f"building the packages of {lock.file} for {target.name}")
                _prune(place.parent)
                _make(lock, target, place, tell)
    except OSError as error:
        where = error.filename or "the cache directory"
        what = f"cannot build the packages of {lock.file}: {where}: {error.strerror}"
        raise CgwError(what, hint="set XDG_CACHE_HOME to another directory") from None
    return place


def build_here(
    folder: Path,
    target: Target,
    is_ignored: Callable[[str], bool] = lambda _: False,
    tell: Callable[[str], None] = silent,
) -> Path | None:
    """Return the files of a code folder's packages for this machine.

    None if the folder lists none, or if those for the target also run here.
    """
    if target.is_like_here:
        return None
    here = Target.here(is_python=bool(target.version))
    lock = find(folder, here, is_ignored)
    if lock is None or not lock.is_native:
        return None
    return build(lock, here, tell) / "files"


def _key(lock: Lock, target: Target) -> str:
    where = [target.name, target.version, target.machine, target.glibc, target.is_here]
    what = [_FORMAT, lock.tool, sorted(lock.files.items()), lock.is_complete, *where]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def _is_used(place: Path) -> bool:
    """Whether a build exists; if so, note that it is used."""
    try:
        os.utime(place)
    except FileNotFoundError:
        return False
    return (place / "files").is_dir()


def _make(lock: Lock, target: Target, place: Path, tell: Callable[[str], None]) -> None:
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=place.parent))
    try:
        install(lock, target, draft, tell)
        shutil.rmtree(place, ignore_errors=True)  # one that someone damaged
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _prune(folder: Path) -> None:
    """Remove the builds that were not used for long, and drafts of killed processes."""
    for path in _outdated(folder):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _outdated(folder: Path) -> Iterator[Path]:
    now = time.time()
    for path in folder.iterdir():
        kept = 86400 if path.name.startswith(_DRAFT) else _KEPT
        with suppress(OSError):
            if path.stat().st_mtime < now - kept:
                yield path
