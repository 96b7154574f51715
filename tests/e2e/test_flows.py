"""Every flow of `cgw token` on one stack, and the uses of the tokens."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from browsing import fetch
from commandline import PASSWORD
from flows import ALICE, BOB

from cognito_gw.oauth.tokens import claims_of


@pytest.mark.parametrize(
    # test_sign_in_shows_no_secret signs in to the confidential client.
    "client",
    ["web", pytest.param("confidential", marks=pytest.mark.nightly)],
)
def test_the_browser_brings_tokens_with_custom_scopes(stack, client):
    """Code with PKCE; stdout has only the token, whatever the browser prints."""
    scope = ["--scope", "transactions/write"]
    line = ["token", "--flow", "browser", "--client", client, "--access", *scope]
    outcome = stack.browse(*line, run=stack.shell if client == "web" else None)
    token = outcome.out.strip()
    assert claims_of(token)["scope"] == "transactions/write"
    assert "/oauth2/authorize?" in outcome.err
    assert stack.call("/transactions", token, "POST") == 200
    kept = stack.quick(*line)  # without a browser
    assert kept.out == outcome.out
    assert kept.err == ""


def test_without_a_scope_the_pages_give_all_of_the_client(stack):
    """With an ID token, a refresh token, and a refresh at the token endpoint."""
    first = stack.browse("token", "--flow", "browser", "-o", "json").document
    granted = claims_of(first["access_token"])["scope"].split()
    assert {"openid", "transactions/read", "transactions/write"} <= set(granted)
    assert stack.call("/transactions", first["id_token"]) == 200
    stack.expire()
    outcome = stack.quick("token", "--flow", "browser", "-o", "json", "-v")
    assert "/oauth2/token: 200" in outcome.err
    assert "InitiateAuth" not in outcome.calls
    second = outcome.document
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] == first["refresh_token"]
    assert claims_of(second["access_token"])["scope"].split() == granted


def test_a_password_that_will_not_do_gives_way_to_the_browser(stack):
    """The output explains why."""
    scope = ["--scope", "transactions/read"]
    refused = stack.quick("token", "--flow", "srp", *scope, code=3)
    why = "an API sign-in does not give transactions/read"
    assert f"signing in by the flow browser: {why}" in refused.err
    assert "a token with transactions/read needs a browser sign-in" in refused.err
    assert "`cgw --local token --flow browser`" in refused.err


def test_only_the_requested_user_signs_in(stack):
    """The cache does not return another user's tokens either."""
    line = ["token", "--flow", "browser", "--id"]
    refused = stack.browse(*line, "--user", BOB, code=1)
    assert f"another user than {BOB} signed in" in refused.err
    assert refused.out == ""
    anybody = stack.browse(*line, user=BOB)
    assert claims_of(anybody.out)["email"] == BOB
    stack.browse(*line, "--user", ALICE)
    theirs, ours = stack.cache  # judged by the time of writing
    content = json.loads(ours.read_text())
    content["tokens"] = json.loads(theirs.read_text())["tokens"]
    ours.write_text(json.dumps(content))
    nobody = ["--no-browser", "--timeout", "0", "--user", ALICE]
    late = stack.quick(*line, *nobody, code=1)
    assert "the sign-in was not completed within 0 seconds" in late.err


def test_waiting_for_an_unused_browser_ends(stack):
    """The link is printed; the hint says how to wait longer."""
    outcome = stack.quick(
        "token", "--flow", "browser", "--no-browser", "--timeout", "0", code=1
    )
    assert "open this address in a browser" in outcome.err
    assert "/oauth2/authorize?" in outcome.err
    assert "the sign-in was not completed within 0 seconds" in outcome.err
    assert "--timeout" in outcome.err


