"""What a diagnosis reads from AWS: read-only, each fact once, nothing unneeded."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from diagnosis.call import Call
from diagnosis.cases.everything import BOTH, CALLS, over
from diagnosis.world import ABSENT
from fakes import refusal

from cognito_gw.diagnosis.rule import Facts, NotInQuestion, Unread, fact

READS = ("get_", "describe_", "list_", "admin_get_", "filter_")


@pytest.fixture(scope="module", autouse=True)
def in_turn():
    """Run the rules in threads, as cgw does."""


@over(BOTH)
def test_every_call_of_aws_only_reads_and_is_made_once(name):
    """Although all rules run at the same time."""
    *_, case = BOTH[name]
    world = case.world()
    case.diagnosed(world)
    assert all(call.startswith(READS) for call in world.names)
    assert world.repeated == []


@over(CALLS)
def test_a_call_that_was_not_sent_reads_each_fact_once(name):
    """Although other rules apply to it."""
    *_, call = CALLS[name]
    world = call.world()
    replace(call, status=None).diagnosed(world)
    assert all(read.startswith(READS) for read in world.names)
    assert world.repeated == []


@pytest.mark.parametrize(
    ("call", "unasked"),
    [
        (Call(), {"get_function", "get_policy", "filter_log_events"}),
        (Call(None), {"get_function", "get_policy", "describe_user_pool_client"}),
        (
            Call(status=502, error=""),
            {"get_policy", "describe_user_pool", "get_stages"},
        ),
        (Call(status=None), {"filter_log_events"}),
        (Call(status=200, error=""), {"get_function", "describe_user_pool"}),
    ],
    ids=["a token", "no token", "a function that fails", "not sent", "all is well"],
)
def test_irrelevant_facts_are_not_read(call, unasked):
    """It would take time and require permissions that callers may lack."""
    world = call.world()
    call.diagnosed(world)
    assert not world.names & unasked


class Known(Facts):
    """A fact that the test provides."""

    def __init__(self, read):
        super().__init__()
        self.read = read

    @fact
    def thing(self):
        """The fact."""
        return self.read()


def test_a_second_reader_of_a_fact_waits_for_the_first():
    """It is not read again."""
    readings, found = [], []

    def read():
        readings.append("read")
        if len(readings) == 1:
            other.start()
        return "known"

    known = Known(read)
    other = threading.Thread(target=lambda: found.append(known.thing))
    found.append(known.thing)
    other.join()
    assert found == ["known", "known"]
    assert readings == ["read"]
    assert known.thing == "known"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (
            refusal("AccessDeniedException", "no", "GetIt"),
            "the caller may not do GetIt",
        ),
        (refusal("Throttling", "slow", "GetIt"), "GetIt: Throttling: slow"),
        (ABSENT, "it is not there"),
    ],
)
def test_a_failure_of_aws_is_a_fact_that_is_unread(error, why):
    """Every rule sees the failure, and the call is made only once."""
    tries = []

    def read():
        tries.append("read")
        raise error

    known = Known(read)
    for _ in range(3):
        with pytest.raises(Unread) as told:
            known.thing  # noqa: B018 - reading it is the point
        assert told.value.what == "the fact"
        assert why in told.value.why
    assert tries == ["read"]


@pytest.mark.parametrize("error", [Unread("another", "so"), NotInQuestion()])
def test_a_dependency_of_a_fact_may_be_unread(error):
    """The unread dependency is the one reported."""

    def read():
        raise error

    with pytest.raises(type(error)) as told:
        Known(read).thing  # noqa: B018 - reading it is the point
    assert told.value is error


def test_a_bug_is_not_an_unread_fact():
    """Otherwise the bug would stay hidden."""

    def read():
        raise KeyError("ours")

    known = Known(read)
    for _ in range(2):
        with pytest.raises(KeyError, match="ours"):
            known.thing  # noqa: B018 - reading it is the point


def test_cases_do_not_share_facts():
    """Each case reads its own."""
    world, cases = Call().world(), [Call().case(), Call().case()]
    for case in cases:
        case.aws = world
        assert case.stages == {"dev": {"stageName": "dev"}}
    assert [name for name, _ in world.calls] == ["get_stages", "get_stages"]
