"""Failed probes are repeated while a new stage may explain the failure."""

from __future__ import annotations

import pytest

from cognito_gw.errors import CgwError
from cognito_gw.oauth.probes import Probe, Retry, RouteCheck, run_probes


class Stage:
    """Answers each case from a list, then by its last item; naps advance time."""

    def __init__(self, **answers):
        self.answers, self.asked, self.naps, self.told = answers, [], [], []

    def case_of(self, probe):
        """Return the next response to a case."""
        self.asked.append(probe.case)
        left = self.answers[probe.case]
        got = left.pop(0) if len(left) > 1 else left[0]
        return {"case": probe.case, "got": got, "ok": got == probe.expected}

    def run_probes(self, patience=60.0):
        """Run every probe; 401 is correct."""
        probes = [Probe(RouteCheck("GET", "/"), case, "401") for case in self.answers]
        waiting = Retry(self.naps.append, self.told.append, patience)
        return run_probes(probes, self.case_of, waiting)


@pytest.mark.parametrize("surprise", ["403", "500", "no answer", "200"])
def test_a_stage_that_comes_late_is_waited_for(surprise):
    """Only failed probes are repeated."""
    stage = Stage(good=["401"], late=[surprise, surprise, "401"])
    assert [case["ok"] for case in stage.run_probes()] == [True, True]
    assert stage.asked.count("good") == 1
    assert stage.asked.count("late") == 3
    assert len(stage.naps) == 2
    assert "1 of 2 responses are not as expected" in stage.told[0]


def test_a_failure_is_one_after_a_minute():
    """Exactly one minute."""
    stage = Stage(good=["401"], hole=["200"])
    assert [case["ok"] for case in stage.run_probes()] == [True, False]
    assert 60 <= sum(stage.naps) <= 75
    assert stage.asked.count("hole") == len(stage.naps) + 1


def test_without_patience_the_first_answer_counts():
    """The local AWS has no delay."""
    stage = Stage(hole=["200", "401"])
    assert stage.run_probes(patience=0)[0]["got"] == "200"
    assert stage.naps == stage.told == []


def test_an_address_where_nothing_answers_is_an_error():
    """Not a list of failures."""
    with pytest.raises(CgwError, match="no response from the address"):
        Stage(one=["no answer"], two=["no answer"]).run_probes()
    assert len(Stage(one=["no answer"], two=["401"]).run_probes()) == 2


def test_no_probes_are_not_a_failure():
    """A file may have no routes."""
    assert Stage().run_probes() == []