def test_a_machine_gets_a_separate_token(stack):
    """By its secret; `call` uses the flow if there is no user for the pages."""
    given = stack.quick("token", "--flow", "client-credentials", "-o", "json").document
    claims = claims_of(given["access_token"])
    assert claims["sub"] == stack.outputs["app_clients"]["machine"]
    assert claims["scope"] == "transactions/read transactions/write"
    assert (given["id_token"], given["refresh_token"]) == (None, None)
    read = ["--client", "machine", "--scope", "transactions/read", "--access"]
    token = stack.quick("token", *read).out.strip()
    assert claims_of(token)["scope"] == "transactions/read"
    assert stack.call("/transactions", token, "POST") == 401
    called = stack.quick("call", "/transactions", "-X", "POST", "-o", "json").document
    assert (called["status"], called["token"]) == (200, "access")
    no = stack.quick("token", "--flow", "client-credentials", "--id", code=3)
    assert "returned no id token" in no.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--client", "machine", "--flow", "srp"], "`auth_flows` lacks srp"),
        (["--flow", "implicit", "--client", "web"], "`oauth_flows` lacks implicit"),
        (["--flow", "implicit", "--scope", "a/b"], "no app client gives tokens by the"),
        (["--scope", "no/such"], "no app client gives tokens with no/such"),
        (["--client", "nobody"], "no app client `nobody`; known: web, "),
        (["--user-pool-id", "eu-west-1_Ab12"], "must be used together"),
        (
            ["--user-pool-id", "x", "--client-id", "y"],
            "`x` is not a valid user pool ID",
        ),
        (
            ["--user-pool-id", "eu-west-1_A", "--client-id", "-"],
            "`-` is not a valid app client",
        ),
        (["--attribute", "name"], "--attribute takes a name"),
    ],
)
def test_contradictory_options_are_a_usage_error(stack, options, words):
    """Exit 2, before any sign-in."""
    refused = stack.quick("token", *options, code=2)
    assert words in refused.err
    assert refused.out == ""


class TestHandOver:
    """Tokens in the formats that other programs accept."""

    def test_for_a_shell(self, signed_in):
        lines = signed_in.quick("token", "--format", "env").out
        done = subprocess.run(
            ["/bin/sh", "-c", f'{lines}\nprintf "%s" "$CGW_ID_TOKEN"'],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == signed_in.quick("token", "--id").out.strip()
        one = signed_in.quick("token", "--format", "env", "--access").out
        assert one.startswith("export CGW_ACCESS_TOKEN=ey")
        assert one.count("\n") == 1

    def test_as_a_header(self, signed_in):
        raw = signed_in.quick("token", "--id").out
        assert (
            signed_in.quick("token", "--format", "header").out
            == f"Authorization: {raw}"
        )
        access = signed_in.quick("token", "--format", "header", "--access").out
        assert claims_of(access.split()[-1])["token_use"] == "access"

    def test_as_a_command_line_of_curl(self, signed_in):
        line = shlex.split(signed_in.quick("token", "--format", "curl").out)
        token = signed_in.quick("token", "--id").out.strip()
        url = f"{signed_in.outputs['invoke_url']}/transactions"
        assert line == ["curl", "--header", f"Authorization: {token}", url]
        access = signed_in.quick("token", "--format", "curl", "--access").out
        assert shlex.split(access)[3:] == ["--request", "POST", url]


class TestDecode:
    """A token's claims, whether it is valid, and what it opens."""

    def test_for_people(self, signed_in):
        text = signed_in.quick("token", "--decode").out
        assert "valid: signed by its pool, and not expired" in text
        assert "UTC, in 59 minutes)" in text
        assert "yes  GET /transactions: it requires an ID token" in text
        assert "no   POST /transactions: it has scopes" in text
        assert "email_verified      true" in text

    def test_for_scripts(self, signed_in):
        decoded = signed_in.quick("token", "--decode", "-o", "json").document
        assert decoded.keys() == {"id_token", "access_token"}
        identity = decoded["id_token"]
        assert identity["header"]["alg"] == "RS256"
        assert identity["claims"]["email"] == ALICE
        assert (identity["valid"], identity["problem"]) == (True, None)
        opens = {each["route"]: each["ok"] for each in identity["good_for"]}
        assert opens == {
            "GET /health": True,
            "GET /transactions": True,
            "POST /transactions": False,
        }
        assert not decoded["access_token"]["good_for"][1]["ok"]

    @pytest.mark.parametrize("form", ["{}", "Authorization: Bearer {}\n"])
    def test_any_token_from_stdin(self, signed_in, form):
        token = signed_in.quick("token", "--access").out.strip()
        outcome = signed_in.quick("token", "--decode", "-", typed=form.format(token))
        assert outcome.out.startswith("access token\n  valid")

    def test_a_token_that_was_tampered_with(self, signed_in):
        head, body, signature = signed_in.quick("token", "--id").out.strip().split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["email"] = "mallory@example.com"
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        token = f"{head}.{forged.rstrip('=')}.{signature}"
        (signed_in.shell.folder / "forged").write_text(token)
        told = signed_in.quick("token", "--decode", "@forged", code=1).out
        assert "not valid: the signature does not match the pool's key" in told
        assert "(bad-signature)" in told
        assert "/transactions" not in told

    def test_a_token_of_an_unknown_issuer(self, signed_in):
        """`cgw` does not fetch keys from the issuer: a token can name any address."""
        part = base64.urlsafe_b64encode(b'{"iss": "http://127.0.0.1:1/p"}').decode()
        outcome = signed_in.quick(
            "token", "--decode", "-", typed=f"{part}.{part}.x", code=1
        )
        assert "(wrong-pool)" in outcome.out
        assert "http://127.0.0.1:1" not in outcome.err

    def test_text_that_is_not_a_token(self, signed_in):
        refresh = signed_in.quick("token", "--refresh").out
        for typed in ("", "a.b.c", refresh):
            refused = signed_in.quick("token", "--decode", "-", typed=typed, code=2)
            assert "ID or access token" in refused.err


def test_two_commands_at_once_sign_in_once(stack):
    """The second waits for the first and uses its cached tokens."""
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: stack.shell("token", "--id", "-v"), range(2)))
    assert len({run.out for run in runs}) == 1
    assert sum(run.calls.count("InitiateAuth") for run in runs) == 1


