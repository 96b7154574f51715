"""Exports of a stack on the local AWS, and programs that get its tokens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest
from openapi_spec_validator import validate

from cognito_gw.oauth.tokens import claims_of

BROWSER = ("--flow", "browser")


@pytest.fixture
def cgw(standing):
    """The command line in the folder of the standing stack's file."""
    return standing.cgw


@pytest.fixture
def process(shell, standing):
    """The same, as another process."""
    return type(shell)(standing.cgw.folder, ("--local",), standing.cgw.environment)


def test_both_documents_are_valid_openapi(cgw, standing):
    plain = cgw("export", "openapi", "--out", "-").document
    gateway = cgw("export", "openapi", "--extensions", "--out", "-").document
    for found in (plain, gateway):
        validate(found)
        assert found["servers"] == [{"url": standing.outputs["invoke_url"]}]
        assert {*found["paths"]} == {"/transactions", "/health"}
    method = gateway["paths"]["/transactions"]["post"]
    assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    assert method["security"] == [{"cognito": ["transactions/write"]}]
    scheme = gateway["components"]["securitySchemes"]["cognito"]
    assert scheme["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert plain["paths"]["/transactions"]["post"]["security"] == [
        {"signIn": ["transactions/write"]}
    ]


def test_a_collection_with_a_token(cgw, tmp_path):
    """Without a terminal, the token that needs a browser stays empty."""
    outcome = cgw("export", "postman", "--out", str(tmp_path), "--with-token")
    assert "access_token is left empty" in outcome.err
    assert "the tokens in it expire at " in outcome.err
    collection, environment = sorted(tmp_path.iterdir())
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert stat.S_IMODE(collection.stat().st_mode) != 0o600
    values = json.loads(environment.read_text())["values"]
    tokens = {each["key"]: each["value"] for each in values if each["type"] == "secret"}
    assert claims_of(tokens["id_token"])["token_use"] == "id"
    assert tokens["access_token"] == ""
    assert "eyJ" not in collection.read_text()


def test_a_foreign_file_is_kept(cgw, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_text("mine")
    outcome = cgw("export", "openapi", "--out", str(file), code=2)
    assert "`--force` replaces it" in outcome.err
    assert file.read_text() == "mine"
    document = cgw(
        "export", "openapi", "--out", str(file), "--force", "-o", "json"
    ).document
    assert document == {"files": [str(file)], "expires": None}
    assert cgw("export", "openapi", "--out", str(file)).err.strip() == f"wrote {file}"


def test_a_folder_of_files_is_not_for_stdout(cgw):
    assert "name a folder" in cgw("export", "bruno", "--out", "-", code=2).err


@pytest.mark.parametrize(
    ("framework", "pool", "client"),
    [
        ("plain", "USER_POOL_ID", "USER_POOL_CLIENT_ID"),
        ("vite", "VITE_USER_POOL_ID", "VITE_USER_POOL_CLIENT_ID"),
        ("next", "NEXT_PUBLIC_USER_POOL_ID", "AUTH_COGNITO_ID"),
        ("amplify", "AMPLIFY_USERPOOL_ID", "AMPLIFY_WEBCLIENT_ID"),
    ],
)
def test_the_settings_of_a_front_end(cgw, standing, framework, pool, client):
    found = cgw("env", "--for", framework, "-o", "json").document
    assert found[pool] == standing.outputs["user_pool_id"]
    assert found[client] == standing.outputs["app_client_id"]
    assert standing.outputs["invoke_url"] in found.values()
    lines = cgw("env", "--for", framework).out.splitlines()
    assert [line.partition("=")[0] for line in lines] == [*found]


SCRIPT = """
import json, os
names = ["CGW_API_URL", "CGW_ID_TOKEN", "CGW_ACCESS_TOKEN"]
print(json.dumps([*map(os.environ.get, names)]))
raise SystemExit(7)
"""


def test_a_program_finds_the_tokens(process, standing):
    """Its exit code is ours; a closed pipe ends it, as it would without Python."""
    piped = process("exec", "--", "sh", "-c", "yes | head -n 1")
    assert (piped.out, piped.err) == ("y\n", "")
    outcome = process("exec", "--", sys.executable, "-c", SCRIPT, code=7)
    url, id_token, access_token = json.loads(outcome.out)
    assert url == standing.outputs["invoke_url"]
    uses = [claims_of(token)["token_use"] for token in (id_token, access_token)]
    assert uses == ["id", "access"]


def test_signals_reach_the_program(process):
    line = [sys.executable, "-m", "cognito_gw", "--local", "exec", "--", "sh", "-c"]
    with subprocess.Popen(
        [*line, "echo ready; exec sleep 60"],
        cwd=process.folder,
        env=process.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == -signal.SIGTERM


def test_a_missing_program(process):
    assert (
        "`no-such-program` cannot be run"
        in process("exec", "--", "no-such-program", code=2).err
    )


STATUS = ("-sS", "-o", os.devnull, "-w", "%{http_code}")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_sends_the_token_that_the_method_requires(process, standing):
    assert process("curl", "--", *STATUS, "/transactions").out == "200"
    assert process("curl", "--", *STATUS, "/health").out == "200"
    url = f"{standing.outputs['invoke_url']}/transactions"
    assert process("curl", "--", *STATUS, url).out == "200"
    assert process("curl", "--token", "none", "--", *STATUS, url).out == "401"
    assert process("curl", "--", "-sf", "/nothing", code=22).out == ""
    foreign = process("curl", "--", "-s", "https://example.com/", code=2)
    assert "sends the token only to" in foreign.err


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_token_is_in_no_argument(process, tmp_path):
    """A program named curl writes what others can see of it, and what it reads."""
    fake = tmp_path / "curl"
    fake.write_text(
        "#!/bin/sh\n"
        f'[ "$2" = --help ] && exec {shutil.which("curl")} "$@"\n'
        "tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' '\\n' < /proc/$$/environ\n"
        'cat "${2#@}" >&2\n'
    )
    fake.chmod(0o755)
    process.environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    outcome = process("curl", "--", "/transactions")
    name, token = outcome.err.split()
    assert name == "Authorization:"
    assert claims_of(token)["token_use"] == "id"
    assert "@/dev/fd/" in outcome.out
    assert token not in outcome.out


def test_without_curl(cgw, environment, tmp_path):
    environment.setenv("PATH", str(tmp_path))
    assert "curl is not installed" in cgw("curl", "--", "/health", code=3).err


def runner(name):
    """Return a program of npm, or skip the test."""
    folders = os.environ.get("NODE_PATH", "").split(os.pathsep)
    path = os.pathsep.join([*(f"{each}/.bin" for each in folders), os.environ["PATH"]])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"needs {name}, from npm")
    return found


RUNNERS = {
    "postman": "newman run {0}.postman_collection.json -e {0}.postman_environment.json",
    "bruno": "bru run -r --env {0}",
    "hurl": "hurl --test --variables-file {0}.env {0}.hurl",
}


@pytest.mark.nightly  # the programs start slowly
@pytest.mark.parametrize("form", RUNNERS)
def test_the_collection_runs(stack, tmp_path, form):
    """Every request is accepted, and the one without a token is refused."""
    name, *arguments = RUNNERS[form].format(stack.name).split()
    program = runner(name)
    stack.browse(
        "export",
        form,
        "--out",
        str(tmp_path),
        "--with-token",
        "--client",
        "web",
        *BROWSER,
    )
    done = subprocess.run(
        [program, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
