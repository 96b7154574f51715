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
LET_IN, OWN, REFUSED, FAILED = DECISIONS = (
    "let in",
    "function's own",
    "refused",
    "failed",
)
LONGEST = 500  # of one cell: a function may print anything
BAD, BROKEN = 400, 500  # statuses from which on an answer is an error, or a failure


def cells(event: Event) -> dict[str, str]:
    """Return the texts of an event's row, by the names of their columns."""
    facts = {name: str(value)[:LONGEST] for name, value in event.facts.items()}
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    if event.kind == "request":
        status, why = event.facts["status"], event.facts["why"]
        facts["decision"] = _decision(status, why)
        facts["why"] = ANSWERED.get(why, facts["why"])
        if facts["decision"] == OWN:
            facts["why"] = f"let in; the {status} is the function's own answer"
    return facts | {"at": at}


def sent(event: Event) -> bytes:
    """Return the event as a browser's EventSource reads it."""
    data = json.dumps(cells(event))  # on one line, as the format wants it
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def _decision(status: int, why: str) -> str:
    if why == "function" and status >= BAD:
        return OWN
    if why in ANSWERED:
        return LET_IN
    return REFUSED if status < BROKEN else FAILED
