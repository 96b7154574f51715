"""Runs every rule that can apply, at the same time, and collects the causes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cognito_gw.diagnosis.rule import Cause, NotInQuestion, Rule, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_AT_ONCE = 8


class Diagnosable(Protocol):
    """A case that rules can judge."""

    @property
    def place(self) -> Mapping[str, str]:
        """The names that a fix can use: `{api_id}`, `{stage}`…."""

    @property
    def is_ours(self) -> bool:
        """Whether cgw created it, so that its commands can fix it."""

    def is_behind(self, statuses: Sequence[int]) -> bool:
        """Tell whether a cause of these statuses can apply."""


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


Case = TypeVar("Case", bound=Diagnosable)


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
    for each in unknown:
        if each["what"] == unread.what:
            each["codes"].append(code)
            return
    unknown.append({"what": unread.what, "why": unread.why, "codes": [code]})


def merged(diagnoses: Iterable[Diagnosis]) -> Diagnosis:
    """Merge diagnoses: each cause once; ruled out is what no diagnosis found."""
    whole = Diagnosis()
    for each in diagnoses:
        whole.causes.extend(new for new in each.causes if not _is_in(whole, new))
        whole.unknown.extend(new for new in each.unknown if new not in whole.unknown)
        whole.ruled_out.extend(
            new for new in each.ruled_out if new not in whole.ruled_out
        )
    found = {cause.code for cause in whole.causes}
    whole.ruled_out[:] = [each for each in whole.ruled_out if each["code"] not in found]
    return whole


def _is_in(whole: Diagnosis, new: Cause) -> bool:
    """Tell whether a cause is listed, perhaps with AWS's message as its evidence."""
    return new in whole.causes or any(
        "told" in each.evidence and (each.code, each.fix) == (new.code, new.fix)
        for each in whole.causes
    )
