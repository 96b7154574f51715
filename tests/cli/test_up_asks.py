"""`up` and the steps show what they delete or replace, and prompt at a terminal."""

from __future__ import annotations

import os
import re
import sys

import boto3
import pexpect
import pytest
from commandline import at_home

from cognito_gw.cli import results
from cognito_gw.local import process

pytestmark = pytest.mark.server
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
    """The home directory of a user with a running local AWS."""
    home = tmp_path_factory.mktemp("asks")
    yield home
    process.stop(home / "cognito-gw")


@pytest.fixture
def cgw(home, environment):
    """A shell whose file is applied."""
    cgw = at_home(home, environment, "--local")
    cgw.write(FILE)
    cgw("up", "--yes")
    return cgw


@pytest.fixture
def at_terminal(cgw, environment):
    """Return what runs `cgw` as if at a terminal."""
    environment.setattr(
        "click.testing._NamedTextIOWrapper.isatty",
        lambda stream: stream.name != "<stdout>",
        raising=False,
    )
    return lambda *arguments, typed=None, code=0: cgw(
        *arguments, typed=typed, code=code
    )


def planned(cgw, *arguments):
    """Return the actions of a command, by kind and name."""
    return cgw("plan", *arguments, "-o", "json").changed


def test_a_removed_route_is_a_deletion(cgw):
    """It is a separate step, in text and in JSON; nothing else of the API changes."""
    cgw.write(SMALLER)
    assert "delete    method            POST /a\n" in cgw("plan").out
    steps = cgw("plan", "-o", "json").document["steps"]
    changed = {step["name"]: step for step in steps if step["action"] != "unchanged"}
    assert changed["POST /a"] == {
        "kind": "method",
        "name": "POST /a",
        "action": "delete",
        "changes": {},
        "error": None,
    }
    assert "shop" not in {step["name"] for step in steps if step["action"] == "update"}
    assert cgw("plan", "--detailed-exitcode", code=2)
    done = cgw("up", "-o", "json")
    assert done.changed["method POST /a"] == "deleted"
    assert set(done.document["steps"][0]) == {
        "kind", "name", "action", "changes", "error",
    }  # fmt: skip
    assert planned(cgw) == {}


def test_renamed_stage_and_domain_are_replacements(cgw):
    """The output says what is lost; JSON keeps its values."""
    cgw.write(RENAMED)
    out = cgw("plan").out
    assert "replace   domain            shop-window-1" in out
    assert "lost: the old address of the sign-in pages stops" in out
    assert "replace   stage             live" in out
    assert "lost: the old address of the API stops" in out
    assert planned(cgw)["domain shop-window-1"] == "update"
    assert "replaced  domain" in cgw("up").err


def test_a_no_changes_nothing(cgw, at_terminal):
    """The command shows what would be lost before it prompts."""
    deletion = "delete    method            POST /a"
    replacements = {
        "domain": "replace   domain            shop-window-1",
        "deploy": "replace   stage             live",
    }
    for text, commands in (
        (SMALLER, {"api": deletion, "up --watch": deletion}),
        (RENAMED, replacements),
    ):
        cgw.write(text)
        before = planned(cgw)
        for command, words in commands.items():
            said = at_terminal(*command.split(), typed="n\n", code=1).err
            assert words in said.partition("Go on? [y/N]: ")[0], command
        assert planned(cgw) == before


def test_a_yes_continues(cgw):
    """At a real terminal."""
    cgw.write(SMALLER)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "cognito_gw", "--local", "up"],
        cwd=cgw.folder,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 200),
    )
    child.expect_exact("Go on? [y/N]: ")
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    assert planned(cgw) == {}


