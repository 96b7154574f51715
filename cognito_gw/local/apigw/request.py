"""A request to a stage, as the gateway reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Incoming:
    """A request; `path` is without the stage, as it was sent."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    request_id: str
    extended_request_id: str
    trace_id: str  # with parent and sampling only where the caller sent all three

    def values(self, name: str) -> list[str]:
        """Return every value of a header."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        values = self.values(name)
        return values[-1] if values else None
