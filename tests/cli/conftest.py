"""The command line in this process: fast, in an empty folder, with no AWS to call."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import QuickTerminal, share_service_models

from cognito_gw.local import process

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def cgw(tmp_path, environment, quick_keys):  # noqa: ARG001 - for moto's AWS
    """A shell in an empty folder, for a user without an AWS account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment.delenv(name)
    environment.setenv("HOME", str(tmp_path / "home"))
    environment.chdir(tmp_path)
    share_service_models(environment)
    yield QuickTerminal(tmp_path)
    process.stop(tmp_path / "state" / "cognito-gw")


@pytest.fixture
def golden(request):
    """Return a check of an output against its file; --update-golden writes the file."""

    def check(text, name):
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check
