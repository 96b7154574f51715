"""An account behind a connection that fails, with a simulated clock."""

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
    """The clock that cgw and botocore wait by."""
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time", clock.module)
    monkeypatch.setattr("botocore.waiter.time", clock.module)
    return clock


@pytest.fixture
def local(monkeypatch, quick_keys):  # noqa: ARG001 - user pools are made with it
    """The local AWS: moto, with the errors of the real AWS."""
    quicken(monkeypatch)
    with mock_aws():
        yield LocalAws()


@pytest.fixture
def wire(local, monkeypatch):
    """The connection, which works until a test changes it."""
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
    """The small stack after `up`, created once per worker."""
    if not _MADE:
        assert cgw.up(SMALL).errors == []
        _MADE["small"] = local.state
    local.state = _MADE["small"]


@pytest.fixture
def count(record_property):
    """Return a counter; its totals are printed after all tests."""

    def points(number):
        record_property("points", number)

    return points
