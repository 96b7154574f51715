"""CloudWatch Logs: the log groups of functions."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from cognito_gw.local import moto_store
from cognito_gw.local.awslambda import log
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import logs

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call


# API_PutRetentionPolicy: the days for which events can be kept.
RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]
RETENTIONS += [1096, 1827, 2192, 2557, 2922, 3288, 3653]


@logs.refuses("PutRetentionPolicy")
def impossible_retention(call: Call) -> None:
    """Refuse a number of days that is not on the list: InvalidParameterException."""
    if (days := call["retentionInDays"]) not in RETENTIONS:
        raise AwsFault(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed "
            "to satisfy constraint: Member must satisfy enum value set: "
            f"{RETENTIONS}",
        )


@logs.refuses("CreateLogGroup")
def reserved_name(call: Call) -> None:
    """Refuse names that only AWS gives: InvalidParameterException."""
    if call["logGroupName"].lower().startswith("aws/"):
        raise AwsFault(
            "InvalidParameterException",
            "Log groups starting with AWS/ are reserved for AWS.",
        )


@logs.answers(
    "CreateLogGroup",
    "CreateLogStream",
    "DeleteLogGroup",
    "DeleteLogStream",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "GetLogEvents",
    "PutLogEvents",
    "StartQuery",
)
def printed_lines(call: Call) -> dict[str, Any]:
    """Include the lines that functions have printed until now; moto runs none."""
    _deliver(call.part(log.LogQueue), call.region)
    return call.forward()


@logs.answers("FilterLogEvents")
def events_in_order(call: Call) -> dict[str, Any]:
    """Sort the events of all streams by time, as AWS always does."""
    _deliver(call.part(log.LogQueue), call.region)
    return call.forward(interleaved=True)


def deliver_everywhere(queue: log.LogQueue) -> None:
    """Move waiting lines into their log groups, before these are saved."""
    for region in queue.regions:
        _deliver(queue, region)


def _deliver(queue: log.LogQueue, region: str) -> None:
    """Move waiting lines into their log groups, which Lambda creates if needed."""
    backend = moto_store.backend("logs", region)
    for name, lines in queue.take(region):
        backend.ensure_log_group(name)
        group = backend.groups[name]
        for stream, part in groupby(lines, attrgetter("stream")):
            backend.ensure_log_stream(name, stream)
            group.put_log_events(stream, [_event(line) for line in part])
        _forget_oldest(group)


def _event(line: log.Line) -> dict[str, Any]:
    return {"timestamp": line.timestamp, "message": f"{line.message}\n"}


def _forget_oldest(group: Any) -> None:
    """Keep a group small, as its events stay in memory."""
    surplus = sum(len(stream.events) for stream in group.streams.values())
    surplus -= log.KEPT
    for stream in list(group.streams.values()):
        if surplus <= 0:
            return
        surplus -= len(stream.events)
        # The newest events of a stream stay.
        stream.events = stream.events[surplus:] if surplus < 0 else []
        if not stream.events:
            del group.streams[stream.log_stream_name]
