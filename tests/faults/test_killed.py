"""Killed anywhere, cgw goes on: nothing is made twice, and nothing is left."""

from __future__ import annotations

import random

import pytest
from fakes import is_read
from faults.stacks import CHANGED, SMALL
from faults.wire import Kill, Killed, ShortWire, straight

NOTHING = ""
RUNS = {
    "up": (NOTHING, SMALL),
    "up with changes": (SMALL, CHANGED),
    "down": (SMALL, NOTHING),
}


@pytest.fixture
def wire(session, local, monkeypatch):
    """What happens to calls; nothing, until a test says so."""
    return ShortWire(monkeypatch, local.answer, session)


@pytest.fixture
def run(cgw):
    """Return what goes from one stack to another."""

    def run(before, after, workers=16):
        return cgw.up(after, workers) if after else cgw.down(before, workers)

    return run


@pytest.fixture
def points(local, wire, run):
    """Return what runs cgw and tells all that AWS held after each call, and before.

    A process that is killed does nothing more, so a point in a run is what AWS held
    then: before a call, or when it is done and not answered yet. Reads change nothing:
    theirs is what the last write left.
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
    """Return what runs cgw and kills it at a call that a seed chooses."""

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


@pytest.mark.parametrize("name", RUNS)
def test_goes_on_from_anywhere(cgw, local, points, count, name):
    """Wherever it was killed, up finishes, has nothing more to do, and down cleans."""
    before, after = RUNS[name]
    wanted = after or before
    if before:
        cgw.up(before)
    unharmed = local.inventory
    held, number = points(before, after)
    if after:
        unharmed = local.inventory
    for place, state in held:
        local.state = state
        assert cgw.up(wanted).errors == [], place
        assert local.inventory == unharmed, place
        assert cgw.down_unchanged(wanted).errors == [], place
        assert local.inventory == {}, place
    count(number)


@pytest.mark.parametrize("name", ["up", "down"])
def test_down_from_anywhere(cgw, local, points, name):
    """Wherever it was killed, down leaves nothing."""
    before, after = RUNS[name]
    if before:
        cgw.up(before)
    for place, state in points(before, after)[0]:
        local.state = state
        assert cgw.down(after or before).errors == [], place
        assert local.inventory == {}, place


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", RUNS)
def test_killed_in_the_middle_of_many(cgw, local, kill, name, seed):
    """Killed while many calls are under way, it goes on as well."""
    before, after = RUNS[name]
    wanted = after or before
    kill(before, after, f"{name} {seed}")
    assert cgw.up(wanted).errors == []
    assert cgw.up(wanted).writes == []
    names = local.inventory
    assert [len(names[kind]) for kind in ("pools", "apis", "clients")] == [1, 1, 1]
    assert cgw.down(wanted).errors == []
    assert local.inventory == {}
