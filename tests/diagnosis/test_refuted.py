"""A cause that the response contradicts is never reported."""

from __future__ import annotations

from dataclasses import replace

from diagnosis.call import HEALTHY, Call, codes
from diagnosis.world import OPEN

# Some emulators do not export security settings.
TOLD_OPEN = replace(HEALTHY, routes=HEALTHY.routes | {"GET /transactions": OPEN})


def test_a_route_that_answered_401_is_not_called_open():
    """The draft shows the cause, and the diagnosis reports the contradiction."""
    call = Call(None, live=TOLD_OPEN, draft=HEALTHY)
    assert codes(call.diagnosed()) == ["no-token"]
    assert "responded 401" in call.case().contradiction


def test_without_a_more_detailed_draft_no_cause_is_named():
    """The diagnosis reports only the contradiction."""
    call = Call(None, live=TOLD_OPEN)
    assert codes(call.diagnosed()) == []
    assert call.case().contradiction


def test_a_route_that_let_the_call_in_is_open():
    """The response agrees."""
    call = Call(None, status=200, error="", live=TOLD_OPEN)
    assert "unauthenticated-route" in codes(call.diagnosed())
    assert call.case().contradiction is None


def test_a_preflight_needs_no_token():
    """Browsers send none with it."""
    live = replace(HEALTHY, routes=HEALTHY.routes | {"OPTIONS /transactions": OPEN})
    call = Call(None, verb="OPTIONS", status=200, error="", live=live)
    assert "unauthenticated-route" not in codes(call.diagnosed())


def test_a_function_that_refuses_does_not_close_an_open_route():
    """The gateway let the call in, whatever the function returned."""
    traced = {"x-amzn-trace-id": "Root=1-2-3"}
    call = Call(None, status=401, error="", answered=traced, live=TOLD_OPEN)
    diagnosis = call.diagnosed()
    assert "unauthenticated-route" in codes(diagnosis)
    assert "authorizer-missing" in codes(diagnosis)
    assert call.case().contradiction is None
    closed = Call(status=401, error="", answered=traced)
    assert codes(closed.diagnosed()) == []
