"""The action on one resource, for each of its possible states."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from botocore.exceptions import ReadTimeoutError
from fakes import FakeResource, refusal

from cognito_gw.engine.reconcile import apply, destroy, plan, refresh, require
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Action, Change, NotReady
from cognito_gw.errors import CannotChange, CgwError, Missing

AS_WANTED = {"id": "id-a", "size": 1}
DRIFTED = {"id": "id-a", "size": 2}
UNWANTED = {"is_wanted": False}
EXTERNAL = {"is_managed": False}


class Case(NamedTuple):
    """A state of a resource, and the action for it."""

    reason: str
    live: dict | None
    settings: dict
    words: tuple[str, str]  # of the plan and of the apply
    writes: list[str]


@pytest.mark.parametrize(
    "case",
    [
        Case("it is absent", None, {}, ("create", "created"), ["create"]),
        Case("it is as wanted", AS_WANTED, {}, ("keep", "unchanged"), []),
        Case("more", AS_WANTED | {"hue": 3}, {}, ("keep", "unchanged"), []),
        Case("it differs", DRIFTED, {}, ("update", "updated"), ["update"]),
        Case("ours, unwanted", AS_WANTED, UNWANTED, ("delete", "deleted"), ["delete"]),
        Case("absent, unwanted", None, UNWANTED, ("keep", "unchanged"), []),
        Case("named by `id`", DRIFTED, EXTERNAL, ("keep", "unchanged"), []),
    ],
    ids=lambda case: case.reason,
)
def test_action(fake_aws, case):
    """A plan writes nothing, and an apply does exactly what the plan shows."""
    if case.live:
        fake_aws.world["a"] = dict(case.live)
    resource = FakeResource("a", **case.settings)

    planned = plan(resource, fake_aws)
    assert (planned.word, fake_aws.writes) == (case.words[0], [])
    assert resource.pending == bool(case.writes)

    applied = apply(resource, fake_aws)
    assert applied.word == case.words[1]
    assert [verb for verb, _ in fake_aws.writes] == case.writes
    assert applied.changes == planned.changes
    assert (resource.pending, resource.changed) == (False, bool(case.writes))
    assert resource.live == fake_aws.world.get("a")


class TestLook:
    """Reading, and what counts as absent."""

    def test_reads_what_is_there(self, fake_aws):
        """A refresh keeps AWS's values, even if the file differs."""
        fake_aws.world["a"] = dict(DRIFTED)
        resource = FakeResource("a")
        assert refresh(resource, fake_aws).action is Action.KEEP
        assert resource.live == DRIFTED

    @pytest.mark.parametrize(
        "code",
        [
            "NoSuchEntity",
            "NotFoundException",
            "ResourceNotFoundException",
            "UserNotFoundException",
        ],
    )
    def test_absence_is_not_a_failure(self, fake_aws, code):
        """Each of AWS's errors for a missing object means absent."""
        fake_aws.faults["read", "a"] = refusal(code)
        resource = FakeResource("a")
        refresh(resource, fake_aws)
        assert resource.live is None

    def test_refusal_is_a_failure(self, fake_aws):
        """A denied read does not mean that the resource is absent."""
        fault = fake_aws.faults["read", "a"] = refusal("AccessDeniedException")
        with pytest.raises(type(fault)):
            refresh(FakeResource("a"), fake_aws)

    def test_absent_container(self, fake_aws):
        """Children of an absent resource are absent, without a call."""
        inside = FakeResource("a", container=FakeResource("box"))
        refresh(inside, fake_aws)
        assert inside.live is None
        assert fake_aws.calls == []

    def test_forgets_what_was(self, fake_aws):
        """A second read of a deleted resource discards the first result."""
        fake_aws.world["a"] = dict(AS_WANTED)
        resource = FakeResource("a")
        plan(resource, fake_aws)
        fake_aws.world.clear()
        refresh(resource, fake_aws)
        assert (resource.live, resource.step) == (None, None)


class TestRequire:
    """Resources that another step must have created."""

    def test_missing_names_the_command(self, fake_aws):
        """The error names the command that creates it, with exit code 3."""
        with pytest.raises(Missing, match="thing `a` does not exist yet") as error:
            require(FakeResource("a"), fake_aws)
        assert "cgw thing" in error.value.hint
        assert error.value.exit_code == 3

    @pytest.mark.parametrize("settings", [{}, UNWANTED, EXTERNAL])
    def test_present(self, fake_aws, settings):
        """An existing resource is sufficient in any state."""
        fake_aws.world["a"] = dict(DRIFTED)
        step = require(FakeResource("a", **settings), fake_aws)
        assert step.action is Action.KEEP
        assert fake_aws.writes == []

    def test_unwanted_may_be_missing(self, fake_aws):
        """A resource that the file turns off is not required."""
        assert require(FakeResource("a", **UNWANTED), fake_aws).error is None

    def test_optional_may_be_missing(self, fake_aws):
        """An optional resource is not required."""

        class Optional(FakeResource):
            optional = True

        assert require(Optional("a"), fake_aws).error is None


