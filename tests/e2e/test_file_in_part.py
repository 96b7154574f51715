"""A command checks only the part of the file that it uses."""

from __future__ import annotations

import pytest
from commandline import PASSWORD, QuickTerminal

FILE = """\
name: {name}
region: us-east-1
users: [{{username: alice@example.com, password: "${{ALICE}}"}}]
functions:
  hello: {{code: ./code, environment: {{DB_URL: "${{DB_URL}}"}}, memory: "${{MB}}"}}
"""
CODE = "def lambda_handler(event, context):\n    return {'statusCode': 200}\n"
GIVEN = {"ALICE": PASSWORD, "DB_URL": "postgres://db", "MB": "256"}
READING = [
    "status",
    "outputs",
    "logs",
    "token --access",
    "user list",
    "user disable alice@example.com",
    "user enable alice@example.com",
    "user groups alice@example.com",
    "call /transactions --token none",
    "explain /transactions --token none",
    "down --yes",
]


@pytest.fixture
def stack(cgw, environment, stack_name):
    """An existing stack whose file is about to lose the names it uses."""
    for name, value in GIVEN.items():
        environment.setenv(name, value)
    code = cgw.folder / "code"
    code.mkdir()
    (code / "lambda_function.py").write_text(CODE)
    cgw.write(FILE.format(name=stack_name))
    yield cgw
    for name, value in GIVEN.items():
        environment.setenv(name, value)
    (code / "lambda_function.py").write_text(CODE) if code.exists() else None
    cgw.write(f"name: {stack_name}\nregion: us-east-1\n")
    cgw("down", "--yes")


@pytest.fixture
def lost(stack, environment):
    """The same, without these names."""
    stack("up")
    for name in ("DB_URL", "MB"):
        environment.delenv(name)
    environment.setenv("ALICE", "weak")
    for path in [*(stack.folder / "code").iterdir(), stack.folder / "code"]:
        path.unlink() if path.is_file() else path.rmdir()
    return stack


def test_a_command_needs_its_part_of_the_file(lost, environment):
    """All run on the one stack; those that delete it come last."""
    status_compares_what_it_can(lost)
    making_needs_all(lost)
    a_step_needs_its_part(lost)
    reading_needs_none_of_it(lost, environment)


def status_compares_what_it_can(lost):
    """`status` names values missing from the file and does not report them as drift."""
    found = lost("status", "-o", "json")
    states = {resource["state"] for resource in found.document["resources"]}
    assert states == {"ok"}
    assert "not compared: functions.hello.code: there is no folder" in found.err
    assert "not compared: functions.hello.memory" in found.err
    assert "DB_URL is not set" in found.err


def making_needs_all(lost):
    """`plan` and `up` report everything at once, before any AWS call."""
    for line in (["plan"], ["up"]):
        said = lost(*line, "-v", code=2)
        assert said.calls == []
        for words in ("code: there is no folder", "DB_URL is not set", "too weak"):
            assert words in said.err


def a_step_needs_its_part(lost):
    """A step needs what it creates: the pool no code, the functions no password."""
    lost("pool")
    lost("deploy")
    assert "too weak" not in lost("lambda", code=2).err
    said = lost("user", code=2).err
    assert "too weak" in said
    assert "DB_URL" not in said


def reading_needs_none_of_it(lost, environment):
    """Reading and removing need no code, no variable, and no strong password."""
    for line in READING:
        if line.startswith("token"):
            environment.setenv("ALICE", PASSWORD)
        wanted = {"call": 4, "explain": 0}.get(line.split()[0], 0)
        outcome = lost.run(*line.split())
        assert outcome.code == wanted, f"{line}: {outcome.out}{outcome.err}"


def test_name_of_a_function_is_always_needed(cgw, stack_name):
    """Without the variable in its name, it would be another function."""
    cgw.write(f"name: {stack_name}\nfunctions: {{hello: {{name: '${{FN}}'}}}}\n")
    assert "FN is not set" in cgw("down", "--yes", code=2).err


def test_doctor_sees_no_region_in_a_bad_file(cgw, environment):
    """An unreadable file is different from one without a region."""
    environment.delenv("AWS_REGION", raising=False)
    cgw.write("name: shop\nregion: us-east-1\nfunctions: 3\n")
    found = QuickTerminal(cgw.folder).run("doctor", "-o", "json").document
    states = {each["check"]: each for each in found["checks"]}
    assert states["file"]["state"] == "fail"
    assert states["region"]["state"] == "skipped"
    assert "see `file`" in states["region"]["found"]
