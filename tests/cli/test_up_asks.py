"""`up` and the steps show what they would delete or replace, and ask at a terminal."""

from __future__ import annotations

import json
import os
import sys

import pexpect
import pytest
from commandline import QuickTerminal, share_service_models

from cognito_gw.aws.clients import Aws
from cognito_gw.local import daemon

FILE = """\
name: shop
region: us-east-1
domain: shop-front-1
api:
  stage: dev
  routes:
    GET /a: {}
    POST /a: {}
"""
SMALLER = FILE.replace("    POST /a: {}\n", "")
RENAMED = FILE.replace("shop-front-1", "shop-window-1").replace("dev", "live")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home of a user with a local AWS that runs."""
    home = tmp_path_factory.mktemp("asks")
    yield home
    daemon.stop(home / "cognito-gw")


@pytest.fixture
def cgw(home, environment):
    """A shell whose file is up."""
    folder = home / "shop"
    folder.mkdir(exist_ok=True)
    environment.setenv("XDG_STATE_HOME", str(home))
    environment.setenv("HOME", str(home))
    environment.chdir(folder)
    share_service_models(environment)
    environment.setitem(Aws.__init__.__kwdefaults__, "sleep", lambda _: None)
    cgw = QuickTerminal(folder, ("--local",))
    cgw.write(FILE)
    cgw("up", "--yes")
    return cgw


@pytest.fixture
def at_terminal(cgw):
    """Return what runs `cgw` at a terminal, answers, and returns what it said."""

    def run(*arguments, answer=None):
        child = pexpect.spawn(
            sys.executable,
            ["-m", "cognito_gw", "--local", *arguments],
            cwd=cgw.folder,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 200),
        )
        said = ""
        if answer is not None:
            child.expect_exact("Go on? [y/N]: ")
            said = child.before
            child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        return child.exitstatus, said, child.before.replace("\r\n", "\n")

    return run


def planned(cgw, *arguments):
    """Return what a command would do, by kind and name."""
    return cgw("plan", *arguments, "-o", "json").changed


def test_a_removed_route_is_a_deletion(cgw):
    """It is a step by itself, in text and in JSON; the API is not changed besides."""
    cgw.write(SMALLER)
    assert "delete    method            POST /a\n" in cgw("plan").out
    assert planned(cgw)["method POST /a"] == "delete"
    assert "rest api shop" not in planned(cgw)
    assert cgw("plan", "--detailed-exitcode", code=2)
    done = cgw("up", "-o", "json")
    assert done.changed["method POST /a"] == "deleted"
    assert set(done.document["steps"][0]) == {
        "kind", "name", "action", "changes", "error",
    }  # fmt: skip
    assert planned(cgw) == {}


def test_renamed_stage_and_domain_are_replacements(cgw):
    """What is lost is said; JSON keeps its words."""
    cgw.write(RENAMED)
    out = cgw("plan").out
    assert "replace   domain            shop-window-1" in out
    assert "lost: the old address of the sign-in pages stops" in out
    assert "replace   stage             live" in out
    assert "lost: the old address of the API stops" in out
    assert planned(cgw)["domain shop-window-1"] == "update"
    assert "replaced  domain" in cgw("up").err


@pytest.mark.parametrize(
    ("text", "command", "words"),
    [
        (SMALLER, "api", "delete    method            POST /a"),
        (RENAMED, "domain", "replace   domain            shop-window-1"),
        (RENAMED, "deploy", "replace   stage             live"),
        (SMALLER, "up --watch", "delete    method            POST /a"),
    ],
)
def test_a_no_changes_nothing(cgw, at_terminal, text, command, words):
    """What would be lost is shown before the question."""
    cgw.write(text)
    before = planned(cgw)
    code, said, _ = at_terminal(*command.split(), answer="n")
    assert code == 1
    assert words in said
    assert planned(cgw) == before


def test_a_yes_goes_on(cgw, at_terminal):
    cgw.write(SMALLER)
    code, _, rest = at_terminal("up", answer="y")
    assert code == 0, rest
    assert planned(cgw) == {}


@pytest.mark.parametrize("options", ["--yes", "-y", "-o json"])
def test_nothing_is_asked_where_it_is_not_wanted(cgw, at_terminal, options):
    """Neither with `--yes` nor where JSON is all that may be printed."""
    cgw.write(SMALLER)
    code, _, rest = at_terminal("up", *options.split())
    assert code == 0, rest
    assert "Go on?" not in rest


def test_what_only_adds_is_not_asked_about(cgw, at_terminal):
    cgw.write(FILE + "    GET /b: {}\n")
    code, _, rest = at_terminal("up")
    assert code == 0, rest
    assert "Go on?" not in rest


def test_json_of_a_removed_route_has_the_keys_of_a_step(cgw):
    cgw.write(SMALLER)
    steps = json.loads(cgw("plan", "-o", "json").out)["steps"]
    (removed,) = [each for each in steps if each["action"] == "delete"]
    assert removed == {
        "kind": "method",
        "name": "POST /a",
        "action": "delete",
        "changes": {},
        "error": None,
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("user_pool: {sign_in_with: []}", "`user_pool.sign_in_with` is [] in the file"),
        ("app_clients: {web: {secret: true}}", "`app_clients.web.secret` is true in"),
    ],
)
def test_what_aws_fixes_is_told_before_anything_is_deleted(cgw, change, told):
    """A run that is sure to fail removes no route first."""
    cgw.write(f"{SMALLER}{change}\n")
    failed = cgw("up", "--yes", code=1)
    line = SMALLER.count("\n") + 1
    assert f"cgw.yaml:{line}: " in failed.err
    assert told in failed.err
    assert "deleted" not in failed.err
    steps = cgw("up", "--yes", "-o", "json", code=1).document["steps"]
    assert {each["action"] for each in steps} == {"failed", "skipped"}
    cgw.write(SMALLER)
    steps = cgw("plan", "-o", "json").document["steps"]
    assert [each["name"] for each in steps if each["action"] == "delete"] == ["POST /a"]
