"""Signing in: the cache, its privacy, and Cognito's request for a new password."""

from __future__ import annotations

import json
import re
import stat
import sys

import pytest

from cognito_gw.oauth.tokens import claims_of

IMPORTS = """
import sys
from cognito_gw.__main__ import main
try:
    main()
finally:
    heavy = {"boto3", "botocore", "moto", "rich", "httpx", "jwt", "filelock"}
    found = heavy & set(sys.modules)
    sys.stderr.write(f"imported: {sorted(found)}\\n")
"""


@pytest.fixture
def cached(standing):
    """The files with the standing stack's tokens: one user has signed in."""
    standing.cgw("token", "--forget")
    standing.cgw("token")
    state = standing.cgw.environment["XDG_STATE_HOME"]
    folder = type(standing.cgw.folder)(state, "cognito-gw", "tokens", standing.name)
    (file,) = folder.iterdir()
    return file


def rewrite(file, **tokens):
    """Change the token data in a cache file."""
    content = json.loads(file.read_text())
    content["tokens"] |= tokens
    file.write_text(json.dumps(content))


def test_tokens_are_kept_for_the_user_alone(cached):
    """A file of mode 0600 in directories of mode 0700."""
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (cached, *cached.parents)]
    assert modes[:4] == [0o600, 0o700, 0o700, 0o700]


@pytest.mark.usefixtures("cached")
def test_a_kept_token_costs_no_call_and_no_boto3(standing):
    """Nor rich, nor moto: a separate process lists its imports."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, "--local", "token", "--id", "-v"],
        cwd=standing.cgw.folder,
        env=standing.cgw.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "imported: []\n"
    assert claims_of(done.stdout.strip())["token_use"] == "id"


@pytest.mark.usefixtures("cached")
def test_tokens_are_reused_until_they_are_forgotten(standing):
    """The same ones again, then new ones."""
    first = standing.cgw("token", "--id", "-v")
    assert first.calls == []
    assert standing.cgw("token", "--id").out == first.out
    forgotten = standing.cgw("token", "--forget", "-o", "json")
    assert (forgotten.out, forgotten.err) == ("", "")
    again = standing.cgw("token", "--id", "-v")
    assert "InitiateAuth" in again.calls
    assert again.out != first.out


def test_expired_tokens_are_refreshed_silently(standing, cached):
    """The new ones are cached; no password is sent or needed."""
    before = json.loads(cached.read_text())["tokens"]
    rewrite(cached, expires_at=0)
    outcome = standing.cgw("token", "--access", "-v")
    assert outcome.calls.count("InitiateAuth") == 1
    after = json.loads(cached.read_text())["tokens"]
    assert outcome.out.strip() == after["access_token"] != before["access_token"]
    assert after["refresh_token"] == before["refresh_token"]


def test_a_refresh_that_fails_ends_in_a_new_sign_in(standing, cached):
    """For example, if the refresh token has been revoked."""
    rewrite(cached, expires_at=0, refresh_token="none-of-cognitos")
    outcome = standing.cgw("token", "-o", "json", "-v")
    assert outcome.calls.count("InitiateAuth") == 2
    assert outcome.document["refresh_token"] != "none-of-cognitos"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b'{"key": 1, "tokens": {"access_token": 1, "expires_at": 1}}',
    ],
)
def test_an_invalid_cache_file_is_ignored_and_replaced(standing, cached, content):
    """oauth/test_cache.py has more such files."""
    cached.write_bytes(content)
    outcome = standing.cgw("token", "--id", "-v")
    assert "InitiateAuth" in outcome.calls
    assert standing.cgw("token", "--id").out == outcome.out


def test_token_shows_claims_and_expiry(standing):
    """As text for people."""
    text = standing.cgw("token").out
    assert re.search(r"^ID token\n\S+\n  ", text)
    assert re.search(r"  exp +\d+  \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)\n", text)
    assert re.search(r"  cognito:groups +readers\n", text)


def test_a_wrong_password_is_reported_without_its_value(standing, environment):
    """Exit 1, with Cognito's message."""
    standing.cgw("token", "--forget")
    environment.setenv("CGW_ALICE_PASSWORD", "Wrong-horse-7")
    outcome = standing.cgw("token", code=1)
    assert outcome.out == ""
    assert "no tokens for alice@example.com: Incorrect username or" in outcome.err
    assert "Wrong-horse-7" not in outcome.err


