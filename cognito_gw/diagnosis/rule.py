"""One rule: a cause that a call or a sign-in can fail for, and how it is shown."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Scene = TypeVar("Scene")
Value = TypeVar("Value")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Cause:
    """One reason: its code, in words, what mends it, and what shows it."""

    code: str
    summary: str
    evidence: dict[str, Any]
    fix: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """What a rule found; without a `fix` of its own the rule's usual one mends it."""

    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str | None = None


class Unread(Exception):
    """Raised when a rule asks for a fact that could not be read."""

    def __init__(self, what: str, why: str) -> None:
        """Keep `what` is not known, and `why`."""
        super().__init__(what)
        self.what = what
        self.why = why


def if_read(read: Callable[[], Value], otherwise: Other) -> Value | Other:
    """Return what a cause is told more fully with, if it can be had."""
    try:
        return read()
    except Unread:
        return otherwise


class NotInQuestion(Exception):
    """Raised by a rule that has nothing to say here: neither found nor ruled out."""


@dataclass(frozen=True)
class Rule(Generic[Scene]):
    """A cause, the statuses that it may be behind, and how to find and to mend it."""

    code: str
    statuses: tuple[int, ...]  # none: it may be behind any answer
    otherwise: str  # what is true when it is ruled out
    fix: str  # with {api_id}, {stage}… of where it happened
    elsewhere: str | None  # the same for an API that cgw did not make
    find: Callable[[Scene], Finding | None]

    @property
    def text(self) -> str:
        """What is to be known of it, for the documentation."""
        return inspect.cleandoc(self.find.__doc__ or "")

    def cause(
        self, found: Finding, place: Mapping[str, str], *, is_ours: bool
    ) -> Cause:
        """Return what was found as a cause, with what mends it in this place."""
        usual = self.fix if is_ours or self.elsewhere is None else self.elsewhere
        # Commands are to be copied: no name may end one and begin another.
        names = {key: value and quote(value) for key, value in place.items()}
        fix = found.fix or usual.format_map(names)
        return Cause(self.code, found.summary, dict(found.evidence), fix)


def rule(
    *statuses: int, otherwise: str, fix: str, elsewhere: str | None = None
) -> Callable[[Callable[[Scene], Finding | None]], Rule[Scene]]:
    """Make a rule of the function that finds it; its name gives the code."""

    def made(find: Callable[[Scene], Finding | None]) -> Rule[Scene]:
        code = find.__name__.replace("_", "-")
        return Rule(code, statuses, otherwise, fix, elsewhere, find)

    return made
