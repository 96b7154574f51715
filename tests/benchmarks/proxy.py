"""A reverse proxy that adds a latency to each call, and counts the calls."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

import aiohttp
from aiohttp import web
from yarl import URL

_LARGEST = 64 * 2**20  # bytes of a request
_OF_ONE_HOP = {
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "transfer-encoding",
}
_NOT_SENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class SlowProxy:
    """A proxy for `target`; `latency` (in seconds) can change at any time."""

    def __init__(self, target):
        self.target = target
        self.latency = 0.0
        self.calls = 0
        self.url = ""

    async def _forward(self, request):
        self.calls += 1
        body = await request.read()
        await asyncio.sleep(self.latency)
        async with self._client.request(
            request.method,
            URL(self.target + request.raw_path, encoded=True),
            headers=_lasting(request.headers),
            data=body,
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
        headers = _lasting(answer.headers)
        return web.Response(status=answer.status, headers=headers, body=content)

    @asynccontextmanager
    async def serving(self):
        """Listen on a free port while the block runs."""
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        async with aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0),
            skip_auto_headers=_NOT_SENT,
        ) as self._client:
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield
            finally:
                await runner.cleanup()


def _lasting(headers):
    return [pair for pair in headers.items() if pair[0].lower() not in _OF_ONE_HOP]


@contextmanager
def slow_proxy(target):
    """Run a proxy in a separate thread."""
    proxy = SlowProxy(target)
    begun, loop, end = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve():
        async with proxy.serving():
            begun.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    begun.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()
