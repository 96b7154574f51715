"""Completion by the Tab key: with click in this process, and in real shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import pexpect
import pytest
from click.shell_completion import ShellComplete

from cognito_gw.cli import cgw as whole
from cognito_gw.cli.completions import Bash

FILE = """\
name: shop
user_pool: {groups: [readers, writers]}
app_clients:
  web: {oauth_scopes: [openid, shop/read]}
  batch:
users:
  - {username: alice@example.com, password: "${NOT_SET}"}
  - {username: bob@example.com}
functions: {list: , sell: {environment: {A: "${NOT_SET_EITHER}"}}}
api:
  stage: live
  routes:
    GET /orders: {function: list}
    POST /orders: {function: sell}
    GET /orders/{id}: {function: list}
    ANY /health: {function: list, auth: none}
environments:
  dev: {functions: {trace: }}
  prod: {users: [{username: "${UNSET}"}], api: {stage: prod}}
"""
AWS_CONFIG = """\
[default]
region = eu-west-3
[profile work]
region = eu-north-1
s3 =
  max_queue_size = 1000
[sso-session acme]
sso_region = us-east-1
"""
ALL_PATHS = ["/orders", "/orders/{id}", "/health"]
BOTH = ["alice@example.com", "bob@example.com"]


@pytest.fixture
def offered(tmp_path, environment):
    """Return what lists the completions at the end of a line, next to a file."""
    environment.chdir(tmp_path)
    environment.setenv("HOME", str(tmp_path))
    (tmp_path / "cgw.yaml").write_text(FILE, encoding="utf-8")

    def run(line):
        *words, incomplete = shlex.split(f"{line}_")
        shell = ShellComplete(whole, {}, "cgw", "_CGW_COMPLETE")
        return [
            each.value for each in shell.get_completions(words[1:], incomplete[:-1])
        ]

    return run


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cgw comp", ["completion"]),
        ("cgw user pass", ["password"]),
        ("cgw token --us", ["--user", "--user-pool-id"]),
        ("cgw call ", ALL_PATHS),
        ("cgw call /o", ["/orders", "/orders/{id}"]),
        ("cgw call -X POST ", ["/orders", "/health"]),
        ("cgw call --token none -X post /o", ["/orders"]),
        ("cgw explain ", ALL_PATHS),
        ("cgw test-method /h", ["/health"]),
        ("cgw call / -X ", ["GET", "POST", "ANY"]),
        ("cgw call / --token ", ["id", "access", "none"]),
        ("cgw test-authorizer --token ", ["id", "access"]),
        ("cgw call / --user ", BOTH),
        ("cgw call --client ", ["web", "batch"]),
        ("cgw explain --stage ", ["live"]),
        ("cgw check --route ", ["GET /orders", "POST /orders"]),
        ("cgw token --flow c", ["choice", "client-credentials"]),
        ("cgw token --scope ", ["openid", "shop/read"]),
        ("cgw token --user a", ["alice@example.com"]),
        ("cgw logout --user ", BOTH),
        ("cgw open --client w", ["web"]),
        ("cgw logs ", ["list", "sell"]),
        ("cgw logs sell ", ["list"]),
        ("cgw user password ", BOTH),
        ("cgw user remove bob@example.com ", ["alice@example.com"]),
        ("cgw user groups alice@example.com --add w", ["writers"]),
        ("cgw user add carol@example.com --group ", ["readers", "writers"]),
        ("cgw up -o ", ["text", "json"]),
        ("cgw --env ", ["dev", "prod"]),
        ("cgw up --env p", ["prod"]),
        ("cgw --env dev logs ", ["list", "sell", "trace"]),
        ("cgw explain --env prod --stage ", ["prod"]),
        ("cgw --env nope logs ", []),
        ("cgw --env nope up --env ", ["dev", "prod"]),
        ("cgw completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_names_of_the_file_are_offered(offered, line, expected):
    """Even if the variable for a password, or another one, is not set."""
    found = offered(line)
    assert found[: len(expected)] == expected
    assert len(found) == len(expected) or "--route" in line


@pytest.mark.parametrize(
    "line",
    [
        "cgw -c other.yaml logs ",
        "cgw logs -c other.yaml ",
        "cgw logs -c '~/other.yaml' ",
    ],
)
def test_the_named_file_is_read(offered, tmp_path, line):
    """Before or after the command; settings missing from the file have defaults."""
    (tmp_path / "other.yaml").write_text("name: other")
    assert offered(line) == ["hello"]


@pytest.mark.parametrize(
    "text", [None, "[", "- a", "name: x\nfunctions: 3", "\0", "functions: [a]"]
)
def test_a_file_that_cannot_be_read_offers_nothing(offered, tmp_path, capfd, text):
    """It prints nothing, because the user is typing."""
    (tmp_path / "cgw.yaml").unlink()
    if text is not None:
        (tmp_path / "cgw.yaml").write_text(text)
    assert offered("cgw logs ") == []
    assert offered("cgw logs -c ~nobody/x ") == []
    assert capfd.readouterr() == ("", "")


def test_names_that_no_terminal_should_see_are_not_offered(offered, tmp_path):
    """The terminal would interpret them, or could not print them."""
    text = 'functions: {"a\\eb": , "c\\ud800": , good: }'
    (tmp_path / "cgw.yaml").write_text(text)
    assert offered("cgw logs ") == ["good"]


def test_profiles_and_regions_come_from_files(offered, environment, tmp_path):
    """From the files of AWS's own tools; regions from the environment, too."""
    (tmp_path / "config").write_text(AWS_CONFIG)
    (tmp_path / "credentials").write_text("[old]\naws_access_key_id = x\n")
    environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    environment.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    environment.setenv("AWS_REGION", "sa-east-1")
    assert offered("cgw up --profile ") == ["default", "work", "old"]
    assert offered("cgw --region ") == ["eu-north-1", "eu-west-3", "sa-east-1"]
    (tmp_path / "config").write_text("no section = x")
    assert offered("cgw --profile ") == ["old"]


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [
        ("cgw call /orders/", "/orders/", "plain,/orders/{id}"),
        ("cgw token --user al", "al", "plain,alice@example.com"),
        ("cgw token --user alice@e", "e", "plain,example.com"),
        ("cgw token --user=", "", "plain,alice@example.com\nplain,bob@example.com"),
        ("cgw token --user=alice@e", "e", "plain,example.com"),
        ("cgw call --user bob@example.com /h", "/h", "plain,/health"),
        ("cgw check --route PO", "PO", r"plain,POST\ /orders"),
        (r"cgw check --route POST\ /", r"POST\ /", r"plain,POST\ /orders"),
        ("cgw check --route 'POST /", "'POST /", "plain,POST /orders"),
        ("cgw -c no.yaml logs ", "", ""),
        ("cgw -c cg", "cg", "file,cg"),
    ],
)
@pytest.mark.usefixtures("offered")
def test_bash_is_given_the_rest_of_its_own_word(environment, line, word, expected):
    """Bash starts the last word after `@` and `=`, and it has no quote."""
    environment.setenv("COMP_LINE", line)
    environment.setenv("COMP_QUOTE", word[:1])
    environment.setenv("COMP_WORD", word.lstrip("'"))
    assert Bash(whole, {}, "cgw", "_CGW_COMPLETE").complete() == expected


