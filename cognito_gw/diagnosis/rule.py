"""Facts that are read once, and rules that find causes in them."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass, field
from shlex import quote
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.once import Once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


Holder = TypeVar("Holder", bound="Facts")
Value = TypeVar("Value")


class Facts:
    """The facts about one case, each read when first asked for."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._lock = Lock()
        self._read: dict[str, Once[Any]] = {}

    def share(self, other: Facts, *names: str) -> None:
        """Copy the facts that another case has read."""
        known = {name: other._read[name] for name in names if name in other._read}
        self._read |= known

    def once(self, name: str, read: Callable[[], Value]) -> Value:
        """Return what `read` returns; it is called once."""
        with self._lock:
            reading: Once[Value] = self._read.setdefault(name, Once(read))
        return reading()


class fact(Generic[Holder, Value]):  # noqa: N801 - used as a decorator
    """A property of `Facts`, read once; an error of AWS raises `Unread`."""

    def __init__(self, read: Callable[[Holder], Value]) -> None:
        """Keep the method that reads it; its docstring names the fact."""
        self._method = read
        self.__doc__ = read.__doc__

    def __get__(self, holder: Holder, owner: type[Holder] | None = None) -> Value:
        """Return the fact; raise `Unread` if it cannot be read."""
        return holder.once(self._method.__name__, lambda: self._told(holder))

    def _told(self, holder: Holder) -> Value:
        try:
            return self._method(holder)
        except (Unread, NotInQuestion):
            raise
        except Exception as error:
            known = as_cgw_error(error)
            if known is None:
                raise
            what = (self.__doc__ or "").rstrip(".")
            raise Unread(what[:1].lower() + what[1:], known.what) from None


Case = TypeVar("Case")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Cause:
    """One reason: its code, a summary, the evidence and the fix."""

    code: str
    summary: str
    evidence: dict[str, Any]
    fix: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """What a rule found; without a `fix`, the rule's own applies."""

    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str | None = None


class Unread(Exception):
    """Raised for a fact that could not be read."""

    def __init__(self, what: str, why: str) -> None:
        """Keep what could not be read, and why."""
        super().__init__(what)
        self.what = what
        self.why = why


def or_default(read: Callable[[], Value], otherwise: Other) -> Value | Other:
    """Return a fact, or `otherwise` if it cannot be read.

    For evidence that a rule can do without.
    """
    try:
        return read()
    except Unread:
        return otherwise


class NotInQuestion(Exception):
    """Raised by a rule that does not apply: neither found nor ruled out."""


@dataclass(frozen=True)
class Rule(Generic[Case]):
    """A cause: the statuses it can have, how to find it, and how to fix it."""

    code: str
    statuses: tuple[int, ...]  # empty: any
    otherwise: str  # what is true if it is ruled out
    fix: str  # with placeholders such as {api_id}
    elsewhere: str | None  # the fix for an API that cgw did not create
    find: Callable[[Case], Finding | None]

    @property
    def text(self) -> str:
        """The documentation of the cause: the docstring of the rule."""
        return inspect.cleandoc(self.find.__doc__ or "")

    def cause(
        self, found: Finding, place: Mapping[str, str], *, is_ours: bool
    ) -> Cause:
        """Return the finding as a cause, with the fix for this place."""
        usual = self.fix if is_ours or self.elsewhere is None else self.elsewhere
        # Users copy the commands, so names are quoted for the shell.
        names = {key: value and quote(value) for key, value in place.items()}
        fix = found.fix or usual.format_map(names)
        return Cause(self.code, found.summary, dict(found.evidence), fix)


def rule(
    *statuses: int, otherwise: str, fix: str, elsewhere: str | None = None
) -> Callable[[Callable[[Case], Finding | None]], Rule[Case]]:
    """Make a rule of the decorated function; its name gives the code."""

    def made(find: Callable[[Case], Finding | None]) -> Rule[Case]:
        code = find.__name__.replace("_", "-")
        return Rule(code, statuses, otherwise, fix, elsewhere, find)

    return made
