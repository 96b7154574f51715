"""One run of a function: the job for its runtime client, and what came of it."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field

LOG_TAIL = 4096  # bytes that Invoke returns of the log
MAX_PAYLOAD = 6 * 1024 * 1024
MAX_RESPONSE = MAX_PAYLOAD + 100  # Lambda's number, and in its message


@dataclass(frozen=True)
class Invocation:
    """What came of one call: the payload, whether it is an error, and its log."""

    payload: bytes
    error: bool = False
    lines: tuple[str, ...] = ()

    @property
    def log_tail(self) -> str:
        """The end of the log, in the length in which Invoke returns it."""
        tail = "\n".join(self.lines).encode()[-LOG_TAIL:].decode("utf-8", "ignore")
        return f"{tail}\n"


@dataclass(frozen=True)
class Answer:
    """What a function answered, or what Lambda answers where it could not."""

    payload: bytes
    is_error: bool = False
    status: str = ""  # in Lambda's REPORT line: of a runtime that failed


@dataclass
class Job:
    """One invocation on its way through the runtime API."""

    payload: bytes
    client_context: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    taken: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    answer: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, answer: Answer) -> None:
        """Take the first answer; a later one comes too late."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def time_out(self, seconds: int) -> None:
        """Answer for a function that took longer than it may."""
        text = f"Error: Task timed out after {seconds:.2f} seconds"
        self.settle(self._failure("Sandbox.Timedout", text, "Status: timeout"))

    def exited(self, how: str) -> Answer:
        """Return the answer for a process that ended, `how` in Lambda's words."""
        status = "Status: error\tError Type: Runtime.ExitError"
        return self._failure("Runtime.ExitError", f"Error: {how}", status)

    def _failure(self, kind: str, text: str, status: str) -> Answer:
        return Answer(failure(kind, f"RequestId: {self.id} {text}"), True, status)


def too_large() -> Answer:
    """Return the answer for a response above Lambda's limit."""
    text = "Response payload size exceeded maximum allowed payload size"
    kind = "Function.ResponseSizeTooLarge"
    return Answer(failure(kind, f"{text} ({MAX_RESPONSE} bytes)."), True)


def failure(kind: str, message: str) -> bytes:
    """Return the payload by which Lambda itself tells of a failure."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
