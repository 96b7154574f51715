"""The order of visits, their concurrency, and the effect of failures."""

from __future__ import annotations

import threading
from functools import partial
from graphlib import CycleError

import pytest
from fakes import FakeResource, refusal

from cognito_gw.engine.reconcile import apply, destroy, refresh
from cognito_gw.engine.resource import Action, Step, state_of
from cognito_gw.engine.walk import backward, closure, forward, walk
from cognito_gw.errors import AwsRefused, CannotChange, CgwError, NotOurs

SECONDS = 10  # fail instead of blocking forever


def keep(resource):
    return Step(resource, Action.KEEP, done=True)


def named(steps):
    return {step.resource.name: step.word for step in steps}


@pytest.fixture
def diamond():
    """A resource on top of two others, which share a dependency."""
    base = FakeResource("base")
    left, right = FakeResource("left", (base,)), FakeResource("right", (base,))
    return FakeResource("top", (left, right)), left, right, base


class TestOrder:
    """The order of creation."""

    def test_needs_first(self, diamond, fake_aws):
        """A resource is visited after all its dependencies."""
        visit = partial(apply, aws=fake_aws)
        order = [step.resource.name for step in walk(visit, forward(diamond))]
        assert order[0] == "base"
        assert set(order[1:3]) == {"left", "right"}
        assert order[3] == "top"

    def test_each_once(self, diamond):
        """Every resource is visited exactly once."""
        visited = []

        def visit(resource):
            visited.append(resource)
            return keep(resource)

        list(walk(visit, forward(diamond)))
        assert sorted(each.name for each in visited) == ["base", "left", "right", "top"]

    def test_needs_outside(self, diamond):
        """A dependency outside of the selection is ignored."""
        top, *_ = diamond
        assert forward([top]) == {top: set()}

    def test_closure(self, diamond):
        """All direct and indirect dependencies of a resource, dependencies first."""
        top, left, right, base = diamond
        assert closure([top]) == [base, left, right, top]

    def test_nothing(self):
        """An empty graph needs no work."""
        assert list(walk(keep, {})) == []

    def test_cycle(self):
        """A cycle is a bug, found before the first visit."""
        a, b = FakeResource("a"), FakeResource("b")
        with pytest.raises(CycleError):
            list(walk(keep, {a: {b}, b: {a}}))


class TestBackward:
    """The order of deletion."""

    def test_dependents_first(self, diamond, fake_aws):
        """A resource is deleted after all its dependents."""
        fake_aws.world |= {each.name: {"id": each.name} for each in diamond}
        list(walk(partial(refresh, aws=fake_aws), forward(diamond)))
        list(walk(partial(destroy, aws=fake_aws), backward(diamond)))
        gone = [name for _, name in fake_aws.writes]
        assert (gone[0], gone[3]) == ("top", "base")

    def test_contents_after_their_container(self):
        """Children are visited after their parent."""
        box = FakeResource("box")
        content = FakeResource("content", container=box)
        assert backward([content, box]) == {content: {box}, box: set()}

    def test_contents_of_contents(self):
        """Children that depend on each other are visited in any order."""
        box = FakeResource("box")
        first = FakeResource("first", container=box)
        second = FakeResource("second", (first,), container=box)
        assert backward([box, first, second]) == {
            box: set(),
            first: {box},
            second: {box},
        }

    def test_content_needs_an_outsider(self):
        """A dependency of a child outside of the parent is visited after the parent."""
        outsider, box = FakeResource("outsider"), FakeResource("box")
        content = FakeResource("content", (outsider,), container=box)
        graph = backward([outsider, box, content])
        assert graph == {outsider: {content}, box: set(), content: {box}}

    def test_container_needs_an_outsider(self):
        """A parent's dependency is visited after it, even if its child needs it too."""
        base = FakeResource("base")
        box = FakeResource("box", (base,))
        content = FakeResource("content", (base,), container=box)
        order = [step.resource for step in walk(keep, backward([base, box, content]))]
        assert order.index(box) < order.index(base)
        assert order.index(box) < order.index(content)

    def test_container_left_out(self):
        """Children are deleted separately if their parent is not deleted."""
        box = FakeResource("box")
        content = FakeResource("content", container=box)
        assert backward([content]) == {content: set()}

    def test_user_of_content(self):
        """A dependent of a child is deleted before the parent."""
        box = FakeResource("box")
        content = FakeResource("content", container=box)
        user = FakeResource("user", (content,))
        order = [step.resource for step in walk(keep, backward([box, content, user]))]
        assert order.index(user) < order.index(content)

    def test_has_no_cycle(self, built):
        """The whole stack has an order for creation and one for deletion."""
        resources = built().resources
        for graph in (forward(resources), backward(resources)):
            assert len(list(walk(keep, graph))) == len(resources)


