"""The error with which the local AWS refuses a control-plane call."""

from __future__ import annotations


class AwsFault(Exception):
    """An error response of AWS: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Answer with a `code`, a `message` and an HTTP `status`."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
