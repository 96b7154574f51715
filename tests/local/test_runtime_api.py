"""The runtime API serves only its own process."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from types import SimpleNamespace

import aiohttp
import pytest

from cognito_gw.local.awslambda.runtime_api import Job, RuntimeApi

FUNCTION = SimpleNamespace(arn="arn:aws:lambda:us-east-1:1:function:f", timeout=3)
BASE = "2018-06-01/runtime"  # below the key


def serve(exchange):
    """Run an exchange with a runtime API that has a job."""

    async def run():
        api = RuntimeApi(FUNCTION, lambda: None)
        url = f"http://127.0.0.1:{await api.start()}/{api.key}/"
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
def test_requests_of_other_processes_are_refused(verb, path, headers, status):
    async def exchange(session, job):
        async with session.request(verb, f"{BASE}{path}", headers=headers) as response:
            return response.status, job.taken.done(), job.answer.done()

    assert serve(exchange) == (status, False, False)


def spoken(*parts):
    """Send parts, each after the answer to the previous one; return the answers."""

    async def exchange(session, job):
        url = session._base_url  # noqa: SLF001 - aiohttp has no other word for it
        reader, writer = await asyncio.open_connection(url.host, url.port)
        answers = []
        for part in parts:
            host, base = f"{url.host}:{url.port}", f"{url.path}{BASE}"
            text = part.format(base=base, job=job.id, host=host)
            writer.write(text.replace("\n", "\r\n").encode())
            answers.append(await asyncio.wait_for(reader.read(1000), 10))
        writer.close()
        return answers, job.answer.done() and job.answer.result().payload

    return serve(exchange)


RESPONSE = "POST {base}/invocation/{job}/response HTTP/1.1\nHost: {host}\n"


def test_answers_expect_100_continue():
    """Curl sends this before a large body; without an answer it waits for a second."""
    head = f"{RESPONSE}Expect: 100-continue\nContent-Length: 4\n\n"
    (asked, accepted), payload = spoken(head, "done")
    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert accepted.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert payload == b"done"


def test_takes_a_body_in_chunks():
    """Node.js sends a body of unknown length in this way."""
    chunks = "2\ndo\n2\nne\n0\n\n"
    (accepted,), payload = spoken(f"{RESPONSE}Transfer-Encoding: chunked\n\n{chunks}")
    assert accepted.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert payload == b"done"


def test_ends_a_connection_as_the_client_asks():
    head = f"{RESPONSE}Connection: close\nContent-Length: 4\n\n"
    (accepted, rest), _ = spoken(f"{head}done", "")
    assert accepted.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert rest == b""


@pytest.mark.parametrize("rubbish", ["\0\0\0\n\n", "GET\n\n", "GET / HTTP/1.1\nA\n\n"])
def test_ends_a_connection_that_speaks_no_http(rubbish):
    """It takes no job either."""
    assert spoken(rubbish) == ([b""], False)


def test_a_disconnected_client_takes_no_job():
    """The next client gets the job instead."""

    async def run():
        api = RuntimeApi(FUNCTION, lambda: None)
        url = f"http://127.0.0.1:{await api.start()}/{api.key}/"
        try:
            async with aiohttp.ClientSession(url) as session:
                wait = aiohttp.ClientTimeout(0.05)
                with pytest.raises(TimeoutError):
                    await session.get(f"{BASE}/invocation/next", timeout=wait)
                await session.get(f"{BASE}/elsewhere")  # to see its end
                api.give(Job(b"{}"))
                patience = aiohttp.ClientTimeout(10)
                path = f"{BASE}/invocation/next"
                async with session.get(path, timeout=patience) as fetched:
                    return await fetched.read()
        finally:
            await api.stop()

    assert asyncio.run(run()) == b"{}"
