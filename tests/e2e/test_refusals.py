"""Errors that only AWS can cause: taken names, fixed settings, prerequisites."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from commandline import PASSWORD

SMALL = """\
name: {name}
region: us-east-1
users: [{{username: alice@example.com, password: "${{CGW_ALICE_PASSWORD}}"}}]
api: {{routes: {{GET /health: {{auth: none}}, GET /orders: {{}}}}}}
"""


@pytest.fixture
def foreign_pool(account, stack_name):
    """A foreign user pool and its domain."""
    name = f"{stack_name}-theirs"
    pool = {
        "UserPoolId": account.cognito_idp.create_user_pool(PoolName=name)["UserPool"][
            "Id"
        ]
    }
    account.cognito_idp.create_user_pool_domain(Domain=name, **pool)
    yield name
    account.cognito_idp.delete_user_pool_domain(Domain=name, **pool)
    account.cognito_idp.delete_user_pool(**pool)


def failures(outcome):
    """The errors of the failed resources, by kind."""
    return {
        step["kind"]: step["error"]
        for step in outcome.document["steps"]
        if step["action"] == "failed"
    }


@pytest.mark.nightly  # resources/test_domain.py has the refusal
def test_a_taken_domain_prefix(cgw, stack_name, foreign_pool):
    """Only the domain fails, and the error has a fix."""
    cgw.write(f"name: {stack_name}\nregion: us-east-1\ndomain: {foreign_pool}\n")
    outcome = cgw("up", "-o", "json", code=1)
    assert list(failures(outcome)) == ["domain"]
    assert "the prefix is taken by the user pool" in failures(outcome)["domain"]
    assert "hint: choose another `domain:`" in outcome.err
    cgw("down", "--yes")


def test_a_taken_pool_name_is_an_error_and_no_adoption(cgw, stack_name, foreign_pool):
    """The error says that cgw did not create it; cgw changes nothing."""
    pool = f"user_pool: {{name: {foreign_pool}}}"
    cgw.write(f"name: {stack_name}\nregion: us-east-1\n{pool}\n")
    outcome = cgw("up", "-o", "json", "-v", code=1)
    assert failures(outcome)["user pool"] == (
        f"user pool `{foreign_pool}`: the name is taken by something cgw did not create"
    )
    assert "CreateUserPool" not in outcome.calls


@pytest.mark.nightly  # like test_names_used_by_another_stack
def test_a_taken_function_name(cgw, account, stack_name):
    """A function of the same name without our tag is kept, also by `down`."""
    name = f"{stack_name}-hello"
    _make_function(account, name)
    cgw.write(SMALL.format(name=stack_name))
    outcome = cgw("up", "-o", "json", code=1)
    assert list(failures(outcome)) == ["function"]
    assert name in failures(outcome)["function"]
    skipped = [e["kind"] for e in outcome.document["steps"] if e["action"] == "skipped"]
    assert {"method", "deployment", "stage"} <= set(skipped)
    left = cgw("down", "--yes")
    assert f"not deleted: function `{name}`" in left.err
    found = account.client("lambda").get_function(FunctionName=name)
    assert found["Configuration"]["Description"] == "theirs"
    account.client("lambda").delete_function(FunctionName=name)
    account.iam.delete_role(RoleName=f"{name}-theirs")


def _make_function(account, name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("main.py", "")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = account.iam.create_role(
        RoleName=f"{name}-theirs", AssumeRolePolicyDocument=json.dumps(trust)
    )
    account.client("lambda").create_function(
        FunctionName=name,
        Description="theirs",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="main.main",
        Code={"ZipFile": content.getvalue()},
    )


def test_a_weak_password_is_found_before_any_call(cgw, environment):
    """By the file's policy, also if a variable holds it; it is not repeated."""
    environment.setenv("CGW_ALICE_PASSWORD", "weak-one")
    outcome = cgw("up", "-v", code=2)
    assert "users[0].password" in outcome.err
    assert "weak-one" not in outcome.err
    assert outcome.calls == []


@pytest.mark.parametrize(
    ("file", "size", "words"),
    [
        ("lambda_function.py", 251 << 20, "251 MiB unzipped; Lambda takes 250 MiB"),
        pytest.param(
            ".DS_Store", 1, "has no file to deploy", marks=pytest.mark.nightly
        ),
    ],
)
def test_code_that_lambda_does_not_take_is_found_before_any_write(
    cgw, edited, file, size, words
):
    """Wherever its function is in the list."""
    code = cgw.folder / "code"
    code.mkdir()
    with (code / file).open("wb") as sparse:
        sparse.truncate(size)
    function = {"runtime": "java21", "handler": "a.B", "code": "code"}
    cgw.write(edited(lambda data: data.update(functions={"hello": function})))
    outcome = cgw("up", "-v", code=2)
    assert words in outcome.err
    assert outcome.writes == []


