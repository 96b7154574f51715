"""Ctrl-C ends in order: what was begun is finished, and what is left is told."""

from __future__ import annotations

import signal
import threading

import pytest
from commandline import QuickTerminal, share_service_models
from faults.stacks import SMALL

from cognito_gw.aws.clients import Aws

SECONDS = 30  # a test that would hang fails instead


class Interrupting:
    """Carries requests, and presses Ctrl-C while one operation is under way."""

    def __init__(self, operation):
        self.calls = []
        self._operation = operation
        self._is_heard = threading.Event()

    def hear(self, *_):
        """Take the signal, as Python does."""
        self._is_heard.set()
        raise KeyboardInterrupt

    def __call__(self, _service, operation, serve):
        """Carry a request."""
        self.calls.append(operation)
        if operation == self._operation and not self._is_heard.is_set():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            assert self._is_heard.wait(SECONDS)
        return serve()


@pytest.fixture
def terminal(tmp_path, monkeypatch, clock, wire):  # noqa: ARG001 - it calls over the wire
    """The command line, in a folder with the small stack."""
    share_service_models(monkeypatch)
    monkeypatch.setitem(Aws.__init__.__kwdefaults__, "sleep", clock.sleep)
    monkeypatch.setitem(Aws.__init__.__kwdefaults__, "clock", clock.time)
    monkeypatch.chdir(tmp_path)
    terminal = QuickTerminal(tmp_path)
    terminal.write(SMALL)
    return terminal


@pytest.fixture
def press(wire):
    """Return what presses Ctrl-C during an operation."""
    before = signal.getsignal(signal.SIGINT)

    def during(operation):
        wire.carry = Interrupting(operation)
        signal.signal(signal.SIGINT, wire.carry.hear)
        return wire.carry

    yield during
    signal.signal(signal.SIGINT, before)


def test_up_and_down(terminal, press, local):
    """Both tell what they wait for, finish that, begin no more, and say how far."""
    pressed = press("CreateDeployment")
    outcome = terminal("up", code=130)
    assert pressed.calls[-1] == "CreateDeployment"
    assert "stopping: waiting for deployment `shop`" in outcome.err
    assert "created   deployment" in outcome.err
    *_, how_far, end = outcome.err.splitlines()
    assert how_far.endswith("created, 1 not done: the same command goes on from here")
    assert end == "interrupted"
    assert "stages" not in local.inventory

    assert " unchanged, 1 created" in terminal("up").err
    assert local.inventory["stages"] == ["dev"]

    press("DeleteFunction")
    outcome = terminal("down", "--yes", code=130)
    assert "deleted   function" in outcome.err
    assert "not done: the same command goes on from here\ninterrupted\n" in outcome.err
    assert local.inventory["roles"] == ["shop-hello-eu-west-1"]
    terminal("down", "--yes")
    assert local.inventory == {}
