"""`cgw logs` against the local AWS, with real processes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager

import pytest
import yaml
from commandline import QuickTerminal, Terminal
from e2e.conftest import in_process

from cognito_gw.aws.clients import Aws

FILE = """\
name: {name}
region: us-east-1
functions: {{hello: {{code: ./code}}}}
api: {{routes: {{GET /transactions: {{auth: none}}}}}}
"""
SOURCE = """
def lambda_handler(event, context):
    print("called with", (event["queryStringParameters"] or {}).get("n"))
    return {"statusCode": 200, "body": ""}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, variables, local):  # noqa: ARG001 - it must be running
    """The folder of a stack whose function logs its calls."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "code").mkdir()
    (folder / "code" / "lambda_function.py").write_text(SOURCE)
    name = f"s{uuid.uuid4().hex[:8]}"
    (folder / "cgw.yaml").write_text(FILE.format(name=name))
    with in_process(variables, folder) as terminal:
        terminal("up")
    yield folder
    with in_process(variables, folder) as terminal:
        terminal("down", "--yes")


@pytest.fixture
def shell(folder, variables):
    """A shell in that folder; `cgw` is a separate process."""
    return Terminal(folder, ("--local",), variables)


@pytest.fixture
def deployed(folder, variables, environment):
    """The same, with `cgw` in this process."""
    for name, value in variables.items():
        environment.setenv(name, value)
    environment.chdir(folder)
    return QuickTerminal(folder, ("--local",), variables)


@contextmanager
def following(shell, *options):
    """Run `cgw logs --follow`, and end it as Ctrl-C does."""
    command = [sys.executable, "-m", "cognito_gw", *shell.options, "logs", "--follow"]
    process = subprocess.Popen(
        [*command, *options],
        cwd=shell.folder,
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            rest, err = process.communicate()
    assert (process.returncode, err) == (130, "interrupted\n"), rest


def test_a_call_is_in_the_log_at_once(deployed):
    deployed("call", "/transactions", "-q", "n=first")
    text = deployed("logs").out
    assert "called with first\n" in text
    events = deployed("logs", "hello", "-o", "json").document["events"]
    written = " ".join(event["message"].split()[0] for event in events)
    assert re.fullmatch(r"INIT_START( START (called )?END REPORT)+", written)
    assert "START called END REPORT" in written
    assert {event["function"] for event in events} == {"hello"}


@pytest.mark.usefixtures("environment")
def test_following_shows_each_call_until_it_is_interrupted(deployed, shell):
    with following(shell) as process:
        for number in range(2):
            deployed("call", "/transactions", "-q", f"n={number}")
            lines = iter(process.stdout.readline, "")
            assert any(f"called with {number}" in line for line in lines)


def test_following_prints_one_object_a_line(deployed, environment):
    """The first wait for more is interrupted."""
    deployed("call", "/transactions")

    def interrupt(_seconds):
        raise KeyboardInterrupt

    environment.setitem(Aws.__init__.__kwdefaults__, "sleep", interrupt)
    told = deployed("logs", "--follow", "-o", "json", code=130)
    events = [json.loads(line) for line in told.out.splitlines()]
    assert events[0].keys() == {"function", "timestamp", "stream", "message"}
    assert events[0]["message"].startswith("INIT_START ")


def test_what_functions_print_cannot_drive_the_terminal(deployed):
    """Nor in the log of the local AWS itself."""
    deployed("call", "/transactions", "-q", "n=\x1b[2J")
    for arguments in (("logs",), ("local", "logs")):
        told = deployed(*arguments).out
        assert "\x1b" not in told
        assert r"called with \x1b[2J" in told


def test_the_log_of_a_removed_stack_is_gone(deployed, account):
    """The last test of this file: it removes the stack."""
    name = yaml.safe_load((deployed.folder / "cgw.yaml").read_text())["name"]
    prefix = {"logGroupNamePrefix": f"/aws/lambda/{name}-"}
    deployed("call", "/transactions")
    assert account.logs.describe_log_groups(**prefix)["logGroups"]
    deployed("down", "--yes")
    assert account.logs.describe_log_groups(**prefix)["logGroups"] == []
