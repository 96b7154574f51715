"""HTTP/1.1 as a runtime client speaks it: one request after another, on one connection.

A general web server would cost a call more than all that the function itself does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # curl asks for it before a large body
_NO_HEADERS: Mapping[str, str] = {}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus
}


@dataclass
class Request:
    """One request, and where its answer goes."""

    connection: Connection
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # by names in lower case
    body: bytearray = field(default_factory=bytearray)
    is_last: bool = False  # as the client closes the connection then

    def answer(
        self,
        status: HTTPStatus,
        body: bytes = b"",
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        """Answer it; whoever has gone hears nothing."""
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        head = f"\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        octets = _STATUS_LINES[status] + head.encode() + body
        self.connection.send(octets, is_last=self.is_last)


class Connection(asyncio.Protocol):
    """One connection, whose client waits for each answer before it asks again."""

    def __init__(
        self,
        handle: Callable[[Request], None],
        connections: set[Connection],
        most_body: int,
    ) -> None:
        """Give each request to `handle`, its body cut off behind `most_body` bytes."""
        self._handle = handle
        self._connections = connections  # those that are open
        self._most_body = most_body
        self._parser = HttpRequestParser(self)
        self._request = Request(self)
        self._transport: asyncio.Transport

    @property
    def is_open(self) -> bool:
        """Whether an answer would still be heard."""
        return self in self._connections

    def send(self, octets: bytes, *, is_last: bool) -> None:
        """Send an answer, and no other if it is the last."""
        if not self.is_open:
            return
        self._transport.write(octets)
        if is_last:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserCallbackError:
            raise  # a fault of ours, for the log
        except (HttpParserError, HttpParserUpgrade):
            self._transport.abort()

    def on_message_begin(self) -> None:
        self._request = Request(self)

    def on_url(self, part: bytes) -> None:
        self._request.path += part.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._request.headers.get("expect") == "100-continue":
            self._transport.write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        if len(self._request.body) <= self._most_body:
            self._request.body += part

    def on_message_complete(self) -> None:
        self._request.is_last = not self._parser.should_keep_alive()
        self._handle(self._request)
