"""Checks run in parallel, and none stops another."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import NoCredentialsError
from fakes import refusal

from cognito_gw.aws.waits import Once
from cognito_gw.doctor.finding import CannotTell, Finding, examine, needed
from cognito_gw.errors import UsageError


def raising(error):
    """Return a check that raises."""

    def check():
        raise error

    return check


def test_what_goes_wrong_is_one_finding_of_several():
    """An AWS error, a missing file, a reason to skip, a bug: the rest continues."""
    found = dict(
        examine(
            {
                "refused": raising(refusal("ExpiredToken")),
                "absent": raising(FileNotFoundError(2, "No such file", "/nowhere")),
                "skipped": raising(CannotTell("it is late", fix="come back")),
                "bug": raising(ZeroDivisionError("by zero")),
                "good": lambda: Finding("ok", "well"),
            }
        )
    )
    assert list(found) == ["refused", "absent", "skipped", "bug", "good"]
    assert found["refused"].state == "fail"
    assert "aws sso login" in found["refused"].fix
    assert found["absent"] == Finding("fail", "/nowhere: No such file")
    assert found["skipped"] == Finding("skipped", "it is late", "come back")
    assert found["bug"] == Finding("fail", "ZeroDivisionError: by zero")
    assert found["good"].document("good") == {
        "check": "good",
        "state": "ok",
        "found": "well",
        "fix": None,
    }


def test_checks_run_at_the_same_time():
    """Each waits for all others, and all finish."""
    meeting = threading.Barrier(5, timeout=10)

    def check():
        meeting.wait()
        return Finding("ok", "met")

    found = list(examine({str(number): check for number in range(5)}))
    assert [finding.found for _, finding in found] == ["met"] * 5


def test_a_question_is_asked_once():
    """All checks share its result."""
    asked = []
    question = Once(lambda: asked.append("?") or len(asked))
    checks = {str(number): lambda: Finding("ok", str(question())) for number in "1234"}
    assert {finding.found for _, finding in examine(checks)} == {"1"}
    assert asked == ["?"]


def test_a_failed_question_fails_for_all():
    """It is not repeated."""
    asked = []

    def ask():
        asked.append("?")
        raise NoCredentialsError

    question = Once(ask)
    for _ in range(2):
        with pytest.raises(NoCredentialsError):
            question()
    assert asked == ["?"]


def test_what_another_check_reports_is_skipped_here():
    """Except for errors that this check itself reports."""
    with pytest.raises(CannotTell) as reason, needed("see there"):
        raise ZeroDivisionError
    assert reason.value.why == "see there"
    with pytest.raises(CannotTell) as reason, needed("see there"):
        raise CannotTell("a better reason")
    assert reason.value.why == "a better reason"
    with pytest.raises(UsageError), needed("see there", passing=UsageError):
        raise UsageError("no region")
