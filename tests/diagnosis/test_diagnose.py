"""How the findings of the rules are combined."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from cognito_gw.diagnosis.rule import (
    Cause,
    Diagnosis,
    Finding,
    NotInQuestion,
    Unread,
    diagnose,
    merged,
    rule,
)


@dataclass
class Case:
    """A case in which rules find what the test sets."""

    found: dict = field(default_factory=dict)
    statuses: tuple = ()
    is_ours: bool = True
    place: dict = field(default_factory=lambda: {"name": "it"})

    def is_behind(self, statuses):
        """Whether a rule with these statuses applies."""
        return not statuses or bool({*statuses} & {*self.statuses})


def made(name, *statuses):
    """Return a rule that finds the case's value of its name."""

    def find(case):
        found = case.found.get(name)
        if isinstance(found, Exception):
            raise found
        return found

    find.__name__ = name
    return rule(*statuses, otherwise=f"no {name}", fix="mend {name}")(find)


ONE, TWO, THREE = made("one"), made("two_more", 401, 403), made("three", 500)
RULES = (ONE, TWO, THREE)
CAUSE = Cause("a", "it is so", {}, "mend it")


@pytest.fixture(scope="module", autouse=True)
def in_turn():
    """Run the rules in threads, as cgw does."""


def test_causes_come_in_the_order_of_the_table():
    """Regardless of the order in which they are found."""
    case = Case({"three": Finding("c"), "two_more": Finding("b")}, (401, 500))
    diagnosis = diagnose(RULES, case)
    assert [cause.code for cause in diagnosis.causes] == ["two-more", "three"]
    assert diagnosis.causes[0] == Cause("two-more", "b", {}, "mend it")
    assert diagnosis.ruled_out == [{"code": "one", "why": "no one"}]


def test_rules_of_other_statuses_are_not_asked():
    """They are not ruled out either."""
    found = {"three": RuntimeError("must not be asked")}
    diagnosis = diagnose(RULES, Case(found, (403,)))
    assert [cause["code"] for cause in diagnosis.ruled_out] == ["one", "two-more"]


def test_irrelevant_facts_are_not_shown():
    """They are not a cause, not ruled out, and not unknown."""
    diagnosis = diagnose(RULES, Case({"one": NotInQuestion()}))
    assert diagnosis == Diagnosis()


def test_a_fact_that_could_not_be_read_is_named_once():
    """With all causes that depend on it."""
    found = {
        "one": Unread("the stage", "denied"),
        "two_more": Unread("the function", "denied, too"),
        "three": Unread("the stage", "denied"),
    }
    diagnosis = diagnose(RULES, Case(found, (401, 500)))
    assert diagnosis.unknown == [
        {"what": "the stage", "why": "denied", "codes": ["one", "three"]},
        {"what": "the function", "why": "denied, too", "codes": ["two-more"]},
    ]
    assert diagnosis.causes == diagnosis.ruled_out == []


def test_a_bug_in_a_rule_is_not_hidden():
    """The exception reaches the caller."""
    with pytest.raises(ZeroDivisionError):
        diagnose(RULES, Case({"one": ZeroDivisionError()}))


def test_rules_are_asked_at_the_same_time():
    """Most rules wait for AWS."""
    meeting = threading.Barrier(3, timeout=10)

    def find(_):
        meeting.wait()

    patient = [rule(otherwise="", fix="")(find) for _ in range(3)]
    assert len(diagnose(patient, Case()).ruled_out) == 3


def test_a_specific_fix_precedes_the_default():
    """The fix for foreign resources comes second."""

    def find(_):
        return Finding("so")

    found = rule(otherwise="", fix="ours {name}", elsewhere="theirs {name}")(find)
    (cause,) = diagnose([found], Case()).causes
    assert cause.fix == "ours it"
    (cause,) = diagnose([found], Case(is_ours=False)).causes
    assert cause.fix == "theirs it"


def test_several_diagnoses_are_shown_as_one():
    """Each cause appears once; a cause found by one is not ruled out by another."""
    unknown = {"what": "the stage", "why": "denied", "codes": ["c"]}
    found = Diagnosis([CAUSE], [{"code": "b", "why": "no b"}], [unknown])
    other = Diagnosis(
        [CAUSE], [{"code": "a", "why": "no a"}, {"code": "b", "why": "no b"}], [unknown]
    )
    whole = merged([found, other, Diagnosis()])
    assert whole.causes == [CAUSE]
    assert whole.ruled_out == [{"code": "b", "why": "no b"}]
    assert whole.unknown == [unknown]
    assert merged([]) == Diagnosis()


def test_merging_does_not_change_the_diagnoses():
    """Merged diagnoses do not share lists."""
    found = Diagnosis([CAUSE])
    merged([found, Diagnosis([Cause("b", "", {}, "")])])
    assert found == Diagnosis([CAUSE])
