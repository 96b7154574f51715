"""The first `up` of a folder on an existing stack shows its origin and age."""

from __future__ import annotations

import os
import re
import stat
import sys
import uuid
from pathlib import Path

import pexpect
import pytest
from commandline import QuickTerminal

from cognito_gw.app.context import Context, Options
from cognito_gw.app.history import History

pytestmark = pytest.mark.server
FILE = """\
name: {}
region: us-east-1
api:
  routes: {{GET /a: {{}}}}
"""
AGE = r"created on \d{4}-\d\d-\d\d \(\d+ \w+ ago\)"
TOLD = "already exists"


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """A folder with the folders of projects."""
    return tmp_path_factory.mktemp("projects")


@pytest.fixture
def at(at_home, projects):
    """Return what runs `cgw` in a project's folder, with a file for a stack."""

    def run(project, *arguments, stack, code=0):
        folder = projects / project
        folder.mkdir(exist_ok=True)
        at_home.chdir(folder)
        terminal = QuickTerminal(folder, ("--local",))
        terminal.write(FILE.format(stack))
        return terminal(*arguments, code=code)

    return run


@pytest.fixture(scope="module")
def made():
    """The existing stacks."""
    return []


@pytest.fixture
def name(at, made):
    """A stack that the project `one` created."""
    if not made:
        name = f"w{uuid.uuid4().hex[:8]}"
        assert TOLD not in at("one", "up", stack=name).err
        made.append(name)
    return made[0]


def records():
    """The files that record which project applied which stack."""
    return Path(os.environ["XDG_STATE_HOME"], "cognito-gw/stacks").iterdir()


def test_a_second_project_is_warned(at, projects, name):
    """With the same name, it takes over a stack of another folder."""
    assert TOLD not in at("one", "plan", stack=name).err  # it created the stack
    quiet = at("two", "plan", "-q", "-o", "json", stack=name)
    assert (quiet.err, bool(quiet.document["steps"])) == ("", True)
    for command in ("plan", "up"):
        err = at("two", command, stack=name).err
        assert f"the stack `{name}` already exists in the local AWS (us-east-1)" in err
        assert re.search(AGE, err)
        assert f"last applied from {projects / 'one' / 'cgw.yaml'}" in err
    assert TOLD not in at("two", "plan", stack=name).err  # only the first time
    assert TOLD not in at("one", "plan", stack=name).err


def test_a_step_warns_too(at, name):
    assert TOLD in at("three", "pool", stack=name).err
    assert TOLD not in at("three", "pool", stack=name).err


def test_a_renamed_stack_leaves_the_old_one_and_says_so(at, name):
    """`cgw` creates a second stack, and the first one remains until `down`."""
    second = f"{name}-2"
    err = at("one", "up", stack=second).err
    assert f"this file applied the stack `{name}` before, which still exists" in err
    assert f"set `name: {name}` and run `cgw --local down`" in err
    listed = at("one", "list", "-o", "json", stack=name).document["stacks"]
    found = {stack["name"]: stack for stack in listed}
    assert {name, second} <= found.keys()
    assert found[name]["region"] == "us-east-1"
    assert found[name]["env"] is None
    assert found[name]["resources"] >= 4  # pool, API, stage, function
    assert re.match(r"\d{4}-\d\d-\d\dT", found[name]["created"])
    # `down --yes` in another project deletes the first one's stack and reports it.
    assert TOLD in at("two", "down", "--yes", stack=second).err
    assert f'"{second}"' not in "".join(record.read_text() for record in records())
    assert TOLD not in at("two", "plan", stack=second).err
    err = at("one", "plan", stack=f"{name}-3").err
    assert f"`{name}` before, which" in err
    assert f"`{second}` before, which" not in err
    Path("cgw.yaml").unlink()
    listed = QuickTerminal(Path(), ("--local",))("list").out
    assert f"{name} " in listed
    assert second not in listed


def test_the_record_is_private_and_a_bad_one_is_ignored(at_home, projects, name):
    """The same goes for a missing record, as on another machine."""
    at_home.chdir(projects)

    def notices(project):
        folder = projects / project
        folder.mkdir(exist_ok=True)
        (folder / "cgw.yaml").write_text(FILE.format(name))
        options = Options(config=folder / "cgw.yaml", local=True)
        return History(Context(options)).notices()

    (told,) = notices("four")
    assert "last applied from" in told
    kept = {record: record.read_text() for record in records()}
    assert {stat.S_IMODE(record.stat().st_mode) for record in kept} == {0o600}
    for bad in ("[]", '{"stack": 1, "target": "", "files": {}}', "{", None):
        for record in kept:
            record.unlink() if bad is None else record.write_text(bad)
        (told,) = notices("one")
        assert f"`{name}` already exists" in told
        assert "not applied from this machine before" in told
    for record, text in kept.items():
        record.touch(0o600)
        record.write_text(text)
    assert notices("one") == []


def test_at_a_terminal_it_asks(at, projects, name):
    """It asks before it changes something; "no" leaves everything unchanged."""
    folder = projects / "five"
    folder.mkdir()
    text = FILE.format(name).replace("{GET /a: {}}", "{GET /a: {}, GET /b: {}}")
    (folder / "cgw.yaml").write_text(text)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "cognito_gw", "--local", "up"],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 300),
    )
    child.expect_exact("Go on? [y/N]: ")
    assert TOLD in child.before
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert at("one", "plan", "-o", "json", stack=name).changed == {}
