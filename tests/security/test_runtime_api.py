"""A worker's runtime API serves that worker; other users and web pages get nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
from types import SimpleNamespace

import pytest
from lambdas import KEYS, URL, deploy, node_client

from cognito_gw.local.awslambda.functions import Functions
from cognito_gw.local.awslambda.runtime_api import Job, RuntimeApi
from cognito_gw.local.awslambda.worker import Host
from cognito_gw.local.events import Activity

FUNCTION = SimpleNamespace(arn="arn:aws:lambda:us-east-1:1:function:f", timeout=3)
BASE = "/2018-06-01/runtime"
PYTHON = """
import os

def handler(event, context):
    return {
        "api": os.environ["AWS_LAMBDA_RUNTIME_API"],
        "environment": dict(os.environ),
        "arguments": open("/proc/self/cmdline", "rb").read().decode(),
    }
"""
NODE = """
const { readFileSync } = require("fs");
exports.handler = async () => ({
  api: process.env.AWS_LAMBDA_RUNTIME_API,
  environment: process.env,
  arguments: readFileSync("/proc/self/cmdline", "utf8"),
});
"""
FUNCTIONS = {
    "python": ({"app.py": PYTHON}, {}),
    "node": (
        {"app.js": NODE},
        {"Runtime": "nodejs22.x"},
    ),
}
with_node = pytest.mark.skipif(
    node_client() is None, reason="aws-lambda-ric for Node.js is not installed"
)
LANGUAGES = ["python", pytest.param("node", marks=with_node)]


def asked(address, verb, path, body=None, **headers):
    """Call a runtime API as any local user could; return the status."""
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request(verb, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def statuses(requests):
    """Send requests to a runtime API that has a job, and return the outcome.

    A request's path may contain the key and the job's ID, which no stranger knows.
    """

    async def run():
        api = RuntimeApi(FUNCTION, lambda: None)
        address = f"127.0.0.1:{await api.start()}"
        try:
            job = Job(b'{"token": "of a user"}')
            api.give(job)
            got = []
            for verb, path, headers in requests:
                known = path.format(key=api.key, job=job.id)
                ask = (asked, address, verb, known, b"forged")
                got.append(await asyncio.to_thread(*ask, **headers))
            return got, job.taken.done(), job.answer.done()
        finally:
            await api.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_neighbor_takes_no_job_and_forges_no_answer(language):
    """A neighbor that finds the port of a warm worker reads and changes nothing."""
    files, settings = FUNCTIONS[language]

    async def run():
        functions = Functions(Host(URL, Activity(), KEYS))
        arn = deploy(files, **settings)
        try:
            done = await functions.invoke(arn, b"{}")
            address = json.loads(done.payload)["api"].partition("/")[0]
            request_id = done.lines[0].split()[2]
            paths = [("GET", f"{BASE}/invocation/next")]
            paths += [
                ("POST", f"{BASE}/invocation/{request_id}/{kind}")
                for kind in ("response", "error")
            ]
            paths += [("POST", f"{BASE}/init/error")]
            got = [
                await asyncio.to_thread(asked, address, verb, path, b"forged")
                for verb, path in paths
            ]
            return got, await functions.invoke(arn, b"{}")
        finally:
            await functions.close()

    got, served = asyncio.run(run())
    assert got == [403] * 4
    assert not served.error


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_other_user_can_read_the_key(language):
    """Not in the arguments, which anyone can read, nor in a function's output."""
    files, settings = FUNCTIONS[language]
    kept = []

    class Watched(RuntimeApi):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            kept.append(self.key)

    async def run():
        functions = Functions(Host(URL, Activity(), KEYS))
        try:
            done = await functions.invoke(deploy(files, **settings), b"{}")
            return json.loads(done.payload), done.lines
        finally:
            await functions.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cognito_gw.local.awslambda.worker.RuntimeApi", Watched)
        told, lines = asyncio.run(run())
    (key,) = kept
    assert len(key) >= 32
    assert key not in json.dumps([told, lines])
    assert "CGW_RUNTIME_KEY" not in told["environment"]


def test_each_worker_has_its_own_key():
    keys = {RuntimeApi(FUNCTION, lambda: None).key for _ in range(10)}
    assert len(keys) == 10


STRANGE = [
    "",
    "/",
    "//",
    "/{key}x",
    "/{key}/..",
    "/../{key}",
    "//{key}",
    "/{key}%2F",
    "/x{key}",
    "/" + "A" * 43,
    "/%C3%A9",
]


@pytest.mark.parametrize("prefix", STRANGE)
def test_no_path_but_that_of_the_key_is_served(prefix):
    paths = [
        ("GET", f"{prefix}{BASE}/invocation/next", {}),
        ("POST", f"{prefix}{BASE}/invocation/{{job}}/response", {}),
        ("POST", f"{prefix}{BASE}/invocation/{{job}}/error", {}),
        ("POST", f"{prefix}{BASE}/init/error", {}),
    ]
    assert statuses(paths) == ([403] * 4, False, False)


def test_half_a_key_is_not_accepted():
    async def run():
        api = RuntimeApi(FUNCTION, lambda: None)
        address = f"127.0.0.1:{await api.start()}"
        path = f"/{api.key[:-1]}{BASE}/invocation/next"
        try:
            return await asyncio.to_thread(asked, address, "GET", path)
        finally:
            await api.stop()

    assert asyncio.run(run()) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"SEC-FETCH-DEST": "empty"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example"},
        {"Host": "localhost"},
    ],
    ids=lambda headers: "-".join(*headers.items()),
)
def test_no_web_page_is_served_even_with_the_key(headers):
    paths = [
        ("GET", f"/{{key}}{BASE}/invocation/next", headers),
        ("POST", f"/{{key}}{BASE}/invocation/{{job}}/response", headers),
        ("POST", f"/{{key}}{BASE}/init/error", headers),
    ]
    assert statuses(paths) == ([403] * 3, False, False)


def test_the_worker_itself_is_served():
    paths = [
        ("GET", f"/{{key}}{BASE}/invocation/next", {}),
        ("POST", f"/{{key}}{BASE}/invocation/{{job}}/response", {}),
    ]
    assert statuses(paths) == ([200, 202], True, True)


def test_request_ids_cannot_be_guessed():
    """They have 122 bits from the system's random numbers."""

    async def ids():
        return [Job(b"").id for _ in range(50)]

    found = asyncio.run(ids())
    assert len({each[:8] for each in found}) == 50
    assert {each[14] for each in found} == {"4"}
