"""Waits: visible, growing, and bounded."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from fakes import refusal

from cognito_gw.aws.waits import settle


@pytest.fixture
def settled(aws):
    """Return a function that retries a call with this many failures."""

    def run(failures, error=None, **bounds):
        left = [error or refusal("Busy", "busy")] * failures
        left.append("done")

        def call():
            outcome = left.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        def passing(error):
            return error.response["Error"]["Code"] == "Busy"

        return settle(call, aws, passing=passing, until="it is ready", **bounds)

    return run


def test_at_once(aws, settled):
    """A successful call causes no wait and no message."""
    assert settled(0) == "done"
    assert (aws.naps, aws.told) == ([], [])


def test_until_taken(aws, settled):
    """A call is retried until it succeeds, and each wait is reported."""
    assert settled(3) == "done"
    assert len(aws.naps) == 3
    assert aws.told == [f"waiting {nap:.0f} s until it is ready" for nap in aws.naps]


def test_other_errors_are_permanent(aws, settled):
    """A permanent error is raised without a retry."""
    with pytest.raises(ClientError, match="Denied"):
        settled(1, refusal("Denied"))
    assert aws.naps == []


def test_bounded(aws, settled):
    """After the timeout the error is raised."""
    with pytest.raises(ClientError, match="Busy"):
        settled(1000, patience=60, longest=10)
    assert 60 <= sum(aws.naps) < 60 + 10 * 1.25


def test_grows(aws, settled):
    """Waits grow up to a maximum, with jitter."""
    settled(12, first=1, longest=8, patience=1000)
    assert 0.75 <= aws.naps[0] <= 1.25
    assert all(6 <= nap <= 10 for nap in aws.naps[-4:])
    assert len(set(aws.naps)) == len(aws.naps)