class TestPlan:
    """What a plan shows, and what it refuses."""

    def test_says_what_changes(self, fake_aws):
        """Each differing field is shown with both values."""
        fake_aws.world["a"] = dict(DRIFTED)
        assert plan(FakeResource("a"), fake_aws).changes == {"size": Change(2, 1)}

    def test_creation_shows_every_field(self, fake_aws):
        """A creation shows all fields that will be set."""
        assert plan(FakeResource("a"), fake_aws).changes == {"size": Change(None, 1)}

    def test_hidden_values(self, fake_aws):
        """Values that may be secret are not shown, neither old nor new."""
        fake_aws.world["a"] = {"environment": {"KEY": "old-secret"}}
        resource = FakeResource("a", wants={"environment": {"KEY": "new-secret"}})
        step = plan(resource, fake_aws)
        assert step.changes == {"environment.KEY": Change("(hidden)", "(hidden)")}
        assert "secret" not in str(step.changes)

    def test_known_after_apply(self, fake_aws):
        """A field that depends on another resource's creation is marked as such."""
        other = FakeResource("b")
        resource = FakeResource("a", points_at=(other, "id"))
        changes = plan(resource, fake_aws).changes
        assert changes["target"] == Change(None, KNOWN_AFTER_APPLY)

    def test_apply_does_not_take_the_placeholder(self, fake_aws):
        """The placeholder for such a value is never sent to AWS."""
        other = FakeResource("b")
        resource = FakeResource("a", points_at=(other, "id"))
        with pytest.raises(NotReady, match="thing `a` needs a value"):
            apply(resource, fake_aws)
        assert "a" not in fake_aws.world

    def test_frozen(self, fake_aws):
        """A change of a fixed field is an error with both values and the key."""
        fake_aws.world["a"] = {"fixed": "old", "size": 2}
        resource = FakeResource("a", wants={"fixed": "new", "size": 1})
        with pytest.raises(CannotChange) as error:
            apply(resource, fake_aws)
        assert error.value.what == (
            'thing `a`: `things.a.fixed` is "new" in the file and "old" on AWS, which '
            "fixes it at creation"
        )
        assert error.value.hint == (
            "undo the change; `cgw down` and `cgw up` replace it"
        )
        assert error.value.at("cgw.yaml:7").what.startswith("cgw.yaml:7: thing `a`: ")
        assert fake_aws.writes == []

    def test_frozen_at_creation(self, fake_aws):
        """Fixed fields can be set at creation."""
        resource = FakeResource("a", wants={"fixed": "new"})
        assert plan(resource, fake_aws).action is Action.CREATE

    def test_external_missing(self, fake_aws):
        """A missing resource with an `id` in the file is never created."""
        with pytest.raises(Missing, match="names it by `id`"):
            apply(FakeResource("a", **EXTERNAL), fake_aws)
        assert fake_aws.writes == []


class TestApply:
    """What an apply does."""

    def test_failed_write_is_not_done(self, fake_aws):
        """A refused creation leaves the resource absent and its change pending."""
        fault = fake_aws.faults["create", "a"] = refusal("LimitExceededException")
        resource = FakeResource("a")
        with pytest.raises(type(fault)):
            apply(resource, fake_aws)
        assert (resource.live, resource.pending, resource.changed) == (
            None,
            True,
            False,
        )

    def test_goes_on(self, fake_aws):
        """After a failure the next apply does the rest."""
        fake_aws.faults["create", "a"] = refusal("Throttling")
        with pytest.raises(type(refusal("Throttling"))):
            apply(FakeResource("a"), fake_aws)
        fake_aws.faults.clear()
        assert apply(FakeResource("a"), fake_aws).word == "created"
        assert apply(FakeResource("a"), fake_aws).word == "unchanged"

    def test_pending_until_applied(self, fake_aws):
        """A planned change is pending, and an applied one is not."""
        resource = FakeResource("a")
        assert not resource.pending
        plan(resource, fake_aws)
        assert (resource.pending, resource.changed) == (True, False)
        apply(resource, fake_aws)
        assert (resource.pending, resource.changed) == (False, True)
        apply(resource, fake_aws)
        assert (resource.pending, resource.changed) == (False, False)

    def test_what_is_new_has_nothing_in_it(self, fake_aws):
        """Children of a resource created in this run are created without a read."""
        container = FakeResource("box")
        part = FakeResource("part", container=container)
        for each in (container, part):
            assert apply(each, fake_aws).word == "created"
        assert ("read", "part") not in fake_aws.calls

    def test_what_was_there_is_looked_into(self, fake_aws):
        """Children of a resource from an earlier run may exist."""
        fake_aws.world |= {"box": dict(AS_WANTED), "part": dict(AS_WANTED)}
        container = FakeResource("box")
        apply(container, fake_aws)
        part = FakeResource("part", container=container)
        assert apply(part, fake_aws).word == "unchanged"

    def test_a_lost_answer_is_looked_for_even_there(self, fake_aws):
        """AWS created the child but the response was lost: it is not created twice."""
        fake_aws.sleep, fake_aws.tell = lambda _: None, lambda _: None
        container = FakeResource("box")
        apply(container, fake_aws)
        part = FakeResource("part", container=container)

        def lose(verb, name):
            if (verb, name) == ("create", "part"):
                fake_aws.on_call = None
                fake_aws.world["part"] = dict(AS_WANTED)
                raise ReadTimeoutError(endpoint_url="https://aws")

        fake_aws.on_call = lose
        assert apply(part, fake_aws).word == "unchanged"
        assert fake_aws.calls.count(("create", "part")) == 1


