"""Deployed functions, and the worker pool of each."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.local import moto_store
from cognito_gw.local.awslambda.clients import Unsupported, find_client
from cognito_gw.local.awslambda.log import Log
from cognito_gw.local.awslambda.pool import Places, Pool
from cognito_gw.local.awslambda.process import floor
from cognito_gw.local.awslambda.runtime_api import Invocation, failure
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from pathlib import Path

    from cognito_gw.local.awslambda.worker import Host


@dataclass(frozen=True)
class Function:
    """A Lambda function as it is configured now."""

    arn: str
    name: str
    region: str
    runtime: str
    handler: str
    code_sha: str
    code: bytes = field(repr=False)
    timeout: int
    memory: int
    log_group: str
    environment: dict[str, str] = field(repr=False)
    role: str = ""  # its ARN
    concurrency: int | None = None  # how many calls it may run at once, if reserved

    @property
    def revision(self) -> tuple[object, ...]:
        """What a running copy must be of, to be still the function."""
        settings = (self.runtime, self.handler, self.timeout, self.memory)
        variables = sorted(self.environment.items())
        return (self.code_sha, self.log_group, *settings, *variables)


def find_function(arn: str) -> Function | None:
    """Return a function by its ARN, qualified or not."""
    region, name = arn.split(":")[3], arn.split(":")[6]
    record = _function(region, name)
    if record is None:
        return None
    return Function(
        arn=str(record.function_arn),
        name=name,
        region=region,
        role=str(record.role),
        runtime=str(record.run_time),
        handler=str(record.handler),
        code_sha=str(record.code_sha_256),
        code=record.code_bytes,
        timeout=int(record.timeout),
        memory=int(record.memory_size),
        log_group=str(record.logs_group_name),
        environment=dict(record.environment_vars or {}),
        concurrency=record.reserved_concurrency,
    )


def policy_of(arn: str) -> list[dict[str, Any]]:
    """Return the statements of a function's resource policy."""
    record = _function(arn.split(":")[3], arn.split(":")[6])
    return [] if record is None else list(record.policy.statements)


def _function(region: str, name: str) -> Any:
    backend = moto_store.backend("lambda", region)
    try:
        return backend.get_function(name)
    except Exception:  # noqa: BLE001 - moto raises one error type per kind of absence
        return None


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
        function = find_function(arn)
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
        self, function: Function, payload: bytes, client_context: str
    ) -> Invocation:
        try:
            pool = self._current(function) or await self._change(function)
        except Unsupported as reason:
            return self._unsupported(function, str(reason))
        return await pool.run(payload, _decoded(client_context))

    def _unsupported(self, function: Function, reason: str) -> Invocation:
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

    async def _made(self, function: Function) -> Pool:
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
