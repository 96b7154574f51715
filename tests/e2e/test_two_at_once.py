"""Two `cgw` processes change one stack at the same time."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

import pytest
from commandline import Outcome, QuickTerminal, Terminal
from filelock import FileLock

ENDPOINTS = (
    "endpoints: {invoke: 'https://x/{api_id}', hosted_ui: 'https://x/{domain}'}\n"
)
FILE = """\
name: {name}
region: us-east-1
app_clients: {{web: {{}}}}
functions: {{hello: {{}}}}
api: {{routes: {{GET /orders: {{function: hello}}}}}}
"""
WAITING = "another cgw process is changing the stack"


def at_once(*commands, held=None):
    """Run command lines at the same time, each in a separate shell.

    With `held`, the lock is released once all of them report that they wait.
    """
    with ExitStack() as stack:
        lock = stack.enter_context(FileLock(held)) if held else None
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "cognito_gw", *shell.options, *arguments],
                    cwd=shell.folder,
                    env=shell.environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    encoding="utf-8",
                )
            )
            for shell, *arguments in commands
        ]
        if lock:
            assert all(any(WAITING in line for line in each.stderr) for each in running)
            lock.release()
        streams = [process.communicate(timeout=120) for process in running]
    outcomes = [
        Outcome(each.returncode, *both)
        for each, both in zip(running, streams, strict=True)
    ]
    assert "Traceback" not in "".join(outcome.err for outcome in outcomes)
    return outcomes


@pytest.fixture
def lock(cgw, home, stack_name):
    """The lock on changes of the stack; its first change creates it."""
    cgw.write(FILE.format(name=stack_name))
    folder = home / "state" / "cognito-gw" / "stack-locks"
    before = set(folder.glob("*"))
    cgw("pool", "-q")
    (made,) = set(folder.glob("*")) - before
    return made


@pytest.fixture
def machines(tmp_path, stack_name, variables, server):
    """Two machines with the same file: they share only the account."""
    shells = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        own = server.variables() | {"XDG_STATE_HOME": str(folder / "state")}
        shells.append(Terminal(folder, (), variables | own))
        shells[-1].write(FILE.format(name=stack_name) + ENDPOINTS)
    return shells


@pytest.fixture
def third(machines, variables, environment, server):
    """A third machine, which runs one command at a time."""
    for name, value in (variables | server.variables()).items():
        environment.setenv(name, value)
    environment.chdir(machines[0].folder)
    return QuickTerminal(machines[0].folder)


def made(account, name):
    """The number of a stack's pools, app clients, APIs, functions, and authorizers."""
    pools = account.pages("cognito-idp", "list_user_pools", "UserPools", MaxResults=60)
    pools = [pool["Id"] for pool in pools if pool["Name"] == name]
    apis = account.pages("apigateway", "get_rest_apis", "items")
    apis = [api["id"] for api in apis if api["name"] == name]
    inside = [
        account.pages(
            "cognito-idp", "list_user_pool_clients", "UserPoolClients", UserPoolId=each
        )
        for each in pools
    ]
    shut = [account.apigateway.get_authorizers(restApiId=api)["items"] for api in apis]
    return len(pools), len(apis), *map(len, inside), *map(len, shut)


def test_on_one_machine_one_waits_for_the_other(shell, lock, account, stack_name):
    """It says so, and so does `down`. The second `up` finds all done."""
    outcomes = at_once(*[(shell, "up", "-o", "json")] * 2, held=lock)
    assert [outcome.code for outcome in outcomes] == [0, 0]
    second, first = sorted(outcomes, key=lambda each: len(each.changed))
    assert "stage dev" in first.changed
    assert second.changed == {}
    assert first.document["outputs"] == second.document["outputs"]
    assert made(account, stack_name) == (1, 1, 1, 1)
    (down,) = at_once((shell, "down", "--yes"), held=lock)
    assert down.code == 0
    assert stack_name not in str(account.listing())


@pytest.mark.nightly  # above, each waits for the lock
def test_on_one_machine_an_up_and_a_down(shell, cgw, lock, account, stack_name):
    """Each may come first."""
    up, down = at_once((shell, "up"), (shell, "down", "--yes"), held=lock)
    assert (up.code, down.code) == (0, 0)
    if made(account, stack_name) != (0, 0):
        cgw("plan", "--detailed-exitcode")
        cgw("down", "--yes")
    assert stack_name not in str(account.listing())


@pytest.mark.nightly  # test_in_turns.py alternates call by call
def test_on_two_machines_nothing_is_made_twice(machines, third, account, stack_name):
    """They share no lock: both continue with one pool and one API."""
    before = account.listing()
    for outcome in at_once(*((machine, "up", "-o", "json") for machine in machines)):
        assert outcome.code == 0, outcome.out + outcome.err
    assert made(account, stack_name) == (1, 1, 1, 1)
    third("up", "-q")
    third("plan", "--detailed-exitcode")
    assert made(account, stack_name) == (1, 1, 1, 1)
    third("down", "--yes")
    assert account.listing() == before


@pytest.mark.nightly  # test_in_turns.py alternates call by call
def test_on_two_machines_a_down_during_an_up(machines, third, account):
    """Each explains what blocked it; another `up` repairs everything."""
    before = account.listing()
    third("up", "-q")
    one, two = machines
    up, down = at_once((one, "up"), (two, "down", "--yes"))
    assert {up.code, down.code} <= {0, 1}
    third("up", "-q")
    third("plan", "--detailed-exitcode")
    third("down", "--yes")
    assert account.listing() == before