def test_a_missing_password_variable_is_reported_before_the_first_write(
    cgw, environment, stack_name
):
    """Commands that need no password work without it; `up` names the variable."""
    cgw.write(SMALL.format(name=stack_name))
    environment.delenv("CGW_ALICE_PASSWORD")
    cgw("plan")
    outcome = cgw("up", "-o", "json", "-v", code=2)
    assert (outcome.out, outcome.writes) == ("", [])
    assert "alice@example.com" in outcome.err
    assert "export CGW_ALICE_PASSWORD=" in outcome.err
    rows = cgw("status", "-o", "json").document["resources"]
    assert {row["state"] for row in rows} == {"missing"}
    environment.setenv("CGW_ALICE_PASSWORD", PASSWORD)
    assert cgw("up", "-o", "json").changed["user alice@example.com"] == "created"
    environment.delenv("CGW_ALICE_PASSWORD")
    assert cgw("up", "-v").writes == []  # the user already has one
    assert cgw("call", "/health").code == 0
    token = cgw("token", code=2)
    assert (token.out, "CGW_ALICE_PASSWORD" in token.err) == ("", True)
    cgw("down", "--yes")


@pytest.mark.nightly  # cli/test_up_asks.py changes one; engine/test_reconcile.py
def test_changing_a_fixed_setting_is_an_error(standing):
    """`plan` and `up` say so with a fix; `status` shows it as drifted."""
    standing.change(("user_pool", "sign_in_with"), ["phone_number", "email"])
    for command in ("plan", "up"):
        outcome = standing.cgw(command, "-o", "json", code=1)
        told = failures(outcome)["user pool"]
        assert re.match(r".*cgw\.yaml:\d+: user pool ", told)
        assert "`user_pool.sign_in_with` is [phone_number, email] in the file" in told
        assert "[email] on AWS, which fixes it at creation" in told
    assert "hint: undo the change" in standing.cgw("up", code=1).err
    rows = standing.cgw("status", "-o", "json").document["resources"]
    assert rows[0]["state"] == "drifted"


def test_a_pool_under_deletion_protection_stays(cgw, stack_name):
    """`down` stops before it deletes anything."""
    text = (
        f"name: {stack_name}\nregion: us-east-1\nusers: [{{username: a@example.com}}]\n"
    )
    cgw.write(f"{text}user_pool: {{deletion_protection: true}}\n")
    cgw("client", "--with-deps")
    outcome = cgw("down", "--yes", "-v", code=1)
    assert "deletion protection" in outcome.err
    assert "up`, then repeat this" in outcome.err
    assert outcome.writes == []
    cgw.write(text)
    cgw("pool")
    cgw("down", "--yes")


def test_down_asks_and_without_a_terminal_refuses(standing):
    """It shows what it would delete."""
    outcome = standing.cgw("down", code=2)
    assert "add `--yes`" in outcome.err
    assert f"user pool         {standing.name}" in outcome.err
    assert standing.cgw("pool", "-o", "json").changed == {}


def test_steps_name_their_prerequisites(cgw):
    """Exit 3 with the commands in the tutorial's order; --with-deps runs them too."""
    outcome = cgw("deploy", code=3)
    assert "not there yet: " in outcome.err
    commands = ("pool", "lambda", "api", "resource", "method", "authorizer")
    hint = ", ".join(f"`cgw --local {command}`" for command in commands)
    assert f"hint: run {hint} first, or add `--with-deps`" in outcome.err
    outcome = cgw("client", "-o", "json", code=3)
    assert outcome.out == ""
    dry = cgw("client", "--with-deps", "--dry-run", "-o", "json")
    assert set(dry.changed.values()) == {"create"}
    assert cgw("client", "-o", "json", code=3).out == ""
    made = cgw("client", "--with-deps", "-o", "json").changed
    assert made["app client web"] == "created"
    assert "function" not in " ".join(made)
    cgw("down", "--yes")


def test_deploy_refuses_while_a_route_is_not_secured(cgw, stack_name):
    """Between `method` and `authorizer` the routes are closed and not deployed."""
    cgw.write(SMALL.format(name=stack_name))
    for step in ("pool", "lambda", "api", "resource", "method"):
        cgw(step)
    outcome = cgw("deploy", code=3)
    assert "cgw --local authorizer" in outcome.err
    cgw("down", "--yes")


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("/nothing", 403, "route-not-found"),
        ("/transactions -X POST", 401, "insufficient-scope"),
    ],
)
def test_a_refused_call_shows_its_cause(standing, line, status, code):
    """The right cause first, with its fix; exit 4. test_catalogue.py has all causes."""
    answer = standing.cgw("call", *line.split(), "-o", "json", code=4).document
    assert answer["status"] == status
    assert answer["causes"][0]["code"] == code
    assert answer["causes"][0]["fix"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/transactions --token é", "ASCII"),
        ("/health -H x:é", "ASCII"),
        ("/health -X G(T", "cannot be sent"),
        ("/health -X É", "ASCII"),
        ("/health --token @nowhere", "nowhere cannot be read"),
    ],
)
def test_an_unsendable_call_is_a_usage_error(standing, line, words):
    """No traceback from an HTTP library."""
    outcome = standing.cgw("call", *line.split(), code=2)
    assert words in outcome.err
    assert outcome.out == ""


def test_a_call_sends_the_given_request(standing):
    """Method, headers, body, and query; a path needs no leading slash."""
    shown = standing.cgw("call", "health", "-q", "a=1 2", "-H", "x-y: z").out
    assert shown == '"Hello from Lambda!"\n'
    (standing.cgw.folder / "token").write_bytes(b"\xff\n")
    standing.cgw("call", "/transactions", "--token", "@token", code=2)
    typed = standing.cgw("call", "/transactions", "--token", "-", typed="x", code=4)
    assert "malformed-token" in typed.err
