"""One warm worker: a process, and the runtime API it polls."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.local.awslambda.confined import KEY
from cognito_gw.local.awslambda.environment import function_variables
from cognito_gw.local.awslambda.process import Process, Reaper, floor
from cognito_gw.local.awslambda.runtime_api import Invocation, Job, RuntimeApi
from cognito_gw.local.logs import Log, LogQueue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.access import AccessKeys
    from cognito_gw.local.awslambda.clients import Client
    from cognito_gw.local.awslambda.environment import Place
    from cognito_gw.local.awslambda.lambda_store import Function
    from cognito_gw.local.awslambda.runtime_api import Answer
    from cognito_gw.local.events import Activity


@dataclass(frozen=True)
class Host:
    """What all workers of the local AWS share."""

    url: str
    activity: Activity  # receives their logs
    keys: AccessKeys  # each function has its own
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    init_seconds: float = 10.0  # Lambda's limit for the initialization
    reaper: Reaper = field(default_factory=Reaper)
    log_queue: LogQueue = field(default_factory=LogQueue)


class Worker:
    """Runs one invocation at a time, as Lambda does."""

    def __init__(
        self, function: Function, place: Place, client: Client, host: Host
    ) -> None:
        """Run the code in `place` by a runtime client."""
        self.is_usable = True
        self.idle_since = 0.0
        self._function = function
        self._place = place
        self._tmp = place.tmp()
        self._client = client
        self._host = host
        self._log = Log(function, host.activity, host.log_queue)
        self._api = RuntimeApi(function, self._begin)
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._started = 0.0
        self._began = 0.0
        self._init: float | None = None  # milliseconds, for the first call
        self._is_initialized = False

    async def start(self) -> None:
        """Serve the runtime API on its own port, and start the process."""
        port = await self._api.start()
        host, function, place = self._host, self._function, self._place
        variables = {
            "AWS_ENDPOINT_URL": host.url,
            **function_variables(host.environment, function, place, self._log.stream),
            **host.keys.for_function(function.arn).variables,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            KEY: self._api.key,
        }
        self._log.init_start(self._client.version)
        self._started = time.monotonic()
        command = [*self._client.command, function.handler]
        needed = (place.code, place.home, *self._client.needed)
        confined = floor().command(command, self._tmp.name, needed)
        self._process = await Process.start(
            confined, place.code, variables, self._log.say
        )
        host.reaper.guard(self._process.id)
        self._watching = asyncio.create_task(self._watch(self._process))

    async def invoke(self, payload: bytes, client_context: str = "") -> Invocation:
        """Run the function once; failures are answers too."""
        job = Job(payload, client_context)
        self._log.open(job.id)
        self._api.give(job)
        answer = await self._answer(job)
        if not job.taken.done():  # it did not start
            self._begin()
        self._log_end(answer)
        if answer.status:
            self.is_usable = False
        return Invocation(answer.payload, answer.is_error, self._log.take())

    async def stop(self) -> None:
        """End the process and the runtime API."""
        self.is_usable = False
        if self._process is not None:
            await self._process.kill()
        if self._watching is not None:
            await self._watching
        await self._api.stop()
        await asyncio.to_thread(self._tmp.cleanup)

    async def _answer(self, job: Job) -> Answer:
        """Wait for the answer; the timeout starts when the function has the job.

        An initialization above its limit counts against the timeout, as on Lambda.
        """
        if not self._is_initialized:
            either: list[asyncio.Future[Any]] = [job.taken, job.answer]
            await asyncio.wait(
                either,
                timeout=self._host.init_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        seconds = self._function.timeout
        limit = asyncio.get_running_loop().call_later(seconds, job.time_out, seconds)
        try:
            return await job.answer
        finally:
            limit.cancel()

    def _begin(self) -> None:
        """Record that the function has its job; until now it was initializing."""
        self._drain()
        self._began = time.monotonic()
        self._log.start()
        if not self._is_initialized:
            self._is_initialized = True
            self._init = (self._began - self._started) * 1000

    def _log_end(self, answer: Answer) -> None:
        duration = (time.monotonic() - self._began) * 1000
        self._drain()
        memory = self._process.peak_memory if self._process else None
        self._log.end(duration, init=self._init, memory=memory, status=answer.status)
        self._init = None

    def _drain(self) -> None:
        if self._process is not None:
            self._process.drain()

    async def _watch(self, process: Process) -> None:
        """Answer for a process that exits without an answer."""
        how = await process.ended()
        self._host.reaper.release(process.id)
        self.is_usable = False
        self._drain()
        self._api.lose(how)
