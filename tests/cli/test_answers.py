"""Preset answers to the prompts of a sign-in; tests/e2e has the typed ones."""

from __future__ import annotations

from types import SimpleNamespace

import pyotp
import pytest
from processes import full_disk

from cognito_gw.app.context import UserInterface
from cognito_gw.app.prompter import PresetAnswers, Prompter
from cognito_gw.config.variables import Password
from cognito_gw.errors import Missing, UsageError


@pytest.fixture
def answers():
    """Return a function that makes answers, and the list of their waiting times."""
    session = SimpleNamespace(told=[], naps=[], given=None)
    session.ui = UserInterface()
    session.ui.tell = session.told.append
    session.aws = SimpleNamespace(sleep=session.naps.append)

    def make(password=None, **prepared):
        made = Prompter(session, PresetAnswers(**prepared), password)
        made.session = session
        return made

    return make


def test_the_password_of_the_file_comes_first(answers, environment):
    """The environment's comes next."""
    environment.setenv("CGW_PASSWORD", "from the environment")
    assert answers(Password("from the file")).password("alice") == "from the file"
    assert answers().password("alice") == "from the environment"


def test_a_variable_that_the_file_names_is_asked_for(answers, environment):
    """The file's author did not mean another password."""
    environment.setenv("CGW_PASSWORD", "another")
    with pytest.raises(UsageError, match="ALICE"):
        answers(Password(None, missing="ALICE")).password("alice")


def test_a_code_is_used_once(answers):
    """A refused code is not offered again."""
    ready = answers(code="123456")
    assert ready.sent_code("alice", "an email") == "123456"
    assert not ready.again("CodeMismatchException", "no")
    with pytest.raises(Missing, match="from an email"):
        ready.sent_code("alice", "an email")


def test_a_code_that_was_used_is_waited_out(answers, tmp_path):
    """It announces the wait for the next code; it does not wait for a wrong one."""
    secret = tmp_path / "secret"
    secret.write_text(f"{pyotp.random_base32()}\n")
    ready = answers(totp_secret=secret)
    assert ready.again("ExpiredCodeException", "used once")
    (nap,) = ready.session.naps
    assert 0 < nap <= 30
    assert "each works once" in ready.session.told[0]
    assert not ready.again("CodeMismatchException", "no")
    assert len(ready.session.naps) == 1


def test_the_only_way_is_not_asked_about(answers):
    """With several, the user must name one."""
    assert answers().choice("alice", ["SMS_MFA"]) == "SMS_MFA"
    two = ["SMS_MFA", "EMAIL_OTP"]
    assert (
        answers(factors=("PASSWORD", "EMAIL_OTP")).choice("alice", two) == "EMAIL_OTP"
    )
    with pytest.raises(Missing, match="SMS_MFA, EMAIL_OTP"):
        answers().choice("alice", two)
    with pytest.raises(UsageError, match="cannot sign in by PASSWORD"):
        answers(factors=("PASSWORD",)).choice("alice", two)


def test_no_secret_shows_itself(answers):
    """Tracebacks do not show it either."""
    assert "123456" not in repr(PresetAnswers(code="123456"))
    assert "hunter2" not in str(vars(answers(Password("hunter2"))))


def test_a_full_disk_under_a_secret(answers, tmp_path):
    """No empty file is left to block the next run."""
    secret = tmp_path / "secret"
    with full_disk(), pytest.raises(OSError, match="File too large") as error:
        answers(totp_secret=secret).set_up_app("alice", pyotp.random_base32())
    assert error.value.filename == str(secret)
    assert not secret.exists()
