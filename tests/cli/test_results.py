"""The output and exit code of a command after its work."""

from __future__ import annotations

import subprocess

import pytest

from cognito_gw.app.api_client import Credential
from cognito_gw.cli.results import exports, failure_code
from cognito_gw.engine.resource import Action, Step
from cognito_gw.errors import CgwError, Missing, UsageError

MISSING, USAGE, OTHER = Missing("a"), UsageError("b"), CgwError("c")


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([], 0),
        ([MISSING], 3),
        ([MISSING, MISSING], 3),
        ([USAGE], 2),
        ([MISSING, USAGE], 1),
        ([OTHER, MISSING], 1),
    ],
)
def test_failures_exit_with_their_code_where_they_agree(errors, code):
    """Otherwise with 1."""
    steps = [Step(None, Action.FAIL, error=error, done=True) for error in errors]
    skipped = Step(None, Action.SKIP, error=OTHER, done=True)
    assert failure_code([*steps, skipped]) == code


def test_a_shell_reads_exported_values_to_the_letter():
    """It runs nothing that a value contains."""
    value = 'a\'b "$(echo owned)" `echo owned`; echo owned'
    script = "\n".join([*exports({"VALUE": value}), 'printf %s "$VALUE"'])
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == value


def test_a_credential_does_not_show_its_token():
    """Tracebacks print it."""
    assert "secret" not in repr(Credential("id", "secret"))