class TestConcurrency:
    """What runs at the same time."""

    def test_independent_ones_meet(self):
        """Independent resources are visited at the same time."""
        barrier = threading.Barrier(3)

        def visit(resource):
            barrier.wait(SECONDS)
            return keep(resource)

        graph = forward([FakeResource(name) for name in "abc"])
        assert len(list(walk(visit, graph))) == 3

    def test_no_level_barrier(self):
        """A branch continues while a slower one is still running."""
        slow, quick = FakeResource("slow"), FakeResource("quick")
        after = FakeResource("after", (quick,))
        after_is_done = threading.Event()

        def visit(resource):
            if resource is slow:
                assert after_is_done.wait(SECONDS)
            if resource is after:
                after_is_done.set()
            return keep(resource)

        assert len(list(walk(visit, forward([slow, quick, after])))) == 3

    def test_bounded(self):
        """At most as many visits run at once as there are workers."""
        lock, running, most = threading.Lock(), set(), 0
        pair = threading.Barrier(2)

        def visit(resource):
            nonlocal most
            with lock:
                running.add(resource)
                most = max(most, len(running))
            pair.wait(SECONDS)
            with lock:
                running.discard(resource)
            return keep(resource)

        graph = forward([FakeResource(name) for name in "abcdef"])
        list(walk(visit, graph, workers=2))
        assert most == 2

    def test_reports_the_start_of_each_step(self, diamond):
        """Each resource is reported before its step."""
        heard = []
        seen = []

        def on_step(step):
            assert step.resource in heard
            seen.append(step)

        steps = walk(keep, forward(diamond), on_start=heard.append, on_step=on_step)
        assert seen == steps


class TestFailure:
    """What a failure stops, and what it does not."""

    def test_stops_only_dependents(self, diamond, fake_aws):
        """A failure skips all direct and indirect dependents; the rest runs."""
        _, left, right, base = diamond
        far = FakeResource("far", (left, right))
        fake_aws.faults["create", "left"] = refusal("LimitExceededException", "full")
        graph = forward([*diamond, far, FakeResource("lone")])
        steps = list(walk(partial(apply, aws=fake_aws), graph))
        assert named(steps) == {
            "base": "created",
            "right": "created",
            "lone": "created",
            "left": "failed",
            "top": "skipped",
            "far": "skipped",
        }
        assert set(fake_aws.world) == {"base", "right", "lone"}
        assert base.live is not None

    def test_error_is_readable(self, fake_aws):
        """An AWS error becomes a readable one with its code."""
        fake_aws.faults["create", "a"] = refusal("LimitExceededException", "full")
        graph = forward([FakeResource("a")])
        (step,) = walk(partial(apply, aws=fake_aws), graph)
        assert isinstance(step.error, AwsRefused)
        assert "LimitExceededException: full" in step.error.what
        assert (step.action, step.done) == (Action.FAIL, True)

    def test_own_errors_stay(self, fake_aws):
        """Our own errors stay the same."""
        mine = fake_aws.faults["read", "a"] = NotOurs("taken")
        (step,) = walk(partial(apply, aws=fake_aws), forward([FakeResource("a")]))
        assert step.error is mine

    def test_goes_on_next_time(self, diamond, fake_aws):
        """The next walk does the rest, and keeps what exists."""
        fake_aws.faults["create", "left"] = refusal("ServiceUnavailable")
        list(walk(partial(apply, aws=fake_aws), forward(diamond)))
        fake_aws.faults.clear()
        again = named(walk(partial(apply, aws=fake_aws), forward(diamond)))
        assert again == {
            "base": "unchanged",
            "right": "unchanged",
            "left": "created",
            "top": "created",
        }

    def test_failed_removal_keeps_what_it_needs(self, diamond, fake_aws):
        """A failed deletion keeps the dependencies."""
        fake_aws.world |= {each.name: {"id": each.name} for each in diamond}
        fake_aws.faults["delete", "left"] = refusal("ConflictException")
        list(walk(partial(refresh, aws=fake_aws), forward(diamond)))
        steps = named(walk(partial(destroy, aws=fake_aws), backward(diamond)))
        assert steps == {
            "top": "deleted",
            "right": "deleted",
            "left": "failed",
            "base": "skipped",
        }
        assert set(fake_aws.world) == {"left", "base"}

    def test_bug_is_raised(self, diamond, fake_aws):
        """Any other exception is a bug and is raised."""
        fake_aws.faults["create", "base"] = KeyError("bug")
        with pytest.raises(KeyError, match="bug"):
            list(walk(partial(apply, aws=fake_aws), forward(diamond)))
        assert fake_aws.world == {}


