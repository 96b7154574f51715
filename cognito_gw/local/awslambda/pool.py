"""The warm workers of one function revision, and the folders they use."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import tempfile
import time
import zipfile
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.local.awslambda.environment import link_packages
from cognito_gw.local.awslambda.worker import Worker
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.awslambda.clients import Client
    from cognito_gw.local.awslambda.functions import Function
    from cognito_gw.local.awslambda.runtime_api import Invocation
    from cognito_gw.local.awslambda.worker import Host


_PREFIX = "cgw-functions-"


class Place:
    """Where one revision of a function lives, until its last worker has ended."""

    def __init__(self, parent: str, code: bytes) -> None:
        """Unpack the code, read-only as on Lambda, and make an empty home."""
        self._folder = _temporary("function-", parent)
        self.code = Path(self._folder.name, "code")
        self.home = Path(self._folder.name, "home")
        try:
            _unpack(code, self.code)
        except BaseException:
            self.remove()
            raise
        self.home.mkdir(mode=0o500)

    def tmp(self) -> tempfile.TemporaryDirectory[str]:
        """Make a folder for what one worker writes."""
        return _temporary("tmp-", self._folder.name)

    def remove(self) -> None:
        """Remove all of it."""
        self._folder.cleanup()


class Places:
    """Where the functions of one local AWS live; made when it is first needed."""

    def __init__(self, parent: Path | None) -> None:
        """Keep them in `parent`, which is ours alone, or where temporary files go."""
        self._parent = parent

    def make(self, code: bytes) -> Place:
        """Make the place of a new revision of a function."""
        return Place(self._folder.name, code)

    def remove(self) -> None:
        """Remove all of it."""
        if "_folder" in vars(self):
            self._folder.cleanup()

    @cached_property
    def packages(self) -> Path:
        """What Python functions may import besides their code."""
        return link_packages(Path(self._folder.name, "python"))

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        if self._parent is not None:
            _remove_leftovers(self._parent)
        return _temporary(_PREFIX, self._parent)


def _temporary(
    prefix: str, parent: str | Path | None
) -> tempfile.TemporaryDirectory[str]:
    # A process that has left its function's process group may still write there.
    return tempfile.TemporaryDirectory(
        prefix=prefix, dir=parent, ignore_cleanup_errors=True
    )


def _remove_leftovers(parent: Path) -> None:
    """Remove what a server that was killed has left."""
    for folder in parent.glob(f"{_PREFIX}*"):
        for path, _, _ in os.walk(folder):
            Path(path).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(code: bytes, folder: Path) -> None:
    folder.mkdir()
    modes = {folder: 0o500}
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for entry in archive.infolist():  # extract() keeps every path inside
            path = Path(archive.extract(entry, folder))
            modes |= dict.fromkeys(path.parents[: -len(folder.parents)], 0o500)
            modes[path] = (entry.external_attr >> 16) & 0o555 | 0o400
    for path, mode in modes.items():
        path.chmod(mode | 0o100 if path.is_dir() else mode)


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
