"""cgw succeeds although AWS throttles, fails and does not respond."""

from __future__ import annotations

import pytest
from faults.stacks import CHANGED, SMALL
from faults.wire import HAPPENINGS, Flaky, straight


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.nightly)])
def test_three_calls_of_ten(cgw, local, wire, seed):
    """With 30% of the calls lost or refused, each run still succeeds."""
    flaky = Flaky(seed)
    for text, deployments in ((SMALL, 1), (CHANGED, 2)):
        wire.carry = flaky
        assert cgw.up(text).errors == []
        wire.carry = straight
        assert cgw.up(text).writes == []
        found = local.inventory
        assert len(found.pop("deployments")) == deployments
        assert [
            kind for kind in found if len(set(found[kind])) < len(found[kind])
        ] == []
    wire.carry = flaky
    assert cgw.down(CHANGED).errors == []
    assert local.inventory == {}
    assert set(flaky.happened) == {each.__name__ for each in HAPPENINGS}
