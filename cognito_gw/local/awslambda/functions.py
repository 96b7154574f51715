"""Runs deployed functions, each in a pool of warm workers."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.local.awslambda.clients import Unsupported, find_client
from cognito_gw.local.awslambda.environment import Places
from cognito_gw.local.awslambda.lambda_store import find_function
from cognito_gw.local.awslambda.process import floor
from cognito_gw.local.awslambda.runtime_api import Invocation, failure
from cognito_gw.local.awslambda.worker import Worker
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.logs import Log

if TYPE_CHECKING:
    from pathlib import Path

    from cognito_gw.local.awslambda.clients import Client
    from cognito_gw.local.awslambda.environment import Place
    from cognito_gw.local.awslambda.lambda_store import Function
    from cognito_gw.local.awslambda.worker import Host


# For one function. Further calls wait for a free worker. AWS starts up to 1,000.
_MOST_WORKERS = max(4, 2 * (os.cpu_count() or 1))


@dataclass(eq=False)
class Pool:
    """The warm workers of one revision: a call runs in a free worker or a new one."""

    function: Function
    _place: Place  # its folder, which the pool removes at its end
    _client: Client
    _host: Host
    _free: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MOST_WORKERS)
    )
    _calls: int = 0  # under way, or waiting for a worker
    _idle: list[Worker] = field(default_factory=list)  # idle longest first
    _workers: set[Worker] = field(default_factory=set)  # busy ones too
    _is_retired: bool = False
    _is_closed: bool = False

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
        """End the idle workers; a busy one ends after its call."""
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
        except asyncio.CancelledError:  # the caller no longer waits
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


_UNSUPPORTED = "Runtime.Unsupported"
_IDLE_SECONDS = 300.0  # then a worker ends, as on Lambda after some minutes
_TIDY_SECONDS = 60.0


class Functions:
    """Runs Lambda functions; a change applies from the next call."""

    def __init__(self, host: Host, folder: Path | None = None) -> None:
        """Run them on `host`, with their files in `folder` or a temporary one."""
        self._host = host
        self._places = Places(folder)
        self._pools: dict[str, Pool] = {}
        self._running: Counter[str] = Counter()  # calls, by function
        self._changing = asyncio.Lock()
        self._tidying: asyncio.Task[None] | None = None

    async def invoke(
        self, arn: str, payload: bytes, client_context: str = ""
    ) -> Invocation:
        """Run a function once; its client context is base64, as clients send it."""
        function = find_function(arn)
        if function is None:
            message, status = f"Function not found: {arn}", HTTPStatus.NOT_FOUND
            raise AwsFault("ResourceNotFoundException", message, status)
        limit = function.concurrency
        if limit is not None and self._running[function.arn] >= limit:
            status = HTTPStatus.TOO_MANY_REQUESTS
            raise AwsFault("TooManyRequestsException", "Rate Exceeded.", status)
        self._running[function.arn] += 1
        try:
            return await self._run(function, payload, client_context)
        finally:
            self._running[function.arn] -= 1

    async def _run(
        self, function: Function, payload: bytes, client_context: str
    ) -> Invocation:
        try:
            pool = self._current(function) or await self._change(function)
        except Unsupported as reason:
            return self._unsupported(function, str(reason))
        return await pool.run(payload, _decoded(client_context))

    def _unsupported(self, function: Function, reason: str) -> Invocation:
        """Return the error of a function that cannot run here, and log the call."""
        log = Log(function, self._host.activity, self._host.log_queue)
        log.open(str(uuid.uuid4()))
        log.start()
        log.say(f"[ERROR] {_UNSUPPORTED}: {reason}")
        status = f"Status: error\tError Type: {_UNSUPPORTED}"
        log.end(0, init=None, memory=None, status=status)
        body = failure(_UNSUPPORTED, reason)
        return Invocation(body, error=True, lines=log.take())

    async def tidy(self, idle_seconds: float) -> None:
        """End workers that were idle for so long, and those of deleted functions."""
        for arn, pool in list(self._pools.items()):
            if find_function(arn) is None:
                del self._pools[arn]
                await pool.retire()
            else:
                await pool.end_idle(idle_seconds)

    async def close(self) -> None:
        """End every worker."""
        if self._tidying is not None:
            self._tidying.cancel()
        async with self._changing:
            for pool in self._pools.values():
                await pool.close()
            self._pools.clear()
            await self._host.reaper.close()
            self._places.remove()

    def _current(self, function: Function) -> Pool | None:
        pool = self._pools.get(function.arn)
        is_current = pool is not None and pool.function.revision == function.revision
        return pool if is_current else None

    async def _change(self, function: Function) -> Pool:
        """Create the pool of a new or changed function, once for all callers."""
        async with self._changing:
            pool = self._current(function)
            if pool is None:
                await self._start()
                pool = await self._create(function)
                outdated = self._pools.pop(function.arn, None)
                self._pools[function.arn] = pool
                if outdated is not None:
                    await outdated.retire()
            return pool

    async def _start(self) -> None:
        if self._tidying is None:
            await self._host.reaper.start()
            await asyncio.to_thread(floor)  # cached from now on
            self._tidying = asyncio.create_task(self._keep_tidy())

    async def _keep_tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            async with self._changing:
                await self.tidy(_IDLE_SECONDS)

    async def _create(self, function: Function) -> Pool:
        place = await asyncio.to_thread(self._places.make, function.code)
        search = (function, place.code, self._host.environment, self._places)
        try:
            client = await asyncio.to_thread(find_client, *search)
        except BaseException:
            place.remove()
            raise
        return Pool(function, place, client, self._host)


def _decoded(client_context: str) -> str:
    """Return a client context as JSON on one line, as a header requires."""
    if not client_context:
        return ""
    return json.dumps(json.loads(base64.b64decode(client_context)))
