"""The deployed functions: their code on disk, and the warm workers that run it."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.local import records
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.runtime.worker import Invocation, Worker

if TYPE_CHECKING:
    from cognito_gw.local.activity import Activity

_MOST_WORKERS = 4  # of one function; further calls wait for one to be free


@dataclass
class Pool:
    """The workers of one revision of a function, and the folder with its code."""

    function: records.Function
    folder: tempfile.TemporaryDirectory[str]
    url: str
    idle: list[Worker] = field(default_factory=list)
    workers: set[Worker] = field(default_factory=set)  # busy ones too
    free: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MOST_WORKERS)
    )
    is_retired: bool = False

    async def run(self, payload: bytes) -> Invocation:
        """Run the function once, in a worker that is free."""
        async with self.free:
            worker = await self._worker()
            try:
                return await worker.invoke(payload)
            except asyncio.CancelledError:  # nobody waits for the answer any more
                worker.is_usable = False
                raise
            finally:
                await self._give_back(worker)

    async def retire(self) -> None:
        """End what is idle; what is busy ends with its call."""
        self.is_retired = True
        while self.idle:
            await self._end(self.idle.pop())
        self._clear()

    async def close(self) -> None:
        """End every worker at once."""
        self.is_retired = True
        for worker in list(self.workers):
            await self._end(worker)
        self._clear()

    async def _worker(self) -> Worker:
        while self.idle:
            worker = self.idle.pop()
            if worker.is_usable:
                return worker
            await self._end(worker)
        worker = Worker(self.function, Path(self.folder.name), self.url)
        self.workers.add(worker)
        await worker.start()
        return worker

    async def _give_back(self, worker: Worker) -> None:
        if worker.is_usable and not self.is_retired:
            self.idle.append(worker)
        else:
            await self._end(worker)
            self._clear()

    async def _end(self, worker: Worker) -> None:
        self.workers.discard(worker)
        await worker.stop()

    def _clear(self) -> None:
        if self.is_retired and not self.workers:
            self.folder.cleanup()


class Functions:
    """Runs Lambda functions; a changed function is run anew from the next call on."""

    def __init__(self, url: str, activity: Activity) -> None:
        """Give the functions the local AWS at `url`; tell `activity` their logs."""
        self._url = url
        self._activity = activity
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
        return await pool.run(payload)

    async def close(self) -> None:
        """End every worker."""
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()

    async def _pool(self, function: records.Function) -> Pool:
        pool = self._pools.get(function.arn)
        if pool is not None and pool.function.revision == function.revision:
            return pool
        fresh = Pool(function, _unpacked(function), self._url)
        self._pools[function.arn] = fresh
        if pool is not None:
            await pool.retire()
        return fresh


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
