"""`up --watch`: applies each saved change of the file or of code."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cognito_gw.cli.results import failure_code, show_left, show_outputs
from cognito_gw.cli.stack import make
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.report.say import say
from cognito_gw.resources.code_folder import CodeFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from watchfiles import Change

    from cognito_gw.app.context import Session
    from cognito_gw.config.model import FunctionConfig
    from cognito_gw.engine.resource import Resource
    from cognito_gw.resources.function import Function

    Saves = Iterator[set[Path]]  # each time, what was saved
    Begin = Callable[[set[Path], Callable[[Path], bool]], Saves]


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


_SHOWN = 3  # names of what was saved at once
_WAITING = "waiting for the next save"


class _NewStart(UsageError):
    """Raised when the file is no longer that of the stack that is watched."""


class Watch:
    """Makes the stack, and what is saved of it, until there are no more saves."""

    def __init__(
        self, session: Session, begin: Begin = saves, *, asks: bool = False
    ) -> None:
        """Work in this session; `begin` watches folders from when it is called.

        Only before the first `up` it `asks`: what is saved later is the user's answer.
        """
        self._asks = asks
        self._session = session
        self._begin = begin
        self._watched = Watched(session.settings.config)
        self._folders: set[Path] = set()
        self._identity: dict[str, str | None] = {}
        self._is_owing = True  # something that an `up` of all has still to do
        self._outputs: dict[str, Any] = {}

    def run(self) -> None:
        """Make all, then again after each save; only Ctrl-C ends it."""
        session = self._session
        _ = session.config  # where it is wrong, this ends as any `up`
        self._follow(set())
        _ = session.aws  # first: a local AWS that is to be started has no name yet
        self._identity = self._identify()
        self._up(set())
        session.only_changes = True
        names = _names({session.settings.config, *self._watched.code_paths})
        self._say(f"watching {names}; Ctrl-C ends it")
        while (saved := next(self._saves, None)) is not None:
            self._say("")
            self._say(_told(saved))
            self._follow(saved)
            self._go_live(saved)

    def _follow(self, saved: set[Path]) -> None:
        """Watch what the file names, or named while it was right; then read it anew."""
        while True:
            self._session.reread()
            with suppress(UsageError):  # told when the file is wanted
                codes = _codes(self._session.config.functions.values())
                self._watched = Watched(self._session.settings.config, codes)
            folders = self._watched.folders()
            if folders == self._folders and not saved & folders:
                return
            with suppress(FileNotFoundError):  # one of them has just gone
                self._saves = self._begin(folders, self._has)
                self._folders, saved = folders, set()

    def _has(self, path: Path) -> bool:
        return self._watched.has(path)  # of the file as it is when something is saved

    def _go_live(self, saved: set[Path]) -> None:
        from cognito_gw.cli import known_error, show_error

        try:
            self._require_same()
            self._up(saved)
        except _NewStart:
            raise
        except Exception as error:
            known = known_error(error)
            if known is None:
                raise
            show_error(known)
            self._say(_WAITING)

    def _up(self, saved: set[Path]) -> None:
        """Make what was saved, and say what changed and how long it took."""
        from cognito_gw.report.lines import summary

        began = time.monotonic()
        session, concerned = self._session, self._concerned(saved)
        is_all = concerned == session.stack.resources
        if is_all:
            session.warn()
        self._is_owing = True
        steps = make(session, concerned, asks=self._asks)
        self._asks = False
        news = summary([each for each in steps if session.is_told(each)])
        took = f"{news or 'nothing to change'} in {time.monotonic() - began:.2f} s"
        self._is_owing = bool(failure_code(steps))
        self._say(f"{took}; {_WAITING}" if self._is_owing else took)
        if is_all and not self._is_owing:
            show_left(session)
            self._show_outputs()

    def _concerned(self, saved: set[Path]) -> list[Resource]:
        """Return the functions whose code was saved; all, where that is not all."""
        from cognito_gw.engine.walk import closure

        stack = self._session.stack
        touched = [
            [each for each in stack.functions.values() if _is_of(path, each)]
            for path in saved
        ]
        if self._is_owing or not all(touched):
            return stack.resources
        wanted = closure(chain.from_iterable(touched))
        return [each for each in stack.resources if each in wanted]

    def _show_outputs(self) -> None:
        """Print the outputs where they are not those printed last."""
        from cognito_gw.resources.outputs import outputs

        values = outputs(self._session.stack, self._session.links)
        if values != self._outputs:
            show_outputs(values)
        self._outputs = values

    def _identify(self) -> dict[str, str | None]:
        """Return what tells the stack from any other."""
        session = self._session
        target = "local AWS" if session.is_local else "target"
        place = {"region": session.region, target: session.place}
        return {"name": session.config.name, **place}

    def _require_same(self) -> None:
        now = self._identify()
        others = [key for key in now if now[key] != self._identity.get(key)]
        if others:
            raise _NewStart(
                f"another {' and '.join(others)} than when this watch began",
                hint="run `cgw up --watch` anew; what this one made stays as it is",
            )

    def _say(self, text: str) -> None:
        if not self._session.settings.quiet:
            say(text, err=True)


def _codes(functions: Iterable[FunctionConfig]) -> frozenset[CodeFolder]:
    """Return the functions' code, with its ignore files read: they may be wrong."""
    codes = [
        CodeFolder(each.code, tuple(each.include)) for each in functions if each.code
    ]
    for code in codes:
        _ = code.ignored
    return frozenset(codes)


def _is_of(path: Path, function: Function) -> bool:
    code = function.config.code
    return code is not None and path.is_relative_to(code)


def _told(saved: set[Path]) -> str:
    there = {each for each in saved if each.exists()}
    words = {"saved": there, "removed": saved - there}
    return ", ".join(f"{word}: {_names(them)}" for word, them in words.items() if them)


def _names(paths: Iterable[Path]) -> str:
    """Name some paths as they are seen from here."""
    here = Path.cwd()
    names = sorted(
        str(each.relative_to(here) if each.is_relative_to(here) else each)
        for each in paths
    )
    more = [f"and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return ", ".join([*names[:_SHOWN], *more])