def test_when_up_does_not_ask(cgw, at_terminal):
    """With `--yes`, if only JSON may be printed, and for additions."""
    for text, options in (
        (SMALLER, "-y"),
        (FILE, ""),
        (SMALLER, "-o json"),
    ):
        cgw.write(text)
        assert "Go on?" not in at_terminal("up", *options.split()).err, options
    assert planned(cgw) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("user_pool: {sign_in_with: []}", "`user_pool.sign_in_with` is [] in the file"),
        pytest.param(
            "app_clients: {web: {secret: true}}",
            "`app_clients.web.secret` is true in",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_settings_fixed_by_aws_are_reported_before_any_deletion(cgw, change, told):
    """A run that is certain to fail deletes no route first."""
    cgw.write(f"{SMALLER}{change}\n")
    failed = cgw("up", "--yes", code=1)
    line = SMALLER.count("\n") + 1
    assert f"cgw.yaml:{line}: " in failed.err
    assert told in failed.err
    assert "deleted" not in failed.err
    # `deploy` needs the user pool, but no app client.
    for command in ("up",) if "app_clients" in change else ("up", "deploy --with-deps"):
        steps = cgw(*command.split(), "-o", "json", code=1).document["steps"]
        assert {step["action"] for step in steps} == {"failed", "skipped"}
    cgw.write(SMALLER)
    steps = cgw("plan", "-o", "json").document["steps"]
    assert [step["name"] for step in steps if step["action"] == "delete"] == ["POST /a"]


def test_up_shows_the_next_commands(cgw):
    """A call, the local AWS's page, and how to stop what keeps running."""
    done = cgw("up")
    url = cgw("local", "status", "-o", "json").document["url"]
    *_, call, page, stop = done.err.splitlines()
    assert call == "next: cgw --local call /a"
    assert page == f"      {url} shows all resources and calls"
    assert stop == "      the local AWS keeps running; `cgw local stop` stops it"
    assert "next:" not in done.out
    assert "next:" not in cgw("up", "-q").err
    assert "next:" not in cgw("up", "-o", "json").err


def test_the_call_that_is_shown():
    """It can be typed: a GET if there is one, with values for variables."""
    for routes, shown in (
        (["GET /a"], "/a"),
        (["POST /a", "GET /b"], "/b"),
        (["ANY /a"], "/a"),
        (["DELETE /a"], "-X DELETE /a"),
        (["GET /a/{id}/{rest+}"], "/a/1/1"),
        (["GET /a$b"], "'/a$b'"),
    ):
        assert results._example(routes) == shown  # noqa: SLF001 - one line of `up`


LARGER = f"""{FILE}
user_pool: {{groups: [readers, writers]}}
users:
  - {{username: a@example.com, password: Secret-horse-7}}
  - {{username: b@example.com, password: Secret-horse-7}}
app_clients: {{web: {{}}, mobile: {{}}}}
resource_servers: {{orders: {{scopes: {{read: Read}}}}}}
functions: {{hello: {{}}, old: {{}}}}
"""
LARGER = LARGER.replace("a: {}\n", "a: {function: hello}\n")
LEFT = [
    (
        r"app client `shop-mobile` .*aws cognito-idp delete-user-pool-client "
        r"--user-pool-id us-east-1_\w+ --client-id \w+"
    ),
    r"group `writers` .*aws cognito-idp delete-group .*--group-name writers",
    r"resource server `orders` .*aws cognito-idp delete-resource-server .*orders",
    r"user `b@example\.com` .*: cgw --local user remove b@example\.com",
    r"function `shop-old` .*: aws lambda delete-function --function-name .*:shop-old",
]


def test_unmanaged_resources_are_listed(cgw):
    """`plan` and `up` list each one, with how to delete it, until it is deleted."""
    cgw.write(LARGER)
    assert "not in the file" not in cgw("up", "--yes").err
    smaller = LARGER.replace(", writers", "").replace(", mobile: {}", "")
    smaller = "".join(
        line
        for line in smaller.replace(", old: {}", "").splitlines(keepends=True)
        if "b@example" not in line and "orders" not in line
    )
    cgw.write(smaller)
    for command in ("plan", "up"):
        told = [line for line in cgw(command).err.splitlines() if "and stays" in line]
        for line, expected in zip(told, LEFT, strict=True):
            assert re.fullmatch(f"warning: {expected}", line)
    assert "not in the file" not in cgw("up", "-q").err
    cgw("user", "remove", "b@example.com", "--yes")
    assert "b@example.com" not in cgw("plan").err
    cgw("down", "--yes")
    assert "not in the file" not in cgw("plan").err


def test_many_users_missing_from_the_file_are_one_line(cgw):
    """Most pools have more users than the file."""
    (pool,) = [
        each["id"]
        for each in cgw("status", "-o", "json").document["resources"]
        if each["kind"] == "user pool"
    ]
    variables = cgw("local", "env", "-o", "json").document
    client = boto3.client(
        "cognito-idp",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    for number in range(11):
        client.admin_create_user(UserPoolId=pool, Username=f"{number}@example.com")
    told = [line for line in cgw("plan").err.splitlines() if "not in the file" in line]
    assert told == [
        (
            "warning: more than 10 users are not in the file and stay; to list them: "
            "cgw --local user list"
        )
    ]
    cgw("down", "--yes")
