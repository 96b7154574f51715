"""Mistakes of newcomers get a clear message and the right exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from commandline import EXAMPLE, PASSWORD
from processes import full_disk

from cognito_gw.cli import known_error
from cognito_gw.cli.checks import write_junit

SMALL = "name: transactions\nregion: us-east-1\n"
ALICE = f"{SMALL}users: [{{username: alice@example.com}}]\n"
LOST = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
NO_ONE = "http://127.0.0.1:1"

SSO = """\
[profile work]
sso_session = acme
sso_account_id = 123456789012
sso_role_name = dev
region = us-east-1
[sso-session acme]
sso_region = us-east-1
sso_start_url = https://acme.awsapps.com/start
"""

# Arguments, file, exit code, parts of the error, parts of the hint.
WRONG = [
    ("plan", None, 2, "there is no file cgw.yaml", "`cgw init` writes one"),
    ("plan -c other.yaml", SMALL, 2, "there is no file other.yaml", "`-c FILE`"),
    ("plan", "name: [", 2, "cgw.yaml, line 1, column 8: this is not YAML", ""),
    ("plan", "", 2, "name", ""),
    ("plan", "- a list\n", 2, "the file must be a mapping", ""),
    ("plan", "naem: x\n", 2, "cgw.yaml:1: naem", ""),
    ("plan", "name: x\nfunctions: 3\n", 2, "cgw.yaml:2: functions: ", ""),
    ("plan", "name: x\ndomain: ${PREFIX}\n", 2, "cgw.yaml:2: domain: the", ""),
    (
        "plan",
        "name: x\nfunctions:\n  hello: {code: ./nowhere}\n",
        2,
        "cgw.yaml:3: functions.hello.code: ",
        "",
    ),
    (
        "plan",
        "name: x\nusers: [{username: a@b.c, password: short}]\n",
        2,
        "cgw.yaml:2: users[0].password: ",
        "",
    ),
    ("plan", SMALL, 1, "no AWS credentials were found", "aws sso login"),
    ("plan --profile no", SMALL, 1, "profile (no) could not be found", "list-profiles"),
    ("up", "name: x\n", 2, "no region is given", "--region"),
    ("token --client nobody", ALICE, 2, "no app client `nobody`; known: web", ""),
    ("token --client wb", ALICE, 2, "`wb`; did you mean `web`? known: web", ""),
    ("token --scope opendi", ALICE, 2, "with opendi; did you mean `openid`?", ""),
    (
        "plan",
        "name: x\nfunctions: {hello: {}}\napi: {routes: {GET /a: {function: helo}}}\n",
        2,
        "no such function `helo`; did you mean `hello`? known: hello",
        "",
    ),
    ("token", SMALL, 3, "the file has no user to sign in", "`cgw user`"),
    ("token --id --access", ALICE, 2, "--id and --access cannot be combined", ""),
    ("token --refresh --id", ALICE, 2, "--id and --refresh cannot be combined", ""),
    ("token --id --decode", ALICE, 2, "--id and --decode cannot be combined", ""),
    (
        "token --forget --format env",
        ALICE,
        2,
        "--format and --forget cannot be combined",
        "",
    ),
    ("call / -H nonsense", SMALL, 2, "-H takes a name, `:` and a value", ""),
    ("call / -q nonsense", SMALL, 2, "-q takes a name, `=` and a value", ""),
    ("call / -d @nowhere", SMALL, 2, "nowhere cannot be read", ""),
    ("init -c nowhere/cgw.yaml", None, 2, "cannot be written", ""),
    ("local logs", None, 3, "the local AWS is not running", "`cgw local start`"),
]

# Arguments, click's message.
NOT_COMMANDS = [
    ("frob", "No such command 'frob'."),
    ("local frob", "No such command 'frob'."),
    ("up --frob", "No such option '--frob'."),
    ("up now", "Got unexpected extra argument (now)"),
    ("-o yaml plan", "'yaml' is not one of 'text', 'json'."),
    ("outputs --format xml", "'xml' is not one of 'text', 'json', 'env'."),
    ("call", "Missing argument 'PATH'."),
    ("local start --port 70000", "70000 is not in the range"),
    ("token --flow magic", "'magic' is not one of"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong[0])
@pytest.mark.parametrize("output", ["text", "json"])
def test_an_error_is_a_message_and_an_exit_code(cgw, wrong, output):
    """On stderr, possibly with a hint; nothing on stdout."""
    line, text, code, error, hint = wrong
    if text is not None:
        cgw.write(text)
    outcome = cgw(*line.split(), "-o", output, code=code)
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert error in outcome.err
    assert hint in outcome.err.partition("\n  hint: ")[2]


@pytest.mark.parametrize(
    ("asked", "there"),
    [("cgw.yaml", "cgw.yml"), ("prod.yml", "prod.yaml")],
)
def test_the_other_suffix_is_noticed(cgw, asked, there):
    """`cgw` neither reads nor ignores it; `init` does not write a second file."""
    cgw.write("name: x\n", there)
    err = cgw("plan", "-c", asked, code=2).err
    assert f"there is no file {asked}, but {there}" in err
    assert f"`-c {there}`" in err
    assert f"{there} already exists" in cgw("init", "-c", asked, code=2).err


@pytest.mark.parametrize(
    "line", ["--help", "schema", "policy -q --account 123456789012 --region eu-west-1"]
)
def test_a_full_disk_behind_stdout(cgw, environment, line):
    """One error, and no message from Python about the failed flush."""
    environment.setenv("CGW_ALICE_PASSWORD", PASSWORD)
    cgw.write(ALICE)
    command = [sys.executable, "-m", "cognito_gw", *line.split()]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (
        "error: the output cannot be written: No space left on device\n"
        "  hint: free some disk space, then run the same command again\n"
    )


def test_a_full_disk_under_a_file(cgw):
    """Nothing is left of the file."""
    with full_disk():
        outcome = cgw("init", "--yes", code=2)
    assert "cgw.yaml cannot be written: File too large" in outcome.err
    assert not (cgw.folder / "cgw.yaml").exists()


def test_a_full_disk_under_the_local_aws(cgw):
    """The error says so, and it does not start."""
    with full_disk():
        outcome = cgw("local", "start", code=1)
    assert "local.json cannot be written: File too large\n" in outcome.err
    assert cgw("local", "status").out == "not running\n"


def test_a_full_disk_under_a_report(tmp_path):
    """Half a report would be invalid XML."""
    report = tmp_path / "check.xml"
    case = {"route": "GET /", "case": "a", "expected": 1, "got": 1, "ok": True}
    with full_disk(), pytest.raises(OSError, match="File too large") as error:
        write_junit(report, "check", [case])
    assert "cannot be written: File too large" in str(known_error(error.value))
    assert str(report) in str(known_error(error.value))
    assert not report.exists()


@pytest.mark.parametrize(("line", "words"), NOT_COMMANDS)
def test_a_wrong_command_line_is_explained(cgw, line, words):
    """With the usage of the intended command."""
    outcome = cgw(*line.split(), code=2)
    assert outcome.out == ""
    assert outcome.err.startswith("Usage: cgw ")
    assert words in outcome.err


def test_init_writes_a_file_that_is_valid_and_never_over_another(cgw, environment):
    """The file is the example; a second `init` does not change it."""
    cgw("init")
    written = (cgw.folder / "cgw.yaml").read_text(encoding="utf-8")
    assert written == EXAMPLE.read_text(encoding="utf-8")
    again = cgw("init", code=2)
    assert "already exists; not overwritten" in again.err
    environment.setenv("CGW_ALICE_PASSWORD", PASSWORD)
    assert "no AWS credentials" in cgw("plan", code=1).err


def test_an_expired_sso_session_says_how_to_sign_in_again(cgw, environment):
    """The home directory contains no SSO files."""
    config = cgw.folder / "aws-config"
    config.write_text(SSO, encoding="utf-8")
    environment.setenv("AWS_CONFIG_FILE", str(config))
    cgw.write(SMALL)
    outcome = cgw("plan", "--profile", "work", code=1)
    assert outcome.err.startswith("error: the AWS SSO session has expired\n")
    assert "aws sso login" in outcome.err


class Endpoint(ThreadingHTTPServer):
    """An AWS that answers a few operations and refuses the rest in AWS's format."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers = {}
        self.caller_error = None
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """One answer."""

    def do_POST(self):
        """Answer in the service's protocol: XML for STS, JSON for Cognito."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target", "")
        if b"Action=GetCallerIdentity" in body:
            self._caller()
        elif answer := self.server.answers.get(target.rpartition(".")[2]):
            self._send(200, json.dumps(answer))
        else:
            self._deny(target)

    def do_GET(self):
        """Answer the tagging API with no resources."""
        self._send(200, '{"ResourceTagMappingList": []}')

    def log_message(self, *_):
        """Log nothing."""

    def _caller(self):
        if code := self.server.caller_error:
            error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
            self._send(403, f"<ErrorResponse>{error}</ErrorResponse>")
            return
        arn = "<Arn>arn:aws:iam::123456789012:user/dev</Arn>"
        result = f"{arn}<UserId>U</UserId><Account>123456789012</Account>"
        name = "GetCallerIdentity"
        result = f"<{name}Result>{result}</{name}Result>"
        self._send(200, f"<{name}Response>{result}</{name}Response>")

    def _deny(self, target):
        action = f"cognito-idp:{target.rpartition('.')[2]}"
        words = f"User: me is not authorized to perform: {action} on resource: *"
        error = {"__type": "AccessDeniedException", "message": words}
        self._send(400, json.dumps(error))

    def _send(self, status, body):
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def endpoint(environment):
    """An endpoint that refuses, and credentials for it."""
    with Endpoint() as server:
        environment.setenv("AWS_ENDPOINT_URL", server.url)
        for name, value in LOST.items():
            environment.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("code", "words", "hint"),
    [
        ("ExpiredToken", "the AWS credentials have expired", "aws sso login"),
        ("InvalidClientTokenId", "AWS does not accept these credentials", "Region"),
        ("SignatureDoesNotMatch", "AWS does not accept these credentials", "profile"),
    ],
)
def test_credentials_that_aws_refuses(cgw, endpoint, code, words, hint):
    """The first call finds it, before anything else happens."""
    endpoint.caller_error = code
    cgw.write(SMALL)
    outcome = cgw("up", code=1)
    assert outcome.out == ""
    assert words in outcome.err
    assert hint in outcome.err.partition("hint: ")[2]


@pytest.mark.parametrize("action", ["ListUserPools", "CreateUserPool"])
def test_a_denied_call_names_the_action_and_the_way_out(cgw, endpoint, action):
    """For a read or a write; in text and in JSON."""
    if action == "CreateUserPool":
        endpoint.answers["ListUserPools"] = {"UserPools": []}
        tagged = {"ResourceTagMappingList": []}
        endpoint.answers["GetResources"] = tagged
    cgw.write(SMALL)
    outcome = cgw("pool", code=1)
    assert f"the caller may not do cognito-idp:{action}: " in outcome.err
    assert "hint: `cgw policy` prints the IAM policy" in outcome.err
    step = cgw("pool", "-o", "json", code=1).document["steps"][0]
    assert step["action"] == "failed"
    assert f"cognito-idp:{action}" in step["error"]


def test_an_endpoint_without_a_server_is_named(cgw, environment):
    """With the source of its address."""
    for name, value in (LOST | {"AWS_ENDPOINT_URL": NO_ONE}).items():
        environment.setenv(name, value)
    cgw.write(SMALL)
    outcome = cgw("plan", code=1)
    assert outcome.err.startswith("error: Could not connect to the endpoint URL")
    assert "no server runs at this AWS_ENDPOINT_URL" in outcome.err


def test_a_port_in_use_is_said(cgw):
    """No process is left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = cgw("local", "start", "--port", str(port), code=1)
    assert f"cannot listen on port {port}: Address already in use" in outcome.err
    assert "--port" in outcome.err.partition("hint: ")[2]
    assert cgw("local", "status", "-o", "json").document == {
        "running": False,
        "url": None,
        "pid": None,
        "log": None,
    }


def test_a_state_directory_that_cannot_be_is_named(cgw, environment):
    """A file is in its place."""
    (cgw.folder / "state").write_text("")
    environment.setenv("XDG_STATE_HOME", str(cgw.folder / "state"))
    outcome = cgw("plan", code=1)
    assert re.fullmatch(r"error: .*/state/cognito-gw: Not a directory\n", outcome.err)


def test_ctrl_c_at_a_prompt_ends_with_130(tmp_path):
    """As anywhere else, and without a traceback."""
    ours, theirs = pty.openpty()
    variables = {"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", PROMPT],
        env=variables,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr.read(len("Sure?")) == "Sure?"
        rest = None
        while rest is None:  # a signal just before it reads would be lost
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                rest = process.communicate(timeout=1)[1]
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 130
    assert rest.strip().endswith("interrupted")
    assert "Traceback" not in rest


# The group with a command that only prompts: all of ours need an account for that.
PROMPT = """
import signal
import click
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored by now
from cognito_gw.cli import cgw
class Asking(type(cgw)):
    def get_command(self, ctx, name):
        return click.Command("ask", callback=lambda: click.prompt("Sure?", err=True))
Asking("cgw").main(["ask"], prog_name="cgw")
"""
