"""A persistent local AWS: after a restart everything is there and works."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest
from account import REGION, Account
from commandline import QuickTerminal

from cognito_gw.local import process

FULL = (Path(__file__).parent.parent / "full.yaml").read_text("utf-8")
SMALL = """
name: small
user_pool: {sign_in_with: [email]}
users: [{username: alice@example.com, password: "${CGW_ALICE_PASSWORD}"}]
api: {routes: {GET /transactions: {}}}
"""


@pytest.fixture
def shell(tmp_path, variables, environment):
    """A shell of a user with a separate local AWS."""
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for key, value in (variables | state).items():
        environment.setenv(key, value)
    environment.chdir(tmp_path)
    terminal = QuickTerminal(tmp_path)
    yield terminal
    process.stop(state_of(terminal))


def state_of(shell):
    """The state directory of a shell's user."""
    return shell.folder / "state" / "cognito-gw"


def bring_up(shell, text):
    """Start, create a stack, and return its description and its outputs."""
    shell.write(text)
    shell("local", "start", "--persist")
    outputs = shell("--local", "up", "-o", "json").document["outputs"]
    return described(shell, outputs), outputs


def described(shell, outputs):
    """Every resource of the stack, as AWS describes it."""
    return account_of(shell, outputs["region"]).description(outputs)


def account_of(shell, region=REGION):
    """The account that this user's local AWS serves now."""
    return Account.of(process.running(state_of(shell)), region)


def wait_until(is_so):
    """Wait for another process."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_restart_keeps_all_there_is(shell):
    """One of everything: IDs, settings, code, policies, tags; at the same address."""
    before, outputs = bring_up(shell, FULL)
    shell("--local", "call", "/health")
    written = shell("--local", "logs").out
    assert "START RequestId" in written
    assert shell("local", "stop").err == "stopped\n"
    assert "saved in" in shell("local", "start", "--persist").out
    assert described(shell, outputs) == before
    assert shell("--local", "logs").out == written
    assert shell("--local", "outputs", "-o", "json").document == outputs
    shell("--local", "plan", "--detailed-exitcode")


def test_after_a_kill_users_sign_in_and_calls_are_answered(shell):
    """It does not need to save at the end; `--local` continues with the saved state."""
    before, outputs = bring_up(shell, SMALL)
    token = shell("--local", "token", "--id").out
    last_made = outputs["stage"].encode()
    saved = state_of(shell) / "local.saved"
    wait_until(lambda: last_made in saved.read_bytes())
    os.kill(process.running(state_of(shell)).pid, signal.SIGKILL)
    again = shell("--local", "call", "/transactions", "-o", "json").document
    assert (again["status"], again["token"]) == (200, "id")
    assert described(shell, outputs) == before
    assert "saved in" in shell("local", "status").out
    shell("--local", "call", "/transactions", "--token", token.strip(), code=4)
    another_port_is_said(shell)


def another_port_is_said(shell):
    """The last port is used again only if it is free."""
    url = process.running(state_of(shell)).url
    port = int(url.rpartition(":")[2])
    shell("local", "stop")
    with socket.create_server(("127.0.0.1", port)):
        other = shell("local", "start", "--persist", "-o", "json")
    assert other.document["url"] != url
    assert f"port {port} of the last time is in use" in other.err


def test_without_persist_a_saved_state_is_unchanged(shell):
    """It starts empty, says so, saves nothing, and cannot start to while it runs.

    That would lose its content, so the user has to decide.
    """
    shell("local", "start", "--persist")
    account_of(shell).logs.create_log_group(logGroupName="kept")
    shell("local", "stop")
    kept = (state_of(shell) / "local.saved").read_bytes()
    assert b"kept" in kept
    told = shell("local", "start").err
    assert "local.saved is not used" in told
    assert "--persist" in told
    account = account_of(shell)
    assert account.logs.describe_log_groups()["logGroups"] == []
    account.logs.create_log_group(logGroupName="unkept")
    refused = shell("local", "start", "--persist", code=1).err
    assert "already runs" in refused
    assert "`cgw local stop` first" in refused
    shell("local", "stop")
    assert (state_of(shell) / "local.saved").read_bytes() == kept


# local/test_process.py starts one, test_saved.py has more such files
@pytest.mark.nightly
def test_a_saved_state_that_is_not_usable_is_not_overwritten(shell):
    """`cgw` does not start an empty one instead."""
    path = state_of(shell) / "local.saved"
    path.parent.mkdir(parents=True)
    path.write_text("of something else")
    for arguments in (("local", "start", "--persist"), ("--local", "call", "/")):
        shell.write("name: any\napi: {routes: {GET /: {}}}\n")
        assert f"`rm {path}`" in shell(*arguments, code=1).err
    assert path.read_text() == "of something else"
    assert process.running(path.parent) is None
