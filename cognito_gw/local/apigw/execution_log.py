"""The answer of TestInvokeMethod, with its execution log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cognito_gw.local.apigw.event import Incoming
    from cognito_gw.local.apigw.proxy_response import Outgoing


@dataclass
class ExecutionLog:
    """Collects the lines that API Gateway writes for a test."""

    request: Incoming
    resource_path: str
    lines: list[str] = field(default_factory=list)

    def answer(self, outgoing: Outgoing, why: str, latency: int) -> dict[str, Any]:
        """Return the operation's answer."""
        body = outgoing.body.decode("utf-8", "replace")
        names = {name for name, _ in outgoing.headers}
        multi = {
            name: [value for key, value in outgoing.headers if key == name]
            for name in sorted(names)
        }
        return {
            "status": outgoing.status,
            "body": body,
            "headers": {name: values[-1] for name, values in multi.items()},
            "multiValueHeaders": multi,
            "latency": latency,
            "log": self._text(outgoing.status, body, why, latency),
        }

    def _text(self, status: int, body: str, why: str, latency: int) -> str:
        request = self.request
        lines = [
            f"Starting execution for request: {request.request_id}",
            f"HTTP Method: {request.method}, Resource Path: {self.resource_path}",
            f"Method request query string: {request.query}",
            f"Method request body before transformations: {request.body.decode()}",
        ]
        if why not in ("function", "mock"):
            lines.append(f"Execution failed due to configuration error: {why}")
        lines += [
            f"Received response. Status: {status}, Integration latency: {latency} ms",
            f"Method response body after transformations: {body}",
            "Successfully completed execution"
            if why in ("function", "mock")
            else "Execution failed",
            f"Method completed with status: {status}",
        ]
        now = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime())
        head = f"Execution log for request {request.request_id}"
        return "\n".join([head, *(f"{now} : {line}" for line in lines)]) + "\n"
