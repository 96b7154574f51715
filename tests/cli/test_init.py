"""`cgw init` with options, and with prompts at a terminal."""

from __future__ import annotations

import os
import signal
import sys

import pexpect
import pytest
from commandline import EXAMPLE
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cognito_gw.config.load import load

WRONG = [
    (
        ["--name", "9lives"],
        "--name: `9lives` is not a valid stack name",
        "a letter, then",
    ),
    (["--region", "mars"], "--region: `mars` is not a valid AWS Region", "us-east-1"),
    (["--route", "/orders"], "--route /orders: write a method", ""),
    (
        ["--public", "GET /a//b"],
        "--public GET /a//b: API Gateway does not take the path part",
        "",
    ),
]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cgw.yaml"


def test_options_answer_beforehand(cgw, file):
    """Global options count as well; comments remain."""
    line = ["--name", "orders", "--region", "eu-west-1", "--sign-in-with", "phone"]
    routes = [
        "--route",
        "GET /orders",
        "--route",
        "POST /orders",
        "--public",
        "GET /up",
    ]
    outcome = cgw("init", *line, *routes)
    assert outcome.err.startswith("wrote cgw.yaml\n")
    config = load(file, {}).config
    assert (config.name, config.region) == ("orders", "eu-west-1")
    assert config.user_pool.sign_in_with == ["phone_number"]
    assert {key: each.auth for key, each in config.api.routes.items()} == {
        "GET /orders": "cognito",
        "POST /orders": "cognito",
        "GET /up": "none",
    }
    assert file.read_text("utf-8").count("#") > 20


def test_without_a_terminal_nothing_is_asked(cgw, file, environment):
    """It writes the shipped file, whatever the environment contains."""
    environment.setenv("AWS_REGION", "eu-west-3")
    cgw("init", typed="other\n")
    assert file.read_text("utf-8") == EXAMPLE.read_text("utf-8")


@pytest.mark.parametrize(("arguments", "error", "hint"), WRONG)
def test_a_bad_answer_is_a_usage_error_and_no_file(cgw, file, arguments, error, hint):
    """The error names the option and the allowed values."""
    outcome = cgw("init", *arguments, code=2)
    assert outcome.err.startswith("error: ")
    assert error in outcome.err
    assert hint in outcome.err
    assert not file.exists()


@settings(
    max_examples=12,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.text(max_size=12) | st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,31}", fullmatch=True),
    st.text(max_size=12) | st.from_regex(r"(GET|ANY) (/[a-z{}:#'\"]{1,5}){1,3}"),
    st.sampled_from(["--route", "--public"]),
)
@example("null", "GET /", "--public")
@example("x", "GET /\udc80", "--route")
@example("x\ny: z", "GET /a", "--route")
@example("x", "GET /a: {}\n    GET /b", "--route")
def test_any_answer_gives_a_valid_file_or_none(cgw, file, name, route, option):
    """The file contains the answers exactly as given."""
    file.unlink(missing_ok=True)
    outcome = cgw.run("init", "--name", name, option, route)
    if outcome.code == 0:
        config = load(file, {}).config
        assert config.name == name
        assert list(config.api.routes) == [route]
    else:
        assert outcome.code == 2
        assert not file.exists()


@pytest.mark.parametrize("link", [False, True])
def test_an_existing_file_is_unchanged(cgw, file, tmp_path, link):
    """A dangling link exists, too."""
    if link:
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.write_text("mine")
    assert "already exists; not overwritten" in cgw("init", "--name", "9", code=2).err
    assert not (tmp_path / "elsewhere").exists()
    assert link or file.read_text() == "mine"


def _hear_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # it may be ignored now


class Conversation:
    """A user that answers prompts at a terminal."""

    def __init__(self, folder, *options, **environment):
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "cognito_gw", "init", *options],
            cwd=folder,
            env=os.environ | {"TERM": "dumb"} | environment,
            encoding="utf-8",
            dimensions=(40, 200),
            timeout=30,
            preexec_fn=_hear_ctrl_c,
        )
        self.child.delaybeforesend = None

    def answers(self, *pairs):
        """Wait for each prompt, and answer it."""
        for question, answer in pairs:
            self.child.expect_exact(question)
            self.child.sendline(answer)

    def ends(self):
        """Return the exit code, and the remaining output."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus, self.child.before


@pytest.fixture
def talk(tmp_path):
    """Return a function that starts a conversation."""
    started = []

    def start(*options, **environment):
        started.append(Conversation(tmp_path, *options, **environment))
        return started[-1]

    yield start
    for each in started:
        each.child.close(force=True)


def test_a_conversation_ends_in_a_file(talk, file):
    """It repeats a prompt after an invalid answer, with the reason."""
    somebody = talk(AWS_REGION="eu-west-3")
    somebody.answers(
        ("Stack name [transactions]: ", "9lives"),
        ("`9lives` is not a valid stack name: a letter", ""),
        ("AWS Region [eu-west-3]: ", ""),
        ("Users sign in with (email, username, phone) [email]: ", "fax"),
        ("not one of", "username"),
        ("Route, such as GET /orders", "orders"),
        ("write a method", "GET /orders"),
        ("public, without a token? [y/N]: ", ""),
        ("Another route", "GET /up"),
        ("public, without a token? [y/N]: ", "y"),
        ("Another route", ""),
    )
    code, said = somebody.ends()
    assert code == 0
    assert "wrote cgw.yaml" in said
    config = load(file, {}).config
    assert (config.name, config.region) == ("transactions", "eu-west-3")
    assert config.user_pool.sign_in_with == []
    routes = {key: each.auth for key, each in config.api.routes.items()}
    assert routes == {"GET /orders": "cognito", "GET /up": "none"}


def test_enter_accepts_the_shipped_values(talk, file):
    """It does not prompt for values that options give."""
    somebody = talk("--name", "transactions", AWS_REGION="nonsense")
    somebody.answers(("AWS Region [us-east-1]", ""), ("Users", ""), ("Route", ""))
    assert somebody.ends()[0] == 0
    assert file.read_text("utf-8") == EXAMPLE.read_text("utf-8")


def test_ctrl_c_leaves_no_file(talk, file):
    """Whatever the answers so far."""
    somebody = talk()
    somebody.answers(("Stack name", "orders"))
    somebody.child.expect_exact("AWS Region")
    said = ""
    while not said:  # one that arrives just before it reads would be lost
        somebody.child.sendintr()
        over = somebody.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=1)
        said = "" if over else somebody.child.before
    somebody.child.close()
    assert somebody.child.exitstatus == 130
    assert "interrupted" in said
    assert not file.exists()


@pytest.mark.parametrize(("options", "code"), [(["--yes"], 0), (["-c", "."], 2)])
def test_a_terminal_is_not_asked_for_nothing(talk, options, code):
    """With --yes, or if a file exists."""
    ended, said = talk(*options).ends()
    assert ended == code
    assert "Stack name" not in said
