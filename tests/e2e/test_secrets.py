"""The whole tutorial, without a secret in its output, files, or process arguments."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from account import Account
from browsing import fetch
from commandline import QuickTerminal
from flows import BROWSER_COMMAND, IMPORTS

from cognito_gw.local import process

FIRST, SECOND, OTHERS = "Marigold-first-1", "Marigold-second-2", "Marigold-bobs-3"
SETTING = "sesame-setting-4"  # like an API key of the function
JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
BAD = "periwig"  # too short for the policy
FILE = f"""\
name: hush
api: {{routes: {{GET /hello: {{}}, GET /scoped: {{scopes: [hush/read]}}}}}}
resource_servers: {{hush: {{scopes: {{read: Read}}}}}}
app_clients:
  web: {{}}
  machine:
    {{secret: true, oauth_flows: [client_credentials], oauth_scopes: [hush/read]}}
functions: {{hello: {{environment: {{API_KEY: '${{SETTING}}'}}}}}}
users:
- {{username: alice@example.com, password: '${{ALICE}}'}}
- {{username: carol@example.com, password: {OTHERS}}}
"""
# The commands, in order; in the last column, the secret that stdout must have.
LINES = [
    (("plan", "-v"), None),
    (("up", "-v"), None),
    (("up", "-o", "json", "-v"), None),
    (("status", "-o", "json"), None),
    (("outputs", "--format", "env"), None),
    (("policy",), None),
    (("token", "--decode", "-v"), None),
    (("token", "--id", "-v"), "asked for"),
    (("token", "-o", "json", "-v"), "asked for"),
    (("token", "--client", "machine", "--access", "-v"), "asked for"),
    (("token", "--flow", "browser", "--format", "env", "-v"), "asked for"),
    (("call", "/hello", "-v"), None),
    (("call", "/hello", "-v", "-o", "json"), None),
    (("call", "/scoped", "-v", "-o", "json"), None),
    (("check", "-o", "json", "-v"), None),
    (("test-method", "/hello", "-v"), None),
    (("user", "password", "alice@example.com", "--password-stdin", "-v"), None),
    (("user", "list", "-o", "json", "-v"), None),
    (("logs",), None),
    (("local", "logs"), None),
    (("local", "status", "-o", "json"), None),
]


@pytest.fixture
def shell(tmp_path, variables, environment):
    """A shell of a user with a separate local AWS."""
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "ALICE": FIRST}
    own |= IMPORTS | {"BROWSER": BROWSER_COMMAND}
    own["SIGN_IN_AS"] = f"alice@example.com {FIRST}"
    environment.setattr("webbrowser._tryorder", None)  # or it reads BROWSER only once
    for key, value in (variables | own | {"SETTING": SETTING}).items():
        environment.setenv(key, value)
    environment.chdir(tmp_path)
    terminal = QuickTerminal(tmp_path, ("--local",))
    terminal.write(FILE)
    yield terminal
    process.stop(tmp_path / "state" / "cognito-gw")


def kept(shell):
    """Every token on disk, and its signature alone."""
    files = (shell.folder / "state" / "cognito-gw" / "tokens").glob("*/*.json")
    tokens = [json.loads(file.read_text())["tokens"] for file in files]
    names = ("id_token", "access_token", "refresh_token")
    whole = {each[name] for each in tokens for name in names if each[name]}
    return whole | {token.rpartition(".")[2] for token in whole}


def arguments_of_all():
    """The arguments of every running process."""
    told = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told.append(file.read_bytes().decode(errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return "\n".join(told)


def client_secret(shell, outputs):
    """The secret of the app client that has one."""
    pool_id, clients = outputs["user_pool_id"], outputs["app_clients"]
    account = Account.of(process.running(shell.folder / "state" / "cognito-gw"))
    described = account.cognito_idp.describe_user_pool_client(
        UserPoolId=pool_id, ClientId=clients["machine"]
    )
    return described["UserPoolClient"]["ClientSecret"]


def told_of_what_goes_wrong(shell, environment):
    """An invalid token, a refused password, and a wrong one."""
    odd = ("--token", SETTING, "-v")
    told = shell("call", "/hello", *odd, code=4).err
    told += shell("test-authorizer", *odd, code=4).err
    line = ("user", "password", "alice@example.com", "--password-stdin", "-v")
    told += shell(*line, code=2, typed=f"{BAD}\n").err
    environment.setenv("ALICE", FIRST)  # well-formed, but no longer hers
    told += shell("token", "--flow", "srp", "-v", code=1).err
    environment.setenv("ALICE", BAD)
    return told + shell("plan", code=2).err


def test_no_secret_leaves_by_the_way(shell, environment):
    """Not even with -v; only where printing it is the command's purpose."""
    told, secrets = {}, {FIRST, SECOND, OTHERS, SETTING, BAD}
    for line, asked_for in LINES:
        typed = f"{SECOND}\n" if "--password-stdin" in line else ""
        outcome = shell(*line, typed=typed)
        told[" ".join(line)] = outcome.err + ("" if asked_for else outcome.out)
        secrets |= kept(shell)
    secrets.add(client_secret(shell, shell("outputs", "-o", "json").document))
    shell("token", "--forget")
    told["what goes wrong"] = told_of_what_goes_wrong(shell, environment)
    environment.setenv("ALICE", SECOND)
    told["another token"] = shell(
        "call", "/hello", "--token", "access", "-v", code=4
    ).err
    secrets |= kept(shell)
    told["down"] = shell("down", "--yes", "-v").err
    status = process.running(shell.folder / "state" / "cognito-gw")
    told["the page"] = fetch(status.url).text
    told["the log"] = status.log.read_text()
    told["arguments"] = arguments_of_all()
    assert "cognito_gw.local" in told["arguments"]
    assert len(secrets) > 8
    assert "code_verifier" not in str(told)
    found = {where for where, text in told.items() if any(s in text for s in secrets)}
    assert found == set()
    del told["arguments"]  # other tests' processes too
    assert {where for where, text in told.items() if JWT.search(text)} == set()
