"""The user's machine: the file, the state directory, and free ports."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cognito_gw.config.load import load
from cognito_gw.doctor.finding import CannotTell, DoctorOptions, Finding
from cognito_gw.doctor.machine import callback_ports, file, state_directory
from cognito_gw.errors import UsageError

FILE = Path("cgw.yaml")


def test_no_file_is_a_warning():
    """The other checks work without one."""
    finding = file(DoctorOptions(FILE))
    assert (finding.state, finding.fix) == ("warn", "`cgw init` writes one")


def test_a_bad_file_is_a_failure():
    """With the same message as in all commands."""
    finding = file(DoctorOptions(FILE, problem=UsageError("it is bad", hint="mend it")))
    assert finding == Finding("fail", "it is bad", "mend it")


def test_a_file_may_have_warnings(tmp_path):
    """All are shown, one per line."""
    path = tmp_path / "cgw.yaml"
    path.write_text("name: notes\n", encoding="utf-8")
    assert file(DoctorOptions(FILE, load(path))) == Finding(
        "ok", "cgw.yaml: stack notes"
    )
    path.write_text("name: notes\nuser_pool: {self_sign_up: true}\n", encoding="utf-8")
    loaded = load(path)
    finding = file(DoctorOptions(FILE, loaded))
    assert finding.state == "warn"
    assert finding.found.splitlines()[1:] == loaded.warnings != []


def test_a_taken_port_is_a_warning():
    """Only browser sign-in needs it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        finding = callback_ports([f"http://localhost:{port}/callback"])
    assert finding.state == "warn"
    assert finding.found == f"another program listens on port {port}"
    assert "callback_urls" in finding.fix
    finding = callback_ports([f"http://127.0.0.1:{port}/", "https://app.example.com/"])
    assert finding == Finding("ok", f"free: {port}")


def test_other_callback_urls_are_not_for_us_to_try():
    """Other machines serve them."""
    with pytest.raises(CannotTell, match="no callback URL on this machine"):
        callback_ports(["https://app.example.com/callback"])


def test_state_is_for_its_user_alone(tmp_path):
    """It contains tokens."""
    tmp_path.chmod(0o700)
    assert state_directory(lambda: tmp_path).state == "ok"
    tmp_path.chmod(0o755)
    finding = state_directory(lambda: tmp_path)
    assert finding.state == "warn"
    assert "has mode 755" in finding.found
    assert finding.fix == f"chmod 700 {tmp_path}"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_state_that_cannot_be_written_is_a_failure(tmp_path):
    """No command would work."""
    tmp_path.chmod(0o500)
    finding = state_directory(lambda: tmp_path)
    tmp_path.chmod(0o700)
    assert finding.state == "fail"


def test_state_that_cannot_be_made_is_a_failure(tmp_path):
    """The finding shows the obstacle, and how to use another directory."""
    path = tmp_path / "file"
    path.touch()

    def make():
        path.mkdir()

    finding = state_directory(make)
    assert finding.state == "fail"
    assert finding.found == f"cannot create {path}: File exists"
    assert "XDG_STATE_HOME" in finding.fix
