"""What the page shows of an event, whether it is drawn here or arrives later."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cognito_gw.local.activity import Event

ANSWERED = {  # the reasons of requests that went all the way
    "function": "the function answered",
    "mock": "the mock integration answered",
}
LONGEST = 500  # of one cell: a function may print anything
FAILED = 500  # and above: nobody decided against it


def cells(event: Event) -> dict[str, str]:
    """Return the texts of an event's row, by the names of their columns."""
    facts = {name: str(value)[:LONGEST] for name, value in event.facts.items()}
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    if event.kind == "request":
        facts["decision"] = _decision(event.facts["status"], event.facts["why"])
        facts["why"] = ANSWERED.get(facts["why"], facts["why"])
    return facts | {"at": at}


def sent(event: Event) -> bytes:
    """Return the event as a browser's EventSource reads it."""
    data = json.dumps(cells(event))  # on one line, as the format wants it
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def _decision(status: int, why: str) -> str:
    if why in ANSWERED:
        return "let in"
    return "refused" if status < FAILED else "failed"