class TestDestroy:
    """What is deleted, and what stays."""

    def _found(self, fake_aws, **settings):
        fake_aws.world["a"] = dict(AS_WANTED)
        resource = FakeResource("a", **settings)
        refresh(resource, fake_aws)
        return resource

    def test_removes(self, fake_aws):
        """Our resources are deleted, and their old ID is not used afterwards."""
        resource = self._found(fake_aws)
        assert destroy(resource, fake_aws).word == "deleted"
        assert fake_aws.world == {}
        with pytest.raises(NotReady):
            resource["id"]

    def test_absent(self, fake_aws):
        """An absent resource needs no call."""
        assert destroy(FakeResource("a"), fake_aws).word == "unchanged"
        assert fake_aws.calls == []

    def test_gone_meanwhile(self, fake_aws):
        """A resource that disappeared in the meantime counts as deleted."""
        resource = self._found(fake_aws)
        fake_aws.faults["delete", "a"] = refusal("NotFoundException")
        assert destroy(resource, fake_aws).word == "deleted"
        assert resource.live is None

    def test_refused(self, fake_aws):
        """A resource that AWS refuses to delete still exists."""
        resource = self._found(fake_aws)
        fault = fake_aws.faults["delete", "a"] = refusal("ConflictException")
        with pytest.raises(type(fault)):
            destroy(resource, fake_aws)
        assert resource.live == AS_WANTED

    def test_external(self, fake_aws):
        """A resource with an `id` in the file is never deleted."""
        step = destroy(self._found(fake_aws, **EXTERNAL), fake_aws)
        assert step.word == "skipped"
        assert isinstance(step.error, CgwError)
        assert fake_aws.writes == []

    def test_drifted(self, fake_aws):
        """A resource that differs from the file, even in a fixed field, is deleted."""
        resource = self._found(fake_aws, wants={"fixed": "other"})
        assert destroy(resource, fake_aws).word == "deleted"

    def test_unwanted(self, fake_aws):
        """A resource that the file turns off is deleted, too."""
        resource = self._found(fake_aws, **UNWANTED)
        assert destroy(resource, fake_aws).word == "deleted"

    def test_gone_with_its_container(self, fake_aws):
        """A child that was deleted with its parent needs no call."""
        box = FakeResource("box")
        resource = self._found(fake_aws)
        resource.container = box
        assert destroy(resource, fake_aws).word == "deleted"
        assert fake_aws.writes == []

    def test_container_stays(self, fake_aws):
        """A child of a resource that stays is deleted by a separate call."""
        fake_aws.world["box"] = {"id": "id-box"}
        box = FakeResource("box")
        refresh(box, fake_aws)
        resource = self._found(fake_aws)
        resource.container = box
        destroy(resource, fake_aws)
        assert fake_aws.writes == [("delete", "a")]


class TestResource:
    """Properties of every resource."""

    def test_needs(self):
        """A resource depends on all resources in its fields, also in collections."""
        a, b, c = FakeResource("a"), FakeResource("b"), FakeResource("c")
        top = FakeResource("top", above=(a, (b,)), points_at=(c, "id"))
        assert set(top.needs) == {a, b, c}

    def test_errors_show_no_values(self):
        """Responses of AWS, which may contain secrets, are in no representation."""
        resource = FakeResource("a")
        resource.live = {"ClientSecret": "hush"}
        assert "hush" not in repr(resource)
        assert str(resource) == "thing `a`"

    @pytest.mark.parametrize(
        ("live", "expected"),
        [(None, None), ({"id": "i-1"}, "i-1"), ({"size": 1}, "a")],
    )
    def test_id(self, live, expected):
        """Its ID is AWS's ID, or else its name; None while absent."""
        resource = FakeResource("a")
        resource.live = live
        assert resource.id == expected
