"""Ctrl-C ends a run in order: current steps finish, and the rest is reported."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, _base, thread
from functools import partial

import pytest
from commandline import QuickTerminal, share_service_models
from fakes import FakeResource
from faults.stacks import SMALL

from cognito_gw.aws.clients import Aws
from cognito_gw.engine.reconcile import apply
from cognito_gw.engine.walk import forward, walk

SECONDS = 30  # fail instead of blocking forever


class Interrupting:
    """Carries requests, and presses Ctrl-C during one operation."""

    def __init__(self, operation):
        self.calls = []
        self._operation = operation
        self._is_heard = threading.Event()

    def hear(self, *_):
        """Handle the signal as Python does."""
        self._is_heard.set()
        raise KeyboardInterrupt

    def press(self):
        """Press Ctrl-C once, and wait until it is handled."""
        if not self._is_heard.is_set():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            assert self._is_heard.wait(SECONDS)

    def __call__(self, _service, operation, serve):
        """Carry a request."""
        self.calls.append(operation)
        if operation == self._operation:
            self.press()
        return serve()


@pytest.fixture
def terminal(tmp_path, monkeypatch, clock, wire):  # noqa: ARG001 - it calls over the wire
    """The command line in a folder with the small stack."""
    share_service_models(monkeypatch)
    monkeypatch.setitem(Aws.__init__.__kwdefaults__, "sleep", clock.sleep)
    monkeypatch.setitem(Aws.__init__.__kwdefaults__, "clock", clock.time)
    monkeypatch.chdir(tmp_path)
    terminal = QuickTerminal(tmp_path)
    terminal.write(SMALL)
    return terminal


@pytest.fixture
def press(wire):
    """Return a function that presses Ctrl-C during an operation."""
    before = signal.getsignal(signal.SIGINT)

    def during(operation):
        wire.carry = Interrupting(operation)
        signal.signal(signal.SIGINT, wire.carry.hear)
        return wire.carry

    yield during
    signal.signal(signal.SIGINT, before)


def test_up_and_down(terminal, press, local):
    """Both finish current steps, start nothing new, and report what is left."""
    pressed = press("CreateDeployment")
    outcome = terminal("up", code=130)
    assert pressed.calls[-1] == "CreateDeployment"
    assert "stopping: waiting for deployment `shop`" in outcome.err
    assert "created   deployment" in outcome.err
    *_, how_far, end = outcome.err.splitlines()
    assert how_far.endswith("created, 1 not done: rerun the command to continue")
    assert end == "interrupted"
    assert "stages" not in local.inventory

    assert " unchanged, 1 created" in terminal("up").err
    assert local.inventory["stages"] == ["dev"]

    press("DeleteFunction")
    outcome = terminal("down", "--yes", code=130)
    assert "deleted   function" in outcome.err
    assert "not done: rerun the command to continue\ninterrupted\n" in outcome.err
    assert local.inventory["roles"] == ["shop-hello-eu-west-1"]
    terminal("down", "--yes")
    assert local.inventory == {}


def test_what_waits_for_a_worker(press, fake_aws):
    """Steps that wait for a free worker never start."""
    base = FakeResource("base")
    things = [FakeResource(f"thing{number}", (base,)) for number in range(5)]
    pressed = press("")
    are_ready, is_stopping, waited_for = threading.Lock(), threading.Event(), []
    are_ready.acquire()

    def started(resource):
        if resource is things[-1]:
            are_ready.release()  # no Event: Ctrl-C may leave its lock locked

    def on_call(verb, name):
        if (verb, name) == ("create", "thing0"):
            assert are_ready.acquire(timeout=SECONDS)
            pressed.press()
            assert is_stopping.wait(SECONDS)

    def interrupted(running):
        waited_for.extend(running)
        is_stopping.set()

    fake_aws.on_call = on_call
    hooks = {"on_start": started, "on_interrupt": interrupted}
    visit = partial(apply, aws=fake_aws)
    with pytest.raises(KeyboardInterrupt):
        list(walk(visit, forward([base, *things]), **hooks, workers=1))
    assert waited_for == things[:1]
    assert set(fake_aws.world) == {"base", "thing0"}


def test_shares_no_lock_that_ctrl_c_may_leave_locked(fake_aws):
    """While visits run, the main thread runs no Python code that holds a lock."""
    base = FakeResource("base")
    things = [FakeResource(f"thing{number}", (base,)) for number in range(5)]
    told, ran = [], set()

    def note(frame, event, _):
        if event == "call":
            ran.add(frame.f_code.co_filename)

    def tell(step):
        told.append(step)
        sys.setprofile(note if len(told) <= len(things) else None)

    try:
        walk(partial(apply, aws=fake_aws), forward([base, *things]), on_step=tell)
    finally:
        sys.setprofile(None)
    assert ran
    assert not ran & {each.__file__ for each in (threading, queue, _base, thread)}


def test_while_a_step_is_begun(press, fake_aws, monkeypatch):
    """A step that starts during Ctrl-C is finished and reported as well."""
    thing, pressed, has_begun = FakeResource("thing"), press(""), threading.Event()
    submit = ThreadPoolExecutor.submit

    def submit_and_press(pool, *arguments):
        submit(pool, *arguments)
        assert has_begun.wait(SECONDS)
        pressed.press()

    fake_aws.on_call = lambda *_: has_begun.set()
    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_and_press)
    told = []
    with pytest.raises(KeyboardInterrupt):
        walk(partial(apply, aws=fake_aws), forward([thing]), on_step=told.append)
    assert [step.resource for step in told] == [thing]
    assert set(fake_aws.world) == {"thing"}


def test_between_two_steps(fake_aws):
    """After an interrupt in `on_step`, current steps finish and are reported."""
    slow, quick = FakeResource("slow"), FakeResource("quick")
    is_interrupted = threading.Event()

    def on_call(verb, name):
        if (verb, name) == ("create", "slow"):
            assert is_interrupted.wait(SECONDS)

    def on_step(step):
        told.append(step.resource)
        if told == [quick]:
            raise KeyboardInterrupt

    fake_aws.on_call, told = on_call, []
    with pytest.raises(KeyboardInterrupt):
        walk(
            partial(apply, aws=fake_aws),
            forward([slow, quick]),
            on_step=on_step,
            on_interrupt=lambda _: is_interrupted.set(),
        )
    # The interrupted report is repeated: it may not have been shown.
    assert told[0] is quick
    assert sorted(each.name for each in told[1:]) == ["quick", "slow"]
    assert set(fake_aws.world) == {"slow", "quick"}
