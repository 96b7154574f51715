"""Events are kept for a while and sent to all followers."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from cognito_gw.local.events import Activity


@pytest.fixture
def activity():
    return Activity()


def lines(events):
    return [event.facts["line"] for event in events]


async def followed(activity, after, *added):
    """Follow, add lines meanwhile, close, and return the received events."""
    told = []

    async def follow():
        async with aclosing(activity.follow(after)) as events:
            told.extend([event async for event in events])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow())
        await asyncio.sleep(0)  # it follows now
        for line in added:
            await asyncio.to_thread(activity.add, "log", line=line)
        activity.close()
    return lines(told)


def test_a_follower_gets_new_events(activity):
    activity.add("log", line="before")
    assert asyncio.run(followed(activity, None, "one", "two")) == ["one", "two"]


def test_a_returning_follower_gets_missed_events(activity):
    for line in ("known", "missed"):
        activity.add("log", line=line)
    known = activity.latest()[0].id
    assert asyncio.run(followed(activity, known, "new")) == ["missed", "new"]


def test_a_slow_follower_loses_the_latest_events_but_not_the_end(activity):
    many = [str(number) for number in range(2000)]

    async def follow_slowly():
        events = activity.follow()
        first = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        for line in many:
            activity.add("log", line=line)
        activity.close()
        return [await first, *[event async for event in events]]

    told = lines(asyncio.run(follow_slowly()))
    assert told == many[: len(told)]
    assert 500 < len(told) < 2000


def test_many_log_lines_do_not_displace_mail(activity):
    activity.add("mail", code="123456")
    for number in range(1000):
        activity.add("log", line=str(number))
    latest = activity.latest()
    assert latest[0].facts == {"code": "123456"}
    assert lines(latest[1:]) == [str(number) for number in range(800, 1000)]


def test_ids_rise_over_a_restart(activity):
    activity.add("log", line="one")
    later = Activity()
    later.add("log", line="two")
    assert 0 < activity.last_id < later.last_id