class Typing:
    """A shell in which a test types, presses Tab, and reads the line."""

    def __init__(self, shell, folder):
        options, ready = SHELLS[shell]
        self.child = pexpect.spawn(
            shell,
            options,
            cwd=folder,
            env=os.environ | {"TERM": "dumb", "PS1": "$ "},
            encoding="utf-8",
            dimensions=(40, 200),
            timeout=30,
        )
        self.child.delaybeforesend = None
        self.child.sendline(f'eval "$(cgw completion {shell})"; {ready} echo rea""dy')
        self.child.expect("ready\r")

    def tab(self, line):
        """Return the line after Tab."""
        self.child.send(f"{line}\t\x07")
        self.child.expect(r"\[\[(.*?)\]\]")
        self.child.send("\x15")
        return self.child.match[1].rstrip()


# How each shell starts without the user's files, and shows the line at Ctrl-G.
SHELLS = {
    "bash": (
        ["--norc", "--noprofile"],
        r"""bind -x '"\C-g": printf "[[%s]]" "$READLINE_LINE"';""",
    ),
    "zsh": (
        ["-f"],
        "show() { print -rn -- '[''['$BUFFER']'']' }; zle -N show; bindkey '^G' show;",
    ),
}


@pytest.fixture
def program(tmp_path, environment):
    """Let a shell find cgw, and cgw find a file."""
    (tmp_path / "cgw.yaml").write_text(FILE, encoding="utf-8")
    program = tmp_path / "bin" / "cgw"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cognito_gw "$@"\n')
    program.chmod(0o755)
    environment.setenv("PATH", str(program.parent), prepend=os.pathsep)
    environment.setenv("HOME", str(tmp_path))
    environment.chdir(tmp_path)


