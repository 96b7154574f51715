"""An account on a wire that fails, by a clock that nobody waits for."""

from __future__ import annotations

import pytest
from faults.clock import Clock
from faults.local import LocalAws, quicken
from faults.runs import Cgw
from faults.stacks import SMALL
from faults.wire import Wire
from moto import mock_aws


@pytest.fixture
def clock(monkeypatch):
    """The clock by which cgw and botocore wait."""
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time", clock.module)
    monkeypatch.setattr("botocore.waiter.time", clock.module)
    return clock


@pytest.fixture
def local(monkeypatch, quick_keys):  # noqa: ARG001 - user pools are made with it
    """What answers: moto, with the refusals of the real AWS."""
    quicken(monkeypatch)
    with mock_aws():
        yield LocalAws()


@pytest.fixture
def wire(local, monkeypatch):
    """What happens to requests; nothing, until a test says so."""
    return Wire(monkeypatch, local.serve)


@pytest.fixture
def cgw(session, wire, clock, configured):  # noqa: ARG001 - it calls over the wire
    """Runs of cgw."""
    cgw = Cgw(session, clock, configured)
    yield cgw
    cgw.forget_pace()


_MADE = {}


@pytest.fixture
def small(cgw, local):
    """The small stack, up: it is made once a worker."""
    if not _MADE:
        assert cgw.up(SMALL).errors == []
        _MADE["small"] = local.state
    local.state = _MADE["small"]


@pytest.fixture
def count(record_property):
    """Return what counts points, to be summed up at the end of all tests."""

    def points(number):
        record_property("points", number)

    return points
