"""The console's two test buttons."""

from __future__ import annotations

import pytest


def test_a_method_is_tested_without_its_authorizer(standing):
    """The body on stdout; on stderr the log, and what this test does not check."""
    outcome = standing.cgw("test-method", "/transactions")
    assert outcome.out == '"Hello from Lambda!"\n'
    assert "Starting execution for request: " in outcome.err
    assert "Method completed with status: 200" in outcome.err
    assert " UTC " not in outcome.err  # the log's times vary
    assert max(map(len, outcome.err.splitlines())) < 170
    whole = standing.cgw("test-method", "/transactions", "-v").err
    assert max(map(len, whole.splitlines())) > 500
    assert "without the authorizer" in outcome.err
    quiet = standing.cgw("test-method", "transactions", "--quiet")
    assert (quiet.out, quiet.err) == (outcome.out, "")


def test_a_method_receives_the_given_request(standing):
    """Method, query, headers, and body; JSON for scripts."""
    line = ["-X", "post", "-q", "a=1 2", "-H", "x-y: z", "-d", "text", "-o", "json"]
    told = standing.cgw("test-method", "/transactions?b=3", *line).document
    assert told.keys() == {"status", "latency", "body", "log"}
    assert (told["status"], told["body"]) == (200, '"Hello from Lambda!"')
    log = "\n".join(told["log"])
    assert "HTTP Method: POST, Resource Path: /transactions" in log
    assert "{a=1 2, b=3}" in log or "{b=3, a=1 2}" in log
    assert "x-y=z" in log
    assert "text" in log


def test_a_method_that_fails_says_how(standing, account):
    """Exit 5, with API Gateway's own message."""
    code = standing.cgw.folder / "code"
    (code / "lambda_function.py").write_text("def lambda_handler(event, _): pass\n")
    standing.change(("functions", "hello", "code"), str(code))
    standing.cgw("lambda")
    outcome = standing.cgw("test-method", "/transactions", code=5)
    assert "Internal server error" in outcome.out
    assert "Malformed Lambda proxy response" in outcome.err
    standing.restore()
    standing.restored()
    assert account.client("lambda").list_functions()["Functions"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/nothing", "the API has no GET /nothing; available: GET /health, "),
        ("/health -X DELETE", "the API has no DELETE /health"),
    ],
)
def test_a_method_that_is_not_there_is_named(standing, line, words):
    """Exit 3; the error lists the existing ones."""
    outcome = standing.cgw("test-method", *line.split(), code=3)
    assert words in outcome.err
    assert "`cgw --local method`" in outcome.err


def test_an_authorizer_takes_the_id_token(standing):
    """It prints the claims as the function receives them."""
    outcome = standing.cgw("test-authorizer")
    assert "email                 alice@example.com\n" in outcome.out
    assert "token_use             id\n" in outcome.out
    assert "Successfully completed authorizer execution" in outcome.err
    told = standing.cgw("test-authorizer", "-o", "json").document
    assert told.keys() == {"status", "latency", "claims", "log"}
    assert told["status"] == 200
    assert told["claims"]["email"] == "alice@example.com"


def test_an_authorizer_refuses_the_access_token(standing):
    """`cgw` explains that this test refuses every access token."""
    outcome = standing.cgw("test-authorizer", "--token", "access", code=4)
    assert outcome.out == ""
    assert "401" in outcome.err
    assert "accepts only ID tokens" in outcome.err
    token = standing.cgw("token", "--access").out.strip()
    assert token not in outcome.err
    assert "Incoming identity: ********" in outcome.err
    assert "*********" not in outcome.err


def test_an_authorizer_refuses_text_that_is_not_a_token(standing):
    """From stdin, too."""
    told = standing.cgw(
        "test-authorizer", "--token", "-", "-o", "json", typed="x", code=4
    )
    assert (told.document["status"], told.document["claims"]) == (401, {})


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("test-method /transactions", "`cgw --local api`"),
        ("test-authorizer", "`cgw --local auth"),
    ],
)
def test_prerequisites_are_named(cgw, command, hint):
    """Exit 3; the error names the prerequisites."""
    assert hint in cgw(*command.split(), code=3).err
