"""The first `up` of a folder on a stack that exists says whose it is and how old."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from pathlib import Path

import pexpect
import pytest
from commandline import QuickTerminal, share_service_models

from cognito_gw.aws.clients import Aws
from cognito_gw.local import process

pytestmark = pytest.mark.server
FILE = """\
name: {}
region: us-east-1
api:
  routes: {{GET /a: {{}}}}
"""
AGE = r"created on \d{4}-\d\d-\d\d \(\d+ \w+ ago\)"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home of a user with a local AWS that runs."""
    home = tmp_path_factory.mktemp("whose")
    yield home
    process.stop(home / "cognito-gw")


@pytest.fixture
def name(request):
    """The name of a stack that no other test uses."""
    return "w" + re.sub(r"\W", "", request.node.name.removeprefix("test_"))[
        :24
    ].replace("_", "-").strip("-")


@pytest.fixture
def at(home, tmp_path, environment, name):
    """Return what runs `cgw` in a folder, with the file of the stack."""
    environment.setenv("XDG_STATE_HOME", str(home))
    environment.setenv("HOME", str(home))
    share_service_models(environment)
    environment.setitem(Aws.__init__.__kwdefaults__, "sleep", lambda _: None)

    def run(folder, *arguments, code=0, stack=name):
        where = tmp_path / folder
        where.mkdir(exist_ok=True)
        environment.chdir(where)
        terminal = QuickTerminal(where, ("--local",))
        terminal.write(FILE.format(stack))
        return terminal(*arguments, code=code)

    return run


def test_a_second_project_is_told(at, tmp_path, name):
    """Of the same name, it takes over what another folder made: not without a word."""
    told = "already exists"
    assert told not in at("one", "up").err
    assert told not in at("one", "up").err  # its own
    quiet = at("two", "plan", "-q", "-o", "json")
    assert (quiet.err, bool(json.loads(quiet.out)["steps"])) == ("", True)
    for command in ("plan", "up"):
        err = at("two", command).err
        assert f"the stack `{name}` already exists in the local AWS (us-east-1)" in err
        assert re.search(AGE, err)
        assert f"last applied from {tmp_path / 'one' / 'cgw.yaml'}" in err
    assert told not in at("two", "up").err  # told once
    assert told not in at("one", "up").err


def test_a_step_tells_too(at):
    at("one", "up")
    for step in ("pool", "api", "user"):
        assert "already exists" in at(f"two-{step}", step, "--with-deps").err
        assert "already exists" not in at(f"two-{step}", step).err


def test_down_tells_and_forgets(at):
    """`down --yes` in another project removes the first one's stack: it is said."""
    at("one", "up")
    assert "already exists" in at("two", "down", "--yes").err
    assert "already exists" not in at("two", "up").err


def test_a_renamed_stack_leaves_the_old_one_and_says_so(at, name):
    """A second stack is made, and the first one stays until `down`."""
    at("one", "up")
    for command in ("plan", "up"):
        err = at("one", command, stack=f"{name}-2").err
        assert f"this file applied the stack `{name}` before, which still exists" in err
        assert f"set `name: {name}` and run `cgw --local down`" in err
    at("one", "down", "--yes")
    assert "before, which" not in at("one", "plan", stack=f"{name}-3").err.replace(
        f"`{name}-2` before, which", ""
    )


def test_the_record_is_private_and_a_bad_one_is_ignored(at, home, name):
    """As is one that is missing, as on another machine."""
    at("one", "up")
    records = [*(home / "cognito-gw" / "stacks").iterdir()]
    assert {stat.S_IMODE(each.stat().st_mode) for each in records} == {0o600}
    for bad in ("[]", '{"stack": 1, "target": "", "files": {}}', "{"):
        for each in records:
            each.write_text(bad)
        assert at("one", "plan").code == 0
    for each in records:
        each.unlink()
    err = at("two", "plan").err
    assert f"`{name}` already exists" in err
    assert "not applied from this machine before" in err


def test_at_a_terminal_it_asks(at, tmp_path, name):
    """Where something would be changed; a no leaves all as it was."""
    at("one", "up")
    folder = tmp_path / "two"
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
    assert "already exists" in child.before
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert at("one", "plan", "-o", "json").changed == {}


def test_stacks_are_listed(at, name):
    """Without a file, too; what was deleted is none."""
    other = f"{name}-other"
    at("one", "up")
    at("two", "up", stack=other)
    listed = at("one", "list", "-o", "json").document["stacks"]
    found = {each["name"]: each for each in listed}
    assert {name, other} <= {*found}
    assert found[name]["region"] == "us-east-1"
    assert found[name]["env"] is None
    assert found[name]["resources"] >= 4  # pool, API, stage, function
    assert re.match(r"\d{4}-\d\d-\d\dT", found[name]["created"])
    at("two", "down", "--yes", stack=other)
    Path("cgw.yaml").unlink()
    listed = QuickTerminal(Path(), ("--local",))("list").out
    assert f"{name} " in listed
    assert other not in listed
