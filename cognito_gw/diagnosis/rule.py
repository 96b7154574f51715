"""Facts that are read once, rules that find causes in them, and the diagnosis."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from shlex import quote
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.aws.waits import Once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


Holder = TypeVar("Holder", bound="Facts")
Value = TypeVar("Value")
_AT_ONCE = 8  # rules that read facts


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


class Diagnosable(Protocol):
    """A case that rules can judge."""

    @property
    def place(self) -> Mapping[str, str]:
        """The names that a fix can use: `{api_id}`, `{stage}`…."""

    @property
    def is_ours(self) -> bool:
        """Whether cgw created it, so that its commands can fix it."""

    def is_behind(self, statuses: Sequence[int]) -> bool:
        """Return whether a cause of these statuses can apply."""


Case = TypeVar("Case", bound=Diagnosable)
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


@dataclass(frozen=True)
class Diagnosis:
    """The causes, most likely first; causes ruled out; and facts not known."""

    causes: list[Cause] = field(default_factory=list)
    ruled_out: list[dict[str, str]] = field(default_factory=list)  # code, why
    unknown: list[dict[str, Any]] = field(default_factory=list)  # what, why, codes
    note: str | None = None  # what else to know

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "causes": [cause.document() for cause in self.causes],
            "ruled_out": self.ruled_out,
            "unknown": self.unknown,
            "note": self.note,
        }


def diagnose(rules: Sequence[Rule[Case]], case: Case) -> Diagnosis:
    """Return what the rules find, in their order: the likely ones come first."""
    diagnosis = Diagnosis()
    asked = [rule for rule in rules if case.is_behind(rule.statuses)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda rule: _judged(rule, case), asked)
    for rule, verdict in zip(asked, found, strict=True):
        if isinstance(verdict, Cause):
            diagnosis.causes.append(verdict)
        elif isinstance(verdict, Unread):
            _note(diagnosis.unknown, verdict, rule.code)
        elif verdict is None:
            diagnosis.ruled_out.append({"code": rule.code, "why": rule.otherwise})
    return diagnosis


def _judged(rule: Rule[Case], case: Case) -> Cause | Unread | NotInQuestion | None:
    try:
        found = rule.find(case)
    except (Unread, NotInQuestion) as nothing:
        return nothing
    if found is None:
        return None
    return rule.cause(found, case.place, is_ours=case.is_ours)


def _note(unknown: list[dict[str, Any]], unread: Unread, code: str) -> None:
    """Name each unread fact once, with the causes that depend on it."""
    for entry in unknown:
        if entry["what"] == unread.what:
            entry["codes"].append(code)
            return
    unknown.append({"what": unread.what, "why": unread.why, "codes": [code]})


def merged(diagnoses: Iterable[Diagnosis]) -> Diagnosis:
    """Merge diagnoses: each cause once; ruled out is what no diagnosis found."""
    whole = Diagnosis()
    for diagnosis in diagnoses:
        whole.causes.extend(new for new in diagnosis.causes if not _is_in(whole, new))
        whole.unknown.extend(
            new for new in diagnosis.unknown if new not in whole.unknown
        )
        whole.ruled_out.extend(
            new for new in diagnosis.ruled_out if new not in whole.ruled_out
        )
    found = {cause.code for cause in whole.causes}
    whole.ruled_out[:] = [
        entry for entry in whole.ruled_out if entry["code"] not in found
    ]
    return whole


def _is_in(whole: Diagnosis, new: Cause) -> bool:
    """Return whether a cause is listed, perhaps with AWS's message as its evidence."""
    return new in whole.causes or any(
        "told" in cause.evidence and (cause.code, cause.fix) == (new.code, new.fix)
        for cause in whole.causes
    )
