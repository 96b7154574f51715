"""After a kill at any point, a rerun creates no duplicates and no leftovers."""

from __future__ import annotations

import random
import re

import pytest
from fakes import is_read
from faults.stacks import CHANGED, SMALL
from faults.wire import Kill, Killed, ShortWire, straight

NOTHING = ""
MAKING = re.compile("(Admin)?(Create|Delete)")
RUNS = {
    "up": (NOTHING, SMALL),
    "up with changes": (SMALL, CHANGED),
    "down": (SMALL, NOTHING),
}


@pytest.fixture
def wire(session, local, monkeypatch):
    """The connection, which works until a test changes it."""
    return ShortWire(monkeypatch, local.answer, session)


@pytest.fixture
def run(cgw):
    """Return a function that changes one stack into another."""

    def run(before, after, workers=16):
        return cgw.up(after, workers) if after else cgw.down(before, workers)

    return run


@pytest.fixture
def points(local, wire, run):
    """Return a function that runs cgw and lists AWS's states around each call.

    A killed process does nothing more, so each point of a run is AWS's state at that
    time: before a call, or after it is done and before its response. Reads change
    nothing: they share the state after the last write.
    """

    def record(before, after):
        held = [("the beginning", local.state)]
        calls = 0

        def carry(_service, operation, serve):
            nonlocal calls
            calls += 1
            answer = serve()
            if not is_read(operation):
                held.append((f"{operation}, call {calls}", local.state))
            return answer

        wire.carry = carry
        assert run(before, after, workers=1).errors == []
        wire.carry = straight
        return held, 2 * calls

    return record


@pytest.fixture
def kill(cgw, wire, run, count):
    """Return a function that kills cgw at a call chosen by a seed."""

    def killed(before, after, seed):
        if before:
            cgw.up(before)
        chance = random.Random(seed)  # noqa: S311 - a seed, not a secret
        is_done = chance.random() < 1 / 2
        wire.carry = Kill(chance.randint(5, 40), is_done=is_done)
        with pytest.raises(Killed):
            run(before, after)
        wire.carry = straight
        count(1)

    return killed


def after_makings(held):
    """Return the states after the first creation and deletion of each kind."""
    firsts = {place.partition(",")[0]: (place, state) for place, state in held[::-1]}
    return [firsts[name] for name in firsts if MAKING.match(name)]


def check_goes_on(cgw, local, held, wanted, unharmed):
    """From each state, `up` completes the stack, and `down` deletes everything."""
    for place, state in held:
        local.state = state
        assert cgw.up(wanted).errors == [], place
        assert local.inventory == unharmed, place
        assert cgw.down_unchanged(wanted).errors == [], place
        assert local.inventory == {}, place


@pytest.fixture
def recorded(cgw, local, points):
    """Return a function that runs cgw once and records the states of AWS."""

    def run(name):
        before, after = RUNS[name]
        if before:
            cgw.up(before)
        unharmed = local.inventory
        held, number = points(before, after)
        return held, number, after or before, local.inventory if after else unharmed

    return run


def check_down(cgw, local, held, wanted):
    """From each state, `down` deletes everything."""
    for place, state in held:
        local.state = state
        assert cgw.down(wanted).errors == [], place
        assert local.inventory == {}, place


@pytest.mark.parametrize("name", RUNS)
def test_goes_on_from_each_creation_and_deletion(cgw, local, recorded, count, name):
    """After a kill before AWS's response, `up` completes the stack or cleans up."""
    held, _, *rest = recorded(name)
    held = after_makings(held)
    check_goes_on(cgw, local, held, *rest)
    if name == "up":  # test_goes_on_from_anywhere deletes from each
        check_down(cgw, local, held[::3], rest[0])
    count(len(held))


@pytest.mark.nightly
@pytest.mark.parametrize("name", RUNS)
def test_goes_on_from_anywhere(cgw, local, recorded, count, name):
    """At any point."""
    held, number, *rest = recorded(name)
    check_goes_on(cgw, local, held, *rest)
    check_down(cgw, local, held, rest[0])
    count(number)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", RUNS)
def test_killed_in_the_middle_of_many(cgw, local, kill, name, seed):
    """With many calls in progress."""
    before, after = RUNS[name]
    wanted = after or before
    kill(before, after, f"{name} {seed}")
    assert cgw.up(wanted).errors == []
    assert cgw.up(wanted).writes == []
    names = local.inventory
    assert [len(names[kind]) for kind in ("pools", "apis", "clients")] == [1, 1, 1]
    assert cgw.down(wanted).errors == []
    assert local.inventory == {}
