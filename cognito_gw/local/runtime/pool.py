"""The warm workers of one revision of a function, and the folder with its code."""

from __future__ import annotations

import asyncio
import os
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.runtime.worker import Worker

if TYPE_CHECKING:
    from cognito_gw.local.records import Function
    from cognito_gw.local.runtime.client import Client
    from cognito_gw.local.runtime.invocation import Invocation
    from cognito_gw.local.runtime.place import Place
    from cognito_gw.local.runtime.worker import Host

# Of one function; further calls wait for one to be free. AWS starts up to 1,000.
_MOST_WORKERS = max(4, 2 * (os.cpu_count() or 1))


class Pool:
    """Runs each call in a worker that is free, or in a new one."""

    def __init__(
        self,
        function: Function,
        place: Place,
        client: Client,
        host: Host,
    ) -> None:
        """Run the function's code, which lies in `place`: the pool's to remove."""
        self.function = function
        self._place = place
        self._client = client
        self._host = host
        self._free = asyncio.Semaphore(_MOST_WORKERS)
        self._calls = 0  # under way, or waiting for a worker
        self._idle: list[Worker] = []  # the one that is idle longest comes first
        self._workers: set[Worker] = set()  # busy ones too
        self._is_retired = False
        self._is_closed = False

    async def run(self, payload: bytes, client_context: str) -> Invocation:
        """Run the function once."""
        self._calls += 1
        try:
            async with self._free:
                return await self._run(payload, client_context)
        finally:
            self._calls -= 1
            self._clear()

    async def retire(self) -> None:
        """End what is idle; what is busy ends with its call."""
        self._is_retired = True
        while self._idle:
            await self._end(self._idle.pop())
        self._clear()

    async def end_idle(self, seconds: float) -> None:
        """End the workers that have been idle for so long."""
        before = time.monotonic() - seconds
        while self._idle and self._idle[0].idle_since <= before:
            await self._end(self._idle.pop(0))

    async def close(self) -> None:
        """End every worker at once."""
        self._is_retired = self._is_closed = True
        for worker in list(self._workers):
            await self._end(worker)
        self._clear()

    async def _run(self, payload: bytes, client_context: str) -> Invocation:
        worker = await self._worker()
        try:
            return await worker.invoke(payload, client_context)
        except asyncio.CancelledError:  # nobody waits for the answer any more
            worker.is_usable = False
            raise
        finally:
            if worker.is_usable and not self._is_retired:
                worker.idle_since = time.monotonic()
                self._idle.append(worker)
            else:
                await self._end(worker)

    async def _worker(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            await self._end(worker)
        if self._is_closed:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            raise AwsFault("ServiceException", "The local AWS is stopping.", status)
        return await self._new_worker()

    async def _new_worker(self) -> Worker:
        worker = Worker(self.function, self._place, self._client, self._host)
        self._workers.add(worker)
        try:
            await worker.start()
        except BaseException:
            await self._end(worker)
            raise
        return worker

    async def _end(self, worker: Worker) -> None:
        self._workers.discard(worker)
        await worker.stop()

    def _clear(self) -> None:
        if self._is_retired and not self._workers and not self._calls:
            self._place.remove()
