"""Whole outputs, kept in files: `pytest --update-golden` rewrites them."""

from __future__ import annotations

import pytest
from account import Account, named
from commandline import EXAMPLE, PASSWORD
from moto import mock_aws


@pytest.fixture
def aws_account(cgw, environment):  # noqa: ARG001 - it takes the credentials away
    """An empty AWS account, and credentials for it."""
    environment.setenv("AWS_ACCESS_KEY_ID", "testing")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield


@pytest.mark.usefixtures("aws_account")
def test_the_outputs_of_a_walk(cgw, environment, golden):
    """On an account that starts empty; the file changes on the way."""
    environment.setenv("CGW_ALICE_PASSWORD", PASSWORD)
    example = EXAMPLE.read_text(encoding="utf-8")
    cgw.write(example)

    names = {}

    def say(name, *arguments, code=0):
        golden(named(cgw(*arguments, code=code).out, names), name)

    say("plan-fresh.txt", "plan", "--detailed-exitcode", code=2)
    say("plan-fresh.json", "plan", "-o", "json")
    say("pool-dry-run.json", "pool", "--dry-run", "-o", "json")
    say("outputs-fresh.txt", "outputs")
    say("status-fresh.txt", "status")
    cgw("up")
    names |= Account().names(cgw("outputs", "-o", "json").document)
    say("up.txt", "up")
    say("up-again.json", "up", "-o", "json")
    say("plan-again.txt", "plan", "--detailed-exitcode")
    say("outputs.json", "outputs", "-o", "json")
    say("outputs.env", "outputs", "--format", "env")
    say("status.txt", "status")
    say("status.json", "status", "-o", "json")

    changed = example.replace("timeout: 3 ", "timeout: 5 ").replace(
        "ttl: 300", "ttl: 0"
    )
    cgw.write(
        changed.replace("[readers]\n  deletion", "[readers, writers]\n  deletion")
    )
    say("plan-changed.txt", "plan")
    say("status-changed.txt", "status")
    say("status-changed.json", "status", "-o", "json")
    say("down.json", "down", "--yes", "-o", "json")
    say("down-again.json", "down", "-o", "json")


@pytest.mark.usefixtures("aws_account")
def test_the_policy_of_the_example(cgw, golden):
    """It needs no account if the account's number is given."""
    cgw.write(EXAMPLE.read_text(encoding="utf-8"))
    outcome = cgw("policy", "--account", "123456789012")
    golden(outcome.out, "policy.json")
    assert cgw("policy").out == outcome.out


def test_all_problems_of_a_file_at_once(cgw, golden):
    """Each with its line, its key, and the allowed values."""
    cgw.write(BAD)
    outcome = cgw("plan", code=2)
    assert outcome.out == ""
    golden(outcome.err, "problems.txt")


BAD = """\
name: transactions
regoin: us-east-1
user_pool: {mfa: sometimes, password_policy: {min_length: eight}}
app_clients:
  web: {callback_urls: [example.com], oauth_flows: [code, magic]}
users:
  - {username: alice@example.com, password: short}
functions:
  hello: {code: ./nowhere, memory: 64, runtime: "${RUNTIME}"}
api:
  routes:
    /transactions: {}
    GET /health: {function: nobody, auth: nobody}
"""
