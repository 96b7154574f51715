"""The state of the local AWS matters if it is the target."""

from __future__ import annotations

import pytest

from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.doctor.checkup import Checkup
from cognito_gw.doctor.finding import CannotTell, DoctorOptions
from cognito_gw.doctor.machine import find, functions, local
from cognito_gw.local.process import Server


@pytest.mark.parametrize(
    ("was_recorded", "is_local", "state"),
    [
        (False, False, "ok"),
        (False, True, "warn"),
        (True, True, "warn"),
        (True, False, "warn"),
    ],
)
def test_a_local_aws_that_does_not_run(was_recorded, is_local, state):
    """A crashed one is reported for every target."""
    finding = local(None, was_recorded=was_recorded, is_local=is_local)
    assert finding.state == state
    assert ("cgw local start" in (finding.fix or "")) is is_local
    assert ("does not answer" in finding.found) is was_recorded


def test_a_local_aws_that_answers(tmp_path):
    """The finding shows its URL."""
    server = Server("http://127.0.0.1:1234", 1, tmp_path, AccessKey.create())
    finding = local(server, was_recorded=True, is_local=True)
    assert (finding.state, finding.found) == (
        "ok",
        "it is running at http://127.0.0.1:1234",
    )


@pytest.mark.parametrize(("is_local", "state"), [(True, "fail"), (False, "warn")])
def test_windows_has_no_local_aws(is_local, state):
    """The finding lists what does not work, and names WSL as the alternative."""
    finding = local(None, was_recorded=False, is_local=is_local, platform="win32")
    assert finding.state == state
    assert "does not run on Windows" in finding.found
    assert "`cgw demo`" in finding.found
    assert "WSL" in finding.fix


def test_on_windows_nothing_looks_for_a_local_aws(tmp_path):
    """Its modules cannot be imported there."""
    assert find(tmp_path, "win32") == (None, False)
    with pytest.raises(CannotTell, match="see `local AWS`"):
        functions(None, "win32")


def test_a_checkup_on_windows_passes_the_platform_on(tmp_path, monkeypatch):
    """The other checks do not change."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    options = DoctorOptions(tmp_path / "cgw.yaml", is_local=True, platform="win32")
    checks = Checkup(options).checks()
    assert checks["local AWS"]().state == "fail"
    assert "chmod" not in (checks["state directory"]().fix or "")
    with pytest.raises(CannotTell, match="see `local AWS`"):
        checks["credentials"]()


def test_no_local_aws_has_run_here(tmp_path):
    """The check starts nothing and leaves no files."""
    assert find(tmp_path) == (None, False)
    assert list(tmp_path.iterdir()) == []