def test_open_prints_the_link_to_the_sign_in_page(stack):
    """Of the first client that uses it, or of the named one."""
    link = stack.quick("open", "--no-browser").out.strip()
    assert link == stack.outputs["sign_in_url"]
    assert fetch(link).status_code == 200
    learner = stack.quick("open", "--no-browser", "--client", "learner", "-o", "json")
    assert "response_type=token" in learner.document["url"]
    refused = stack.quick("open", "--no-browser", "--client", "machine", code=2)
    assert "cannot use the sign-in pages: it has no `callback_urls`" in refused.err


def test_logout_revokes_cached_tokens(stack):
    """Only the requested ones; afterwards the refresh token is invalid."""
    alice = stack.quick("token", "--refresh").out.strip()
    stack.quick("token", "--user", BOB)
    stack.quick("token", "--client", "machine")
    told = stack.quick("logout", "--user", BOB)
    assert "1 dropped, 1 of them revoked" in told.err
    assert len(stack.cache) == 2
    out = stack.quick("logout", "-o", "json")
    assert out.document == {"dropped": 2, "revoked": 1}
    assert stack.cache == []
    form = {
        "grant_type": "refresh_token",
        "client_id": stack.outputs["app_client_id"],
        "refresh_token": alice,
    }
    answer = fetch(f"{stack.outputs['hosted_ui_url']}/oauth2/token", "POST", data=form)
    assert answer.json() == {"error": "invalid_grant"}
    assert "0 dropped" in stack.quick("logout").err


@pytest.mark.nightly  # test_secrets.py has the flows of the tutorial
def test_sign_in_shows_no_secret(stack, account, tmp_path):
    """By any flow, with -v; the process arguments do not show one either."""
    seen = tmp_path / "arguments"
    stack.shell.environment["ARGUMENTS_SEEN"] = str(seen)
    lines = [
        ("token", "--flow", "browser", "--format", "env", "-v"),
        ("token", "--flow", "browser", "--client", "confidential", "-o", "json", "-v"),
        ("call", "/transactions", "-X", "POST", "-v"),
        ("call", "/transactions", "-v"),
        ("token", "--flow", "password", "--user", BOB, "--decode", "-v"),
        ("open", "--no-browser", "-v"),
        ("logout", "-v"),
        ("local", "logs"),
    ]
    told, secrets = "", {PASSWORD} | client_secrets(stack, account)
    for line in lines:
        # A separate process shows its arguments while its browser runs.
        run = stack.shell if "confidential" in line else stack.quick
        outcome = run(*line)
        asked_for = "json" in line or "env" in line
        told += outcome.err + ("" if asked_for else outcome.out)
        secrets |= kept_secrets(stack)
    del stack.shell.environment["ARGUMENTS_SEEN"]
    arguments = seen.read_text()
    assert "--flow" in arguments
    assert len(secrets) > 20
    assert not [secret for secret in secrets if secret in told + arguments]
    assert "code_verifier" not in told + arguments
    assert "code=" not in told.replace("response_type=code", "")


def kept_secrets(stack):
    """Every cached token, and its signature alone."""
    kept = [json.loads(file.read_text())["tokens"] for file in stack.cache]
    names = ("id_token", "access_token", "refresh_token")
    whole = {tokens[name] for tokens in kept for name in names if tokens[name]}
    return whole | {token.rpartition(".")[2] for token in whole}


def client_secrets(stack, account):
    """The secrets of the app clients that have one."""
    pool_id, clients = stack.outputs["user_pool_id"], stack.outputs["app_clients"]
    described = [
        account.cognito_idp.describe_user_pool_client(
            UserPoolId=pool_id, ClientId=clients[name]
        )
        for name in ("confidential", "machine")
    ]
    return {client["UserPoolClient"]["ClientSecret"] for client in described}