@pytest.mark.nightly  # like test_a_new_password_comes_from_the_environment
def test_a_new_password_is_asked_for_when_cognito_requires_one(
    standing, account, environment
):
    """By variable; with neither variable nor terminal, the error names the variable."""
    carol = "carol@example.com"
    pool = {"UserPoolId": standing.outputs["user_pool_id"], "Username": carol}
    account.cognito_idp.admin_create_user(
        **pool,
        TemporaryPassword="Temporary-1",
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": carol}],
    )
    line = f"users: [{{username: {carol}, password: '${{CAROL}}'}}]\n"
    text = re.sub(r"(?m)^users:.*\n.*\n", line, standing.text)
    standing.cgw.write(text)
    environment.setenv("CAROL", "Temporary-1")

    refused = standing.cgw("token", "--user", carol, code=3)
    assert refused.out == ""
    assert f"Cognito requires a new password for {carol}" in refused.err
    assert "CGW_NEW_PASSWORD" in refused.err

    environment.setenv("CGW_NEW_PASSWORD", "Permanent-2")
    tokens = standing.cgw("token", "--user", carol, "-o", "json")
    claims = claims_of(tokens.document["id_token"])
    assert claims["email"] == carol
    user = account.cognito_idp.admin_get_user(**pool)
    assert user["UserStatus"] == "CONFIRMED"

    environment.delenv("CGW_NEW_PASSWORD")
    environment.setenv("CAROL", "Permanent-2")
    standing.cgw("token", "--forget")
    standing.cgw("token", "--user", carol, "--id")
    standing.restore()
    account.cognito_idp.admin_delete_user(**pool)


def test_a_generated_password_is_shown_once(cgw, edited):
    """Even with --quiet; it works, and the next command shows none."""

    def forget_password(data):
        del data["users"][0]["password"]
        del data["functions"], data["api"]

    cgw.write(edited(forget_password))
    first = cgw("up", "-q")
    (password,) = re.findall(r"generated password, shown this once: (\S+)", first.err)
    assert "generated" not in cgw("user").err
    assert (
        "no password for alice@example.com is in the file" in cgw("token", code=3).err
    )

    def remember_password(data):
        del data["functions"], data["api"]
        data["users"][0]["password"] = password.replace("$", "$$")

    cgw.write(edited(remember_password))
    cgw("token", "--id")
    warned = cgw("plan")
    assert "plain-text password in the file" in warned.err
    assert password not in warned.out + warned.err
    cgw("down", "--yes")


@pytest.mark.parametrize(
    "line",
    [
        "token --user alice",
        pytest.param("check --user alice", marks=pytest.mark.nightly),
        pytest.param("user groups alice", marks=pytest.mark.nightly),
        "user disable alice",
    ],
)
def test_an_unknown_user(standing, line):
    """Neither in the file nor in the pool: the error suggests similar names."""
    refused = standing.cgw(*line.split(), code=3)
    assert f"no such user in user pool `{standing.name}`: `alice`" in refused.err
    assert "; did you mean `alice@example.com`?" in refused.err
    assert "user list` shows all users" in refused.err
    assert refused.out == ""


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (
            "explain /transactions --user alice",
            0,
            "no user alice; did you mean `alice@example.com`?",
        ),
        ("logs helo", 2, "no function `helo` in the file; did you mean `hello`?"),
        (
            "test-method /transaction",
            3,
            "; did you mean `GET /transactions`? available",
        ),
        ("call /transaction --token none", 4, "; did you mean GET /transactions?"),
    ],
)
def test_other_unknown_names(standing, line, code, told):
    """Each error suggests a name."""
    outcome = standing.cgw(*line.split(), code=code)
    assert told in outcome.out + outcome.err


def test_the_case_of_a_user_does_not_count(standing):
    """As in the user pools that cgw creates: the file's password is found."""
    standing.cgw("token", "--forget")
    tokens = standing.cgw("token", "--user", "Alice@Example.com", "-o", "json").document
    assert claims_of(tokens["id_token"])["email"] == "alice@example.com"
