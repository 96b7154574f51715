"""The one error type with which local mode refuses a control-plane call."""

from __future__ import annotations


class AwsFault(Exception):
    """An error answer of AWS: its code, its words and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep the answer's `code`, `message` and HTTP `status`."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
