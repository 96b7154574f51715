"""The access log of a stage: one line for each request, in CloudWatch Logs."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.local.logs import LogQueue

if TYPE_CHECKING:
    from cognito_gw.local.apigateway.context import Context, Outcome

_VARIABLE = re.compile(r"\$context\.([A-Za-z_][\w-]*(?:\.[\w:-]+)*)")
_ABSENT = "-"  # AWS writes it for a variable without a value
_GROUP = re.compile(r"arn:[^:]+:logs:([^:]+):[^:]*:log-group:([^:]+)(?::\*)?")


@dataclass
class AccessLog:
    """Writes the lines of all stages.

    Source: API Gateway's guide, "Variables for access logging for API Gateway". Values
    are escaped as JSON, so that a caller cannot forge a line.
    """

    queue: LogQueue = field(default_factory=LogQueue)
    _stream: str = field(default_factory=lambda: uuid.uuid4().hex)

    def write(self, settings: dict[str, str], outcome: Outcome, began: float) -> None:
        """Write the line of a request that began then, by `time.monotonic`."""
        group = _GROUP.fullmatch(settings.get("destinationArn", ""))
        if outcome.context is None or group is None:  # or it goes to Firehose
            return
        milliseconds = int((time.monotonic() - began) * 1000)
        values = _values(outcome.context, outcome, milliseconds)
        line = _VARIABLE.sub(
            lambda found: _spelled(values, found[1]), settings.get("format", "")
        )
        self.queue.put(group[1], group[2], self._stream, line)


def _values(context: Context, outcome: Outcome, milliseconds: int) -> dict[str, Any]:
    response, call = outcome.response, outcome.call
    failure = outcome.failure if call else None
    return context.variables | {
        "status": response.status,
        "responseLength": len(response.body),
        "responseLatency": milliseconds,
        "integrationLatency": call.milliseconds if call else None,
        "integrationErrorMessage": failure,
        "integration": {"error": failure},
        "error": response.error or {},
    }


def _spelled(values: Any, name: str) -> str:
    for step in name.split("."):
        values = values.get(step) if isinstance(values, dict) else None
    if values is None or isinstance(values, dict | list):
        return _ABSENT
    return json.dumps(str(values), ensure_ascii=False)[1:-1] or _ABSENT
