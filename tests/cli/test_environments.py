"""Environments of one file: two stacks side by side, one of them protected."""

from __future__ import annotations

import pytest
from commandline import at_home

from cognito_gw.local import process

pytestmark = pytest.mark.server
FILE = """\
name: shop
region: us-east-1
users: [{username: alice@example.com, password: Correct-Horse-1}]
api:
  routes: {GET /a: {}}
environments:
  dev:
    target: local
    api: {routes: {GET /debug: {}}}
  prod:
    api: {stage: prod}
    protect: true
"""
SMALLER = FILE.replace("GET /a: {}}", "GET /b: {}}")
LARGER = FILE.replace("GET /a: {}}", "GET /a: {}, GET /b: {}}")
PROD = ("--local", "--env", "prod")
UNPROTECTED = FILE.replace("    protect: true\n", "")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home directory of a user with a running local AWS."""
    home = tmp_path_factory.mktemp("environments")
    yield home
    process.stop(home / "cognito-gw")


@pytest.fixture(scope="module")
def made():
    """What is up."""
    return []


@pytest.fixture
def cgw(home, made, environment):
    """A shell in which both environments are up, unchanged by the test before."""
    cgw = at_home(home, environment)
    cgw.write(FILE)
    if not made:
        cgw("--env", "dev", "up")
        cgw(*PROD, "up", "--yes")
        made.append(FILE)
    return cgw


@pytest.fixture
def at_terminal(cgw, environment):  # noqa: ARG001 - `cgw` first
    """Let the command line find a terminal."""
    environment.setattr(
        "click.testing._NamedTextIOWrapper.isatty",
        lambda stream: stream.name != "<stdout>",
        raising=False,
    )


def test_two_live_side_by_side(cgw, environment):
    """Each has its own names, tokens and calls; the first chooses its target too."""
    for options in (("--env", "dev"), ("--local", "--env", "prod")):
        cgw(*options, "plan", "--detailed-exitcode")
        cgw("plan", *options, "--detailed-exitcode")
    environment.setenv("CGW_ENV", "dev")
    dev = cgw("outputs", "-o", "json").document
    assert cgw("call", "/debug").code == 0
    assert cgw("--env", "prod", "--local", "call", "/debug", code=4).code
    prod = cgw("--env", "prod", "--local", "outputs", "-o", "json").document
    assert dev["functions"]["hello"].endswith(":shop-dev-hello")
    assert prod["functions"]["hello"].endswith(":shop-prod-hello")
    assert (dev["stage"], prod["stage"]) == ("dev", "prod")
    assert cgw("token", "--id").out != cgw("token", "--id", "--env=prod", "--local").out
    assert "1 dropped" in cgw("logout").err
    assert "0 dropped" in cgw("logout").err
    assert "1 dropped" in cgw("--local", "logout", "--env", "prod").err
    assert "stack shop-dev, environment dev" in cgw("doctor").out
    assert cgw("status", "-o", "json").document["stack"] == "shop-dev"
    environment.setenv("CGW_ENV", "")
    assert cgw("--local", "status", "-o", "json").document["stack"] == "shop"


def test_the_list_has_the_environments(cgw, environment):
    """It needs no file, and no environment."""
    cgw.folder.joinpath("cgw.yaml").unlink()
    environment.setenv("CGW_ENV", "dev")
    listed = cgw("--local", "list", "-o", "json").document["stacks"]
    found = {stack["name"]: stack for stack in listed}
    assert {name: stack["env"] for name, stack in found.items()} == {
        "shop-dev": "dev",
        "shop-prod": "prod",
    }
    assert {*found["shop-dev"]} == {"name", "env", "region", "resources", "created"}
    row = cgw("--local", "list").out.splitlines()[1].split()
    assert row[:5] == ["shop-prod", "prod", "5", "resources", "up,"]


def test_commands_that_need_no_file_ignore_the_environment(cgw, environment):
    """And `init` shows a command that works with the file that it writes."""
    environment.setenv("CGW_ENV", "nowhere")
    assert "running at" in cgw("local", "status").out
    assert "AWS_ENDPOINT_URL" in cgw("--env", "other", "local", "env").out
    cgw("schema", "--env", "other")
    shown = cgw("init", "--env", "prod", "-c", "new.yaml", "--yes").err
    assert "cgw --local -c new.yaml up" in shown
    failed = cgw("-c", "new.yaml", "plan", code=2).err
    assert "no environment `nowhere`: new.yaml has no `environments`" in failed
    assert "unset CGW_ENV" in failed
    known = "no environment `nowhere` in cgw.yaml; known: dev, prod"
    assert known in cgw("status", code=2).err
    assert "`--env` needs the name" in cgw("--env", "", "status", code=2).err


def test_a_stack_that_the_file_no_longer_describes(cgw):
    """Only then is it left behind; the message says how to remove it."""
    assert "still exists" not in cgw("--env", "dev", "plan").err
    cgw.write(FILE.replace("name: shop", "name: store"))
    err = cgw("--env", "dev", "plan").err
    assert "applied the stack `shop-prod` before, which still exists" in err
    assert "set `name: shop` and run `cgw --env prod down`" in err
    assert "set `name: shop` and run `cgw --env dev down`" in err
    cgw.write(FILE.replace("  prod:\n", "  live:\n"))
    assert "`shop-dev` before" not in cgw("--env", "dev", "plan").err
    err = cgw("--local", "--env", "live", "plan").err
    told = "set `environments: {prod: {}}` and run `cgw --local --env prod down`"
    assert f"`shop-prod` before, which still exists: to remove it, {told}" in err
    assert "`shop-dev` before" not in err


def test_without_a_terminal_a_protected_stack_needs_a_yes(cgw):
    """For any change; a run that changes nothing goes on."""
    for command in ("up -o json", "api"):
        cgw(*PROD, *command.split())
    cgw.write(SMALLER)
    for command in ("up", "api", "up --watch", "up -o json"):
        failed = cgw(*PROD, *command.split(), code=2).err
        told = "the stack shop-prod is protected (`protect` at cgw.yaml:12): not"
        assert told in failed, command
        assert "hint: add `--yes`" in failed
    cgw.write(FILE)
    cgw(*PROD, "plan", "--detailed-exitcode")


@pytest.mark.usefixtures("at_terminal")
def test_at_a_terminal_a_protected_stack_asks(cgw):
    """For any change, also one that deletes nothing; the other stack is not asked."""
    cgw.write(LARGER)
    for command in ("up", "resource", "up --watch"):
        failed = cgw(*PROD, *command.split(), typed="n\n", code=1).err
        assert "Go on? [y/N]: " in failed, command
    assert "Go on?" not in cgw("--env", "dev", "resource").err
    cgw.write(FILE)
    cgw("--env", "dev", "up", "--yes")
    cgw(*PROD, "plan", "--detailed-exitcode")


def test_down_of_a_protected_stack_needs_its_name(cgw, made):
    """`--yes` does not suffice; the other stack stays as it is."""
    made.clear()
    failed = cgw(*PROD, "down", "--yes", code=2).err
    assert "the stack `shop-prod` is protected (`protect` at cgw.yaml:12)" in failed
    assert "`cgw --local --env prod down --yes-really-delete shop-prod`" in failed
    for name in ("shop", "shop-dev", "SHOP-PROD", ""):
        failed = cgw(*PROD, "down", "--yes-really-delete", name, code=2).err
        assert f"`--yes-really-delete {name}` names another stack" in failed
        assert "this one is `shop-prod`" in failed
    done = cgw(*PROD, "down", "--yes-really-delete", "shop-prod", "-o", "json")
    assert {*done.actions.values()} == {"deleted"}
    cgw("--env", "dev", "plan", "--detailed-exitcode")
    cgw.write(UNPROTECTED)
    cgw(*PROD, "up")
    cgw(*PROD, "down", "--yes")
    listed = cgw("--local", "list", "-o", "json").document["stacks"]
    assert [stack["name"] for stack in listed] == ["shop-dev"]


def test_a_file_of_the_same_name_does_not_delete_an_environment(cgw):
    """It knows nothing of the protection; the error names the environment."""
    cgw.write(UNPROTECTED.replace("name: shop", "name: shop-prod"), "other.yaml")
    told = cgw("--local", "-c", "other.yaml", "down", "--yes", code=2).err
    assert "the stack `shop-prod` is the environment `prod` of another file" in told
    cgw(*PROD, "plan", "--detailed-exitcode")
