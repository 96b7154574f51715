"""What `cgw up --watch` watches, and what is saved of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchfiles import Change

    from cognito_gw.resources.code_folder import CodeFolder

    Saves = Iterator[set[Path]]  # each time, what was saved
_STEP = 25  # milliseconds without a change, after which a save is complete


@dataclass(frozen=True)
class Watched:
    """The file that describes the stack, and the code of its functions."""

    file: Path
    codes: frozenset[CodeFolder] = frozenset()

    @property
    def code_paths(self) -> set[Path]:
        """Where the code is: folders and .zip files."""
        return {each.path for each in self.codes}

    @property
    def places(self) -> set[Path]:
        """All of them; the file also where a link leads to it."""
        return {self.file.absolute(), self.file.resolve(), *self.code_paths}

    def folders(self) -> set[Path]:
        """Return the folders to watch, each without those in it.

        A save often replaces a file, and a build a folder: only the folder above sees
        it, or the next one above that is there.
        """
        above = [each.parents for each in self.places]
        found = {next(one for one in each if one.is_dir()) for each in above}
        found = found.union(*(code.folders() for code in self.codes))
        return {each for each in found if os.access(each, os.R_OK)}

    def has(self, path: Path) -> bool:
        """Whether a change there may change what is live."""
        above = {folder for each in self.places for folder in each.parents}
        return path in above | self.places or any(
            code.deploys(path) for code in self.codes
        )


def require_watchfiles() -> None:
    """Raise the advice to install what hears of saves, if it is not there."""
    if find_spec("watchfiles") is None:
        raise CgwError(
            "`--watch` needs watchfiles, not installed",
            hint="pip install 'cognito-gw[watch]'",
        )


def saves(folders: set[Path], has: Callable[[Path], bool]) -> Saves:
    """Return the saves in these folders from now on: each time, what was saved."""
    try:
        return _saves(folders, has)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError):  # this user has no watches left, say
        return _saves(folders, has, force_polling=True)


def _saves(
    folders: set[Path],
    has: Callable[[Path], bool],
    *,
    force_polling: bool | None = None,
) -> Saves:
    from watchfiles import Change, watch

    def is_save(change: Change, name: str) -> bool:
        path = Path(name)
        # A folder is modified by what happens in it, which is told by itself.
        is_echo = change is Change.modified and path.is_dir()
        return not is_echo and has(path)

    changes = watch(
        *folders,
        watch_filter=is_save,
        step=_STEP,
        rust_timeout=_STEP,
        yield_on_timeout=True,
        force_polling=force_polling,
        recursive=False,
    )
    next(changes)  # returns once it watches; what is saved before is read after it
    return filter(None, map(_lasting, changes))


def _lasting(changes: set[tuple[Change, str]]) -> set[Path]:
    """Return what was changed, without what was there only for the time of a save."""
    from watchfiles import Change

    made = {name for change, name in changes if change is Change.added}
    names = {name for _, name in changes}
    return {Path(each) for each in names if each not in made or Path(each).exists()}
