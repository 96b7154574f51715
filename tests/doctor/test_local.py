"""Whether the local AWS runs matters where it is the target."""

from __future__ import annotations

import pytest

from cognito_gw.aws.access_key import AccessKey
from cognito_gw.doctor.machine import find, local
from cognito_gw.local.process import Server


@pytest.mark.parametrize(
    ("was_recorded", "is_local", "state"),
    [
        (False, False, "ok"),
        (False, True, "warn"),
        (True, True, "warn"),
        (True, False, "warn"),
    ],
)
def test_a_local_aws_that_does_not_run(was_recorded, is_local, state):
    """One that died is told of, whatever the target."""
    finding = local(None, was_recorded=was_recorded, is_local=is_local)
    assert finding.state == state
    assert ("cgw local start" in (finding.fix or "")) is is_local
    assert ("does not answer" in finding.found) is was_recorded


def test_a_local_aws_that_answers(tmp_path):
    """Its address is told."""
    server = Server("http://127.0.0.1:1234", 1, tmp_path, AccessKey.create())
    finding = local(server, was_recorded=True, is_local=True)
    assert (finding.state, finding.found) == (
        "ok",
        "it answers at http://127.0.0.1:1234",
    )


def test_nobody_has_run_one_here(tmp_path):
    """To look for it starts nothing, and leaves nothing."""
    assert find(tmp_path) == (None, False)
    assert list(tmp_path.iterdir()) == []
