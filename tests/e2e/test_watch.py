"""`cgw up --watch` on the local AWS, with real processes and real saves."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest

SECONDS = 60  # a test that would hang fails instead
FILE = """\
name: {name}
functions:
  hello: {{code: ./hello}}
api:
  routes: {{GET /hello: {{auth: none}}}}
"""
CODE = """\
def lambda_handler(event, context):
    return {{"statusCode": 200, "body": "{0}"}}
"""


class Watching:
    """A running `cgw up --watch`."""

    def __init__(self, process):
        self.process = process
        self.said = ""

    def hear(self, words):
        """Wait for an output."""
        for line in iter(self.process.stderr.readline, ""):
            self.said += line
            if words in line:
                return
        raise AssertionError(self.said)


@contextmanager
def watching(terminal):
    """Run it, and end it as Ctrl-C does: cleanly, leaving nothing."""
    command = [sys.executable, "-m", "cognito_gw", *terminal.options, "up", "--watch"]
    with subprocess.Popen(
        command,
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        running = Watching(process)
        overdue = threading.Timer(SECONDS, process.kill)
        overdue.start()
        try:
            running.hear("press Ctrl-C to stop")
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            running.said += process.communicate()[1]
            overdue.cancel()
    assert process.returncode == 130, running.said
    assert running.said.endswith("\ninterrupted\n")
    assert "Traceback" not in running.said


@pytest.fixture
def code(cgw, stack_name):
    """The code of the function in the file."""
    cgw.write(FILE.format(name=stack_name))
    (cgw.folder / "hello").mkdir()
    yield cgw.write(CODE.format("first"), "hello/lambda_function.py")
    cgw("down", "--yes")


def test_each_save_goes_live_until_it_is_interrupted(cgw, shell, code, stack_name):
    """Even after a mistake, and despite concurrent commands."""
    with watching(shell) as running:
        lines = (line.split() for line in iter(running.process.stdout.readline, ""))
        invoke_url = next(value for name, value in lines if name == "invoke_url")

        def answer(path="/hello"):
            return httpx.get(invoke_url + path).text

        assert answer() == "first"

        code.write_text(CODE.format("second"))
        running.hear(" in ")
        assert answer() == "second"

        draft = code.with_name("draft.tmp")
        draft.write_text(CODE.format("third"))
        draft.replace(code)
        running.hear(" in ")
        assert answer() == "third"

        cgw.write("name: [")
        running.hear("waiting for the next save")
        assert "this is not YAML" in running.said
        repaired = FILE.format(name=stack_name).replace("GET /hello", "GET /bye")
        cgw.write(repaired)
        running.hear(" in ")
        assert answer("/bye") == "third"
        assert "created" not in cgw("up").err
        assert running.process.poll() is None


@pytest.mark.nightly  # test_interrupted.py and faults/test_ctrl_c.py interrupt an `up`
@pytest.mark.usefixtures("code")
def test_ctrl_c_during_a_step_finishes_the_step(cgw, shell):
    """The output says what is left."""
    more = "".join(f"  f{number}: {{code: ./hello}}\n" for number in range(20))
    with watching(shell) as running:
        text = (cgw.folder / "cgw.yaml").read_text()
        text = text.replace("{auth: none}", "{auth: none, function: hello}")
        cgw.write(text.replace("api:", f"{more}api:"))
        running.hear("created ")
    assert "not done: rerun the command to continue\n" in running.said
