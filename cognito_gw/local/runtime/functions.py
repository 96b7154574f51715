"""The deployed functions, and the pool of workers that runs each of them."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.local import records
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.runtime.client import Unsupported, find_client
from cognito_gw.local.runtime.floor import floor
from cognito_gw.local.runtime.invocation import Invocation, failure
from cognito_gw.local.runtime.log import Log
from cognito_gw.local.runtime.place import Places
from cognito_gw.local.runtime.pool import Pool

if TYPE_CHECKING:
    from pathlib import Path

    from cognito_gw.local.runtime.worker import Host


_UNSUPPORTED = "Runtime.Unsupported"
_IDLE_SECONDS = 300.0  # then a worker is ended, as Lambda does after some minutes
_TIDY_SECONDS = 60.0


class Functions:
    """Runs Lambda functions; a changed function is run anew from the next call on."""

    def __init__(self, host: Host, folder: Path | None = None) -> None:
        """Run them on `host`; their files are kept in `folder`, if one is given."""
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
        function = records.find_function(arn)
        if function is None:
            raise AwsFault(
                "ResourceNotFoundException",
                f"Function not found: {arn}",
                HTTPStatus.NOT_FOUND,
            )
        limit = function.concurrency
        if limit is not None and self._running[function.arn] >= limit:
            raise AwsFault(
                "TooManyRequestsException",
                "Rate Exceeded.",
                HTTPStatus.TOO_MANY_REQUESTS,
            )
        self._running[function.arn] += 1
        try:
            return await self._run(function, payload, client_context)
        finally:
            self._running[function.arn] -= 1

    async def _run(
        self, function: records.Function, payload: bytes, client_context: str
    ) -> Invocation:
        try:
            pool = self._current(function) or await self._change(function)
        except Unsupported as reason:
            return self._unsupported(function, str(reason))
        return await pool.run(payload, _decoded(client_context))

    def _unsupported(self, function: records.Function, reason: str) -> Invocation:
        """Answer for a function that nothing here runs; its log tells of the call."""
        log = Log(function, self._host.activity)
        log.open(str(uuid.uuid4()))
        log.start()
        log.say(f"[ERROR] {_UNSUPPORTED}: {reason}")
        status = f"Status: error\tError Type: {_UNSUPPORTED}"
        log.end(0, init=None, memory=None, status=status)
        body = failure(_UNSUPPORTED, reason)
        return Invocation(body, error=True, lines=log.take())

    async def tidy(self, idle_seconds: float) -> None:
        """End the workers that were idle so long, and those of deleted functions."""
        for arn, pool in list(self._pools.items()):
            if records.find_function(arn) is None:
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

    def _current(self, function: records.Function) -> Pool | None:
        pool = self._pools.get(function.arn)
        is_current = pool is not None and pool.function.revision == function.revision
        return pool if is_current else None

    async def _change(self, function: records.Function) -> Pool:
        """Make a pool for a function that is new or changed, once for all callers."""
        async with self._changing:
            pool = self._current(function)
            if pool is None:
                await self._start()
                pool = await self._made(function)
                outdated = self._pools.pop(function.arn, None)
                self._pools[function.arn] = pool
                if outdated is not None:
                    await outdated.retire()
            return pool

    async def _start(self) -> None:
        if self._tidying is None:
            await self._host.reaper.start()
            await asyncio.to_thread(floor)  # known from then on
            self._tidying = asyncio.create_task(self._keep_tidy())

    async def _keep_tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            async with self._changing:
                await self.tidy(_IDLE_SECONDS)

    async def _made(self, function: records.Function) -> Pool:
        place = await asyncio.to_thread(self._places.make, function.code)
        environment = self._host.environment
        try:
            client = await asyncio.to_thread(
                find_client, function, place.code, environment, self._places
            )
        except BaseException:
            place.remove()
            raise
        return Pool(function, place, client, self._host)


def _decoded(client_context: str) -> str:
    """Return a client context as JSON, on the one line that a header may have."""
    if not client_context:
        return ""
    return json.dumps(json.loads(base64.b64decode(client_context)))
