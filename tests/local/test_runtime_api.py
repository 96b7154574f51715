"""The runtime API serves its own process, and nobody else."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from types import SimpleNamespace

import aiohttp
import pytest

from cognito_gw.local.runtime.invocation import Job
from cognito_gw.local.runtime.runtime_api import RuntimeApi

FUNCTION = SimpleNamespace(arn="arn:aws:lambda:us-east-1:1:function:f", timeout=3)
BASE = "/2018-06-01/runtime"


def serve(exchange):
    """Run an exchange with a runtime API that has a job."""

    async def run():
        api = RuntimeApi(FUNCTION, lambda: None)
        url = f"http://127.0.0.1:{await api.start()}"
        try:
            async with aiohttp.ClientSession(url) as session:
                job = Job(b'{"n": 1}')
                api.give(job)
                return await exchange(session, job)
        finally:
            await api.stop()

    return asyncio.run(run())


def test_a_job_is_fetched_and_answered():
    async def exchange(session, job):
        async with session.get(f"{BASE}/invocation/next") as fetched:
            payload, headers = await fetched.read(), fetched.headers
        path = f"{BASE}/invocation/{job.id}/response"
        async with session.post(path, data=b"done") as posted:
            return payload, headers, posted.status, await job.answer

    payload, headers, status, answer = serve(exchange)
    assert payload == b'{"n": 1}'
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == FUNCTION.arn
    assert "Lambda-Runtime-Client-Context" not in headers
    assert (status, answer.payload, answer.is_error) == (202, b"done", False)


@pytest.mark.parametrize(
    ("verb", "path", "headers", "status"),
    [
        ("GET", "/invocation/next", {"Host": "evil.example"}, HTTPStatus.FORBIDDEN),
        ("POST", "/invocation/another/response", {}, HTTPStatus.BAD_REQUEST),
        ("GET", "/elsewhere", {}, HTTPStatus.NOT_FOUND),
    ],
)
def test_what_is_not_of_its_process_is_refused(verb, path, headers, status):
    async def exchange(session, job):
        async with session.request(verb, f"{BASE}{path}", headers=headers) as response:
            return response.status, job.taken.done(), job.answer.done()

    assert serve(exchange) == (status, False, False)