@pytest.fixture
def in_shell(tmp_path, program):  # noqa: ARG001 - it is what is completed
    """Return what starts a shell to type in."""
    started = []

    def start(shell):
        started.append(Typing(shell, tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.child.close(force=True)


def test_bash_completes(in_shell):
    """Also text that it splits into words, and names that need quotes."""
    tab = in_shell("bash").tab
    assert tab("cgw token --user=alice@e") == "cgw token --user=alice@example.com"
    assert tab("cgw check --route 'PO") == "cgw check --route 'POST /orders'"
    assert tab("cgw -c cg") == "cgw -c cgw.yaml"


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh here")
def test_zsh_completes(in_shell):
    """Also in a zsh where completion is not set up yet."""
    tab = in_shell("zsh").tab
    assert tab("cgw token --user=al") == "cgw token --user=alice@example.com"
    assert tab("cgw check --route 'PO") == "cgw check --route 'POST /orders'"


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish here")
@pytest.mark.usefixtures("program")
def test_fish_completes():
    """With its own completion engine."""
    script = (
        "cgw completion fish | source\n"
        "complete -C 'cgw call /h'\n"
        "complete -C 'cgw token --user=al'\n"
    )
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout == "/health\tANY\n--user=alice@example.com\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_that_of_clicks_variable(cgw, environment, shell):
    """`_CGW_COMPLETE` gives the same; SHELL selects the default."""
    script = cgw("completion", shell).out
    assert f"{shell}_complete" in script
    environment.setenv("SHELL", f"/usr/bin/{shell}")
    assert cgw("completion").out == script
    document = cgw("completion", "-o", "json").document
    assert document["script"] == script
    assert f"cgw completion {shell}" in document["line"]
    environment.setenv("_CGW_COMPLETE", f"{shell}_source")
    assert cgw().out == script


@pytest.mark.parametrize("shell", ["", "/bin/tcsh"])
def test_an_unknown_shell_is_asked_for(cgw, environment, shell):
    """The hint lists the known ones."""
    environment.setenv("SHELL", shell)
    assert "`cgw completion zsh`" in cgw("completion", code=2).err


@pytest.mark.usefixtures("program")
def test_a_terminal_shows_where_to_put_the_line():
    """After the script, and not part of it."""
    shown = pexpect.run("cgw completion bash", env=os.environ, encoding="utf-8")
    *_, head, line = shown.splitlines()
    assert head == "to enable completion in every bash, add to ~/.bashrc:"
    assert line == '  eval "$(cgw completion bash)"'
