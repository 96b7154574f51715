"""Callers of one address: `callers.py URL TOKEN CONNECTIONS SECONDS`, in a process.

Each connection stays open and sends the next call after the previous response. The
bytes are read and written here, as a client library would cost more than the gateway.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, request, until, times, answers):
        self.request, self.until = request, until
        self.times, self.answers = times, answers
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        """Start."""
        self.transport = transport
        self._call()

    def connection_lost(self, exc):
        """Stop, also if the server closes the connection."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed by the server"))

    def data_received(self, data):
        """Record a response once it is complete."""
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < int(_LENGTH.search(head)[1]):
            return
        now = time.perf_counter()
        self.times.append(now - self.began)
        self.answers[head[9:12].decode()] += 1
        if now < self.until:
            self._call()
        else:
            self.done.set_result(None)
            self.transport.close()

    def _call(self):
        self.received = b""
        self.began = time.perf_counter()
        self.transport.write(self.request)


async def call(url, token, connections, seconds):
    """Call for a number of seconds; return responses per second, and the durations."""
    there, times, answers = urlsplit(url), [], Counter()
    lines = [f"GET {there.path} HTTP/1.1", f"Host: {there.netloc}"]
    lines += [f"Authorization: {token}"] if token else []
    request = "\r\n".join([*lines, "", ""]).encode()
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    callers = [
        await loop.create_connection(
            lambda: Caller(request, began + seconds, times, answers),
            there.hostname,
            there.port,
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(caller.done for _, caller in callers))
    rate = len(times) / (time.perf_counter() - began)
    times.sort()
    part = {f"p{each}": times[len(times) * each // 100] * 1000 for each in (50, 99)}
    return {"rate": rate, **part, "answers": answers}


if __name__ == "__main__":
    address, its_token, how_many, how_long = sys.argv[1:]
    result = asyncio.run(call(address, its_token, int(how_many), float(how_long)))
    sys.stdout.write(json.dumps(result))
