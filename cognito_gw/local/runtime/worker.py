"""One warm copy of a function: a process of AWS's runtime client, and its runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.local.runtime.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from cognito_gw.local.records import Function

_log = logging.getLogger(__name__)
_BASE = "/2018-06-01/runtime"
_LOG_TAIL = 4096  # bytes that Invoke returns of the log
_INIT_SECONDS = 10.0  # what Lambda gives a function to start
_MAX_ANSWER = 6 * 1024 * 1024
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "SYSTEMROOT",
    "TMPDIR",
    "LD_LIBRARY_PATH",
)


@dataclass(frozen=True)
class Invocation:
    """What came of one call: the payload, whether it is an error, and the log's end."""

    payload: bytes
    error: bool = False
    log_tail: str = ""


@dataclass
class Job:
    """One invocation on its way through the runtime API."""

    request_id: str
    payload: bytes
    taken: asyncio.Future[Any]
    answer: asyncio.Future[Any]  # payload, and whether it is an error


class Worker:
    """Runs one invocation at a time, as Lambda does."""

    def __init__(self, function: Function, folder: Path, url: str) -> None:
        """Run the function's code, which lies in `folder`; its AWS is at `url`."""
        self.function = function
        self.is_usable = True
        self._folder = folder
        self._url = url
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._job: Job | None = None
        self._lines: deque[str] = deque(maxlen=1000)
        self._stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"
        self._process: asyncio.subprocess.Process | None = None
        self._output: Output | None = None
        self._watching: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve the runtime API on a port of its own, and start the process."""
        app = web.Application(client_max_size=2 * _MAX_ANSWER)
        app.add_routes(
            [
                web.get(f"{_BASE}/invocation/next", self._next),
                web.post(f"{_BASE}/invocation/{{id}}/response", self._response),
                web.post(f"{_BASE}/invocation/{{id}}/error", self._error),
                web.post(f"{_BASE}/init/error", self._init_error),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self._output = Output(self._say)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "awslambdaric",
            self.function.handler,
            cwd=self._folder,
            env=self._environment(port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._output.writer,
            stderr=self._output.writer,
            start_new_session=True,  # so that what the function starts ends with it
        )
        os.close(self._output.writer)
        self._watching = asyncio.create_task(self._watch())

    async def invoke(self, payload: bytes) -> Invocation:
        """Run the function once; a failure of any kind is an answer too."""
        loop = asyncio.get_running_loop()
        job = Job(
            str(uuid.uuid4()), payload, loop.create_future(), loop.create_future()
        )
        self._lines.clear()
        self._job = job
        began = time.monotonic()
        self._say(f"START RequestId: {job.request_id} Version: $LATEST")
        await self._jobs.put(job)
        body, is_error = await self._answer(job)
        if self._output is not None:
            self._output.drain()  # what was printed before the answer
        self._job = None
        self._say(f"END RequestId: {job.request_id}")
        milliseconds = (time.monotonic() - began) * 1000
        self._say(
            f"REPORT RequestId: {job.request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Memory Size: {self.function.memory} MB"
        )
        tail = "\n".join(self._lines).encode()[-_LOG_TAIL:].decode("utf-8", "ignore")
        return Invocation(body, is_error, f"{tail}\n")

    async def stop(self) -> None:
        """End the process and the runtime API."""
        self.is_usable = False
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        if self._watching is not None:
            await self._watching
        if self._output is not None:
            self._output.close()
            self._output = None
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, job: Job) -> tuple[bytes, bool]:
        """Wait for the answer; the time limit begins when the function has the job."""
        await asyncio.wait(
            [job.taken, job.answer],
            timeout=_INIT_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        try:
            async with asyncio.timeout(self.function.timeout):
                payload, is_error = await job.answer
                return payload, is_error
        except TimeoutError:
            await self.stop()
            text = f"Error: Task timed out after {self.function.timeout:.2f} seconds"
            return _failure("Sandbox.Timedout", job, text)

    async def _next(self, _: web.Request) -> web.Response:
        job = await self._jobs.get()
        job.taken.set_result(None)
        deadline = int((time.time() + self.function.timeout) * 1000)
        return web.Response(
            body=job.payload,
            # The runtime client crashes without the type and the trace id.
            headers={
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": job.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": self.function.arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):x}-"
                f"{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )

    async def _response(self, request: web.Request) -> web.Response:
        return self._take(request, await request.read(), is_error=False)

    async def _error(self, request: web.Request) -> web.Response:
        return self._take(request, await request.read(), is_error=True)

    async def _init_error(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.is_usable = False
        if self._job and not self._job.answer.done():
            self._job.answer.set_result((body, True))
        return web.json_response({"status": "OK"}, status=202)

    def _take(
        self, request: web.Request, body: bytes, *, is_error: bool
    ) -> web.Response:
        job = self._job
        if job is None or job.request_id != request.match_info["id"]:
            return web.json_response({"errorMessage": "no such request"}, status=400)
        if not job.answer.done():
            job.answer.set_result((body, is_error))
        return web.json_response({"status": "OK"}, status=202)

    async def _watch(self) -> None:
        """Tell of a process that ends without an answer."""
        if self._process is None:
            return
        status = await self._process.wait()
        self.is_usable = False
        if self._job and not self._job.answer.done():
            text = f"Error: Runtime exited with error: exit status {abs(status)}"
            self._job.answer.set_result(_failure("Runtime.ExitError", self._job, text))

    def _say(self, line: str) -> None:
        self._lines.append(line)
        _log.info("[%s] %s", self.function.name, line)

    def _environment(self, port: int) -> dict[str, str]:
        """Return Lambda's variables; of ours, just what a process needs to run."""
        function = self.function
        around = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **around,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self._stream,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "LAMBDA_TASK_ROOT": str(self._folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
            **function.environment,
        }


def _failure(kind: str, job: Job, text: str) -> tuple[bytes, bool]:
    message: dict[str, Any] = {
        "errorType": kind,
        "errorMessage": f"RequestId: {job.request_id} {text}",
    }
    return json.dumps(message).encode(), True
