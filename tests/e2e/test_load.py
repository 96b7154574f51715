"""Many concurrent callers: every answer is correct, and nothing is left behind.

By default each caller makes a few calls. To call for a minute and print figures:

    CGW_LOAD_SECONDS=60 python -m pytest -m nightly tests/e2e/test_load.py -n 0 -s
"""

from __future__ import annotations

import http.client
import itertools
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from commandline import PASSWORD, QuickTerminal

from cognito_gw.local import process

CALLERS, WARM_UP, CALLS = 50, 10, 60
OF_EACH = 4  # file descriptors for a function's process
SECONDS = float(os.environ.get("CGW_LOAD_SECONDS", "0"))
PROC = Path("/proc")
TEXT = """
name: load
user_pool: {sign_in_with: [email]}
users: [{username: alice@example.com, password: "${CGW_ALICE_PASSWORD}"}]
functions: {hello: {}, broken: {code: ./broken}}
api:
  routes:
    GET /hello: {function: hello}
    GET /open: {function: hello, auth: none}
    GET /broken: {function: broken, auth: none}
"""
BROKEN = "def lambda_handler(event, _):\n    raise ValueError('on purpose')\n"

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        not (PROC / "self" / "fd").exists(), reason="counts descriptors in /proc"
    ),
]


@pytest.fixture
def cgw(tmp_path, variables, environment):
    """A user with a separate local AWS, and a stack on it."""
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "CGW_ALICE_PASSWORD": PASSWORD}
    for key, value in (variables | own).items():
        environment.setenv(key, value)
    environment.chdir(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "lambda_function.py").write_text(BROKEN, "utf-8")
    terminal = QuickTerminal(tmp_path, ("--local",))
    terminal.write(TEXT)
    yield terminal
    process.stop(state_of(terminal))


def state_of(terminal):
    """The state directory of its user."""
    return terminal.folder / "state" / "cognito-gw"


class Load:
    """Calls of every kind, with the expected status of each."""

    def __init__(self, url, right, wrong_kind):
        self.url = urlsplit(url)
        head, claims, signature = right.split(".")
        forged = f"{head}.{claims}.{signature[:-8]}{signature[-8:][::-1]}"
        self.kinds = [
            ("/hello", right, 200),
            ("/open", None, 200),
            ("/hello", None, 401),
            ("/hello", forged, 401),
            ("/hello", wrong_kind, 401),
            ("/nothing", right, 403),
            ("/broken", None, 502),
        ]

    def run(self, calls, seconds=0.0):
        """Run all callers; return the count of each status, by kind of call."""
        with ThreadPoolExecutor(CALLERS) as pool:
            each = [pool.submit(self._call, n, calls, seconds) for n in range(CALLERS)]
            return sum((future.result() for future in each), Counter())

    def _call(self, first, calls, seconds):
        connection = http.client.HTTPConnection(self.url.netloc, timeout=60)
        seen = Counter()
        end = time.monotonic() + seconds
        for count in itertools.count():
            if time.monotonic() >= end if seconds else count == calls:
                break
            path, token, wanted = self.kinds[(first + count) % len(self.kinds)]
            headers = {"Authorization": token} if token else {}
            connection.request("GET", self.url.path + path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            seen[path, wanted, answer.status] += 1
        connection.close()
        return seen


def resident(pid):
    """The memory of a process, in KiB."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def descriptors(pid):
    """The number of a process's open descriptors."""
    return len(list((PROC / str(pid) / "fd").iterdir()))


def children(pid):
    """The child processes of a process."""
    tasks = (PROC / str(pid) / "task").iterdir()
    return {int(child) for t in tasks for child in (t / "children").read_text().split()}


def wait_until(is_so):
    """Wait for another process."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_many_callers(cgw):
    """Valid, forged, and missing tokens, unknown routes, and errors, all mixed."""
    url = cgw("up", "-o", "json").document["outputs"]["invoke_url"]
    right, other = (cgw("token", option).out.strip() for option in ("--id", "--access"))
    load = Load(url, right, other)
    server = process.running(state_of(cgw)).pid
    idle = descriptors(server)
    load.run(WARM_UP)
    memory, functions = resident(server), children(server)
    began = time.monotonic()
    seen = load.run(CALLS, SECONDS)
    took = time.monotonic() - began
    figures = (
        f"{seen.total()} calls in {took:.1f} s, {seen.total() / took:.0f} a second; "
        f"resident: {memory} KiB after the warm-up, {resident(server)} at the end\n"
    )
    sys.stderr.write(figures)
    assert {each for each in seen if each[1] != each[2]} == set()
    assert len({each[:2] for each in seen}) == len({each[::2] for each in load.kinds})
    assert resident(server) < 1.2 * memory
    # The functions' processes keep some more open.
    kept = functions | children(server)
    wait_until(lambda: descriptors(server) <= idle + OF_EACH * len(kept))
    process.stop(state_of(cgw))
    wait_until(lambda: not any((PROC / str(pid)).exists() for pid in kept))
