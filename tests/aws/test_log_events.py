"""Each log event is returned once, by time, even if CloudWatch shows it late."""

from __future__ import annotations

import pytest

from cognito_gw.aws.log_events import POLL_SECONDS, LogReader, follow, read_all

NOW = 1_800_000_000_000


class FakeLogs:
    """CloudWatch Logs in memory, with two events per page, and its log groups."""

    def __init__(self):
        self.groups = {"one": [], "two": []}
        self.ids = 0

    def put(self, at, message, group="one"):
        self.ids += 1
        self.groups[group].append(
            {
                "eventId": str(self.ids),
                "logStreamName": "stream",
                "timestamp": NOW + at,
                "message": message,
            }
        )

    def get_paginator(self, operation):
        assert operation == "filter_log_events"
        return self

    def paginate(self, *, logGroupName, startTime):  # noqa: N803 - AWS's names
        events = self.groups[logGroupName]
        found = [event for event in events if event["timestamp"] >= startTime]
        for first in range(0, len(found), 2):
            yield {"events": found[first : first + 2]}
        yield {"events": []}


@pytest.fixture
def logs():
    return FakeLogs()


@pytest.fixture
def readers(logs):
    return [LogReader(logs, name, name, NOW) for name in ("one", "two")]


def said(events):
    return [event.message for event in events]


def test_groups_are_read_from_a_time_on_and_put_in_order(logs, readers):
    logs.put(-1, "before")
    for at in (0, 20, 40):
        logs.put(at, f"at {at}")
    for at in (10, 30):
        logs.put(at, f"at {at}", "two")
    events = read_all(readers)
    assert said(events) == ["at 0", "at 10", "at 20", "at 30", "at 40"]
    assert [event.function for event in events] == ["one", "two", "one", "two", "one"]


def test_events_of_one_moment_stay_in_their_order(logs, readers):
    for number in range(20):
        logs.put(0, str(number))
    assert said(read_all(readers)) == [str(number) for number in range(20)]


def test_an_event_is_read_once(logs, readers):
    logs.put(0, "first")
    assert said(read_all(readers)) == ["first"]
    logs.put(0, "in the same millisecond")
    assert said(read_all(readers)) == ["in the same millisecond"]
    assert said(read_all(readers)) == []


def test_an_event_that_comes_late_is_read_too(logs, readers):
    logs.put(60_000, "young")
    read_all(readers)
    logs.put(51_000, "late")
    assert said(read_all(readers)) == ["late"]
    assert said(read_all(readers)) == []


def test_what_was_read_long_ago_is_not_asked_for_again(logs, readers):
    logs.put(0, "old")
    logs.put(60_000, "young")
    read_all(readers)
    assert readers[0].start == NOW + 50_000
    assert readers[1].start == NOW


def test_following_waits_between_the_readings(logs, readers):
    class EnoughError(Exception):
        pass

    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            raise EnoughError
        logs.put(len(waits), f"after {len(waits)} waits")

    events = follow(readers, sleep)
    assert said([next(events), next(events)]) == ["after 1 waits", "after 2 waits"]
    with pytest.raises(EnoughError):
        next(events)
    assert waits == [POLL_SECONDS] * 3
