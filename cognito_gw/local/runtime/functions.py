"""The deployed functions: their code on disk, and the warm workers that run it."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from cognito_gw.local import records
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.runtime.worker import Invocation, Worker

_MOST_WORKERS = 4  # of one function; further calls wait for one to be free


@dataclass
class Pool:
    """The workers of one revision of a function."""

    function: records.Function
    folder: tempfile.TemporaryDirectory[str]
    idle: list[Worker] = field(default_factory=list)
    free: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MOST_WORKERS)
    )
    busy: int = 0
    is_retired: bool = False


class Functions:
    """Runs Lambda functions; a changed function is run anew from the next call on."""

    def __init__(self, url: str) -> None:
        """Give the functions the local AWS at `url`."""
        self._url = url
        self._pools: dict[str, Pool] = {}

    async def invoke(self, arn: str, payload: bytes) -> Invocation:
        """Run a function once."""
        function = records.find_function(arn)
        if function is None:
            raise AwsFault(
                "ResourceNotFoundException", f"Function not found: {arn}", 404
            )
        if not function.runtime.startswith("python"):
            return _unsupported(function)
        pool = await self._pool(function)
        async with pool.free:
            return await self._run(pool, payload)

    async def close(self) -> None:
        """End every worker."""
        for pool in list(self._pools.values()):
            await self._retire(pool)
        self._pools.clear()

    async def _pool(self, function: records.Function) -> Pool:
        pool = self._pools.get(function.arn)
        if pool is None or pool.function.revision != function.revision:
            fresh = Pool(function, _unpacked(function))
            self._pools[function.arn] = fresh
            if pool is not None:
                await self._retire(pool)
            return fresh
        return pool

    async def _run(self, pool: Pool, payload: bytes) -> Invocation:
        pool.busy += 1
        try:
            worker = await self._worker(pool)
            invocation = await worker.invoke(payload)
        finally:
            pool.busy -= 1
        if worker.is_usable and not pool.is_retired:
            pool.idle.append(worker)
        else:
            await worker.stop()
        self._clear(pool)
        return invocation

    async def _worker(self, pool: Pool) -> Worker:
        while pool.idle:
            worker = pool.idle.pop()
            if worker.is_usable:
                return worker
            await worker.stop()
        worker = Worker(pool.function, Path(pool.folder.name), self._url)
        await worker.start()
        return worker

    async def _retire(self, pool: Pool) -> None:
        """End what is idle; what is busy ends with its call."""
        pool.is_retired = True
        while pool.idle:
            await pool.idle.pop().stop()
        self._clear(pool)

    def _clear(self, pool: Pool) -> None:
        if pool.is_retired and not pool.busy:
            pool.folder.cleanup()


def _unpacked(function: records.Function) -> tempfile.TemporaryDirectory[str]:
    """Return the function's code in a folder of this user's alone."""
    folder = tempfile.TemporaryDirectory(prefix="cgw-function-")
    with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
        for entry in archive.infolist():  # extract() keeps every path inside
            target = Path(archive.extract(entry, folder.name))
            if mode := (entry.external_attr >> 16) & 0o777:
                target.chmod(mode | 0o600)
    return folder


def _unsupported(function: records.Function) -> Invocation:
    message = (
        f"the local AWS runs Python functions; {function.name} has the runtime "
        f"{function.runtime}"
    )
    body = {"errorType": "Runtime.Unsupported", "errorMessage": message}
    return Invocation(json.dumps(body).encode(), error=True, log_tail=f"{message}\n")
