"""Applies each saved change of the file or of functions' code."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.app.deploy import apply, warn
from cognito_gw.app.walks import failure_code, is_news, known_error
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.resources.code import code_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from watchfiles import Change

    from cognito_gw.app.context import Context
    from cognito_gw.app.deploy import Approve
    from cognito_gw.app.walks import Report
    from cognito_gw.config.model import FunctionConfig
    from cognito_gw.engine.resource import Resource, Step
    from cognito_gw.resources.code import CodeFolder
    from cognito_gw.resources.function import Function

    Saves = Iterator[set[Path]]  # for each save, its paths
    Begin = Callable[[set[Path], Callable[[Path], bool]], Saves]


_STEP = 25  # a save is complete after so many milliseconds without a change


@dataclass(frozen=True)
class Watched:
    """The file that describes the stack, and the code of its functions."""

    file: Path
    codes: frozenset[CodeFolder] = frozenset()

    @property
    def code_paths(self) -> set[Path]:
        """Where the code is: folders and .zip files."""
        return {code.path for code in self.codes}

    @property
    def places(self) -> set[Path]:
        """All of them; a file that is a link counts in both places."""
        return {self.file.absolute(), self.file.resolve(), *self.code_paths}

    def folders(self) -> set[Path]:
        """Return the folders to watch, without their subfolders.

        A save often replaces a file, and a build a folder: only the closest folder
        above that exists gets the event.
        """
        found = {
            next(folder for folder in place.parents if folder.is_dir())
            for place in self.places
        }
        found = found.union(*(code.folders() for code in self.codes))
        return {folder for folder in found if os.access(folder, os.R_OK)}

    def has(self, path: Path) -> bool:
        """Whether a change of this path may need to be applied."""
        above = {folder for place in self.places for folder in place.parents}
        return path in above | self.places or any(
            code.deploys(path) for code in self.codes
        )


def require_watchfiles() -> None:
    """Raise CgwError, with how to install it, unless watchfiles is installed."""
    if find_spec("watchfiles") is None:
        raise CgwError(
            "`--watch` needs the package watchfiles, which is not installed",
            hint="pip install 'cognito-gw[watch]'",
        )


def saves(folders: set[Path], has: Callable[[Path], bool]) -> Saves:
    """Return an iterator over the saves in these folders from now on."""
    try:
        return _saves(folders, has)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError):  # such as when the user has no watches left
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
        # Every change in a folder modifies the folder, and is reported as well.
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
    next(changes)  # returns when it watches; earlier saves are read later
    return filter(None, map(_lasting, changes))


def _lasting(changes: set[tuple[Change, str]]) -> set[Path]:
    """Return the changed paths, without temporary files of a save."""
    from watchfiles import Change

    made = {name for change, name in changes if change is Change.added}
    names = {name for _, name in changes}
    return {Path(name) for name in names if name not in made or Path(name).exists()}


class _NewStart(UsageError):
    """Raised when the file now describes another stack."""


class Screen:
    """Receives what a watch does; this one ignores it."""

    def watching(self, paths: set[Path]) -> None:
        """Receive the paths that are watched, after the first run."""

    def saved(self, paths: set[Path]) -> None:
        """Receive the paths that were saved or removed."""

    def failed(self, error: CgwError) -> None:
        """Receive the error of a save that could not be applied."""

    def applied(self, steps: list[Step], seconds: float, *, is_whole: bool) -> None:
        """Receive the result of a run, over the whole stack or only some functions."""


class Watch:
    """Applies the stack, and then each save, until there are no more saves."""

    def __init__(
        self,
        context: Context,
        begin: Begin = saves,
        approve: Approve | None = None,
        screen: Screen | None = None,
    ) -> None:
        """Prepare a watch; `begin` starts to watch folders when it is called.

        `approve` is for the first run only: saving the file approves later changes,
        unless the stack is protected.
        """
        self._context = context
        self._begin = begin
        self._approve = approve
        self._screen = screen or Screen()
        self._watched = Watched(context.options.config)
        self._folders: set[Path] = set()
        self._identity: dict[str, str | None] = {}
        self._is_incomplete = True  # the whole stack must be applied

    def run(self) -> None:
        """Apply all, then each save; raise UsageError if the file names another stack.

        Errors of the file end it before the first run only.
        """
        context, screen = self._context, self._screen
        _ = context.config
        self._follow(set())
        _ = context.aws  # first: a local AWS that is to be started has no name yet
        self._identity = self._identify()
        self._apply(set(), "all")
        screen.watching({context.options.config, *self._watched.code_paths})
        while (saved := next(self._saves, None)) is not None:
            screen.saved(saved)
            self._follow(saved)
            self._go_live(saved)

    def _follow(self, saved: set[Path]) -> None:
        """Watch what the file names, or its last valid version; then read it again."""
        while True:
            self._context.reread()
            with suppress(UsageError):  # reported when the file is needed
                codes = _codes(self._context.config.functions.values())
                self._watched = Watched(self._context.options.config, codes)
            folders = self._watched.folders()
            if folders == self._folders and not saved & folders:
                return
            with suppress(FileNotFoundError):  # one of them was just deleted
                self._saves = self._begin(folders, self._has)
                self._folders, saved = folders, set()

    def _has(self, path: Path) -> bool:
        return self._watched.has(path)  # of the file at the time of the save

    def _go_live(self, saved: set[Path]) -> None:
        try:
            self._require_same()
            self._apply(saved, "changes")
        except _NewStart:
            raise
        except Exception as error:
            known = known_error(error)
            if known is None:
                raise
            self._screen.failed(known)

    def _apply(self, saved: set[Path], report: Report) -> None:
        """Apply what was saved, and report what changed and how long it took."""
        began = time.monotonic()
        context, resources = self._context, self._affected(saved)
        is_all = resources == context.stack.resources
        if is_all:
            warn(context)
        self._is_incomplete = True
        approve = self._approve
        if not context.config.protect:
            self._approve = None
        steps = apply(context, resources, approve, report=report)
        self._is_incomplete = bool(failure_code(steps))
        reported = [step for step in steps if is_news(step, report)]
        seconds = time.monotonic() - began
        self._screen.applied(reported, seconds, is_whole=is_all)

    def _affected(self, saved: set[Path]) -> list[Resource]:
        """Return the functions whose code was saved; all resources otherwise."""
        from cognito_gw.engine.walk import closure

        stack = self._context.stack
        touched = [
            [item for item in stack.functions.values() if _is_of(path, item)]
            for path in saved
        ]
        if self._is_incomplete or not all(touched):
            return stack.resources
        needed = closure(chain.from_iterable(touched))
        return [resource for resource in stack.resources if resource in needed]

    def _identify(self) -> dict[str, str | None]:
        """Return in what this stack may differ from another."""
        context = self._context
        target = "local AWS" if context.is_local else "target"
        place = {"region": context.region, target: context.target_name}
        config = context.config
        return {"name": config.name, "protection": str(config.protect), **place}

    def _require_same(self) -> None:
        now = self._identify()
        others = [key for key in now if now[key] != self._identity.get(key)]
        if others:
            raise _NewStart(
                f"another {' and '.join(others)} than when this watch started",
                hint="run `cgw up --watch` again; the previous stack stays as it is",
            )


def _codes(functions: Iterable[FunctionConfig]) -> frozenset[CodeFolder]:
    """Return the functions' code; raise UsageError for a bad ignore file."""
    codes = code_folders(functions)
    for code in codes:
        _ = code.ignored
    return codes


def _is_of(path: Path, function: Function) -> bool:
    code = function.config.code
    return code is not None and path.is_relative_to(code)