class TestInterrupt:
    """The effect of Ctrl-C."""

    def test_begins_nothing_more(self, fake_aws):
        """An interrupted walk starts nothing new, including queued steps."""
        base = FakeResource("base")
        others = [FakeResource(f"other{n}", (base,)) for n in range(3)]

        def started(resource):
            if resource is not base:
                raise KeyboardInterrupt

        graph = forward([base, *others])
        with pytest.raises(KeyboardInterrupt):
            list(walk(partial(apply, aws=fake_aws), graph, on_start=started))
        assert set(fake_aws.world) == {"base"}

    def test_queued_visits_are_dropped(self, fake_aws):
        """Visits that wait for a free worker during Ctrl-C never start."""
        first, second = FakeResource("first"), FakeResource("second")
        third = FakeResource("third")
        interrupted, is_running = threading.Event(), threading.Event()

        def on_call(verb, name):
            if (verb, name) == ("create", "first"):
                is_running.set()
                assert interrupted.wait(SECONDS)

        def started(resource):
            if resource is third:
                assert is_running.wait(SECONDS)
                threading.Timer(0.2, interrupted.set).start()
                raise KeyboardInterrupt

        fake_aws.on_call = on_call
        graph = forward([first, second, third])
        visit = partial(apply, aws=fake_aws)
        with pytest.raises(KeyboardInterrupt):
            list(walk(visit, graph, on_start=started, workers=1))
        assert set(fake_aws.world) == {"first"}, "and what was under way is finished"

    def test_error_while_reporting(self, diamond, fake_aws):
        """An error in `on_step` also starts nothing new, and is raised."""

        def on_step(step):
            raise BrokenPipeError(step.resource.name)

        visit = partial(apply, aws=fake_aws)
        with pytest.raises(BrokenPipeError, match="base"):
            walk(visit, forward(diamond), on_step=on_step)
        assert set(fake_aws.world) == {"base"}


@pytest.mark.parametrize(
    ("action", "error", "settings", "expected"),
    [
        (Action.KEEP, None, {}, "ok"),
        (Action.KEEP, None, {"is_managed": False}, "unmanaged"),
        (Action.CREATE, None, {}, "missing"),
        (Action.UPDATE, None, {}, "drifted"),
        (Action.DELETE, None, {}, "drifted"),
        (Action.SKIP, CgwError("x"), {}, "missing"),
        (Action.FAIL, NotOurs("x"), {}, "unmanaged"),
        (Action.FAIL, CannotChange("x"), {}, "drifted"),
        (Action.FAIL, AwsRefused("x"), {}, None),
    ],
)
def test_state(action, error, settings, expected):
    """Each planned step contains the current state for `status`."""
    step = Step(FakeResource("a", **settings), action, error=error)
    assert state_of(step) == expected
