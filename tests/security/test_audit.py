"""The audit of installed packages fails for an advisory and never passes unchecked."""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path

import pytest
import yaml

import cognito_gw

ROOT = Path(cognito_gw.__file__).parents[1]
CLEAN = {"name": "click", "version": "8.5.1", "vulns": []}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found on PyPI"}
AFFECTED = {
    "name": "filelock",
    "version": "3.16.0",
    "vulns": [{"id": "GHSA-w853-jp5j-5j7f", "fix_versions": ["3.20.1"], "aliases": []}],
}
# The last lines of pip-audit 2.10.1 when it cannot reach its service.
REFUSED = (
    "requests.exceptions.ConnectionError: Max retries exceeded with url: /v1/query"
)
TIMED_OUT = "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"
DOWN = "pip_audit._service.interface.ServiceError"


@pytest.fixture(scope="module")
def verdict():
    """Return the function that parses both output streams of pip-audit."""
    return runpy.run_path(str(ROOT / ".ci/audit.py"))["verdict"]


def _answer(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


def test_an_advisory_fails(verdict):
    """The report includes the fixed release, even among clean or unknown packages."""
    code, words = verdict(_answer(CLEAN, UNKNOWN, AFFECTED), "")
    assert code == 1
    assert "filelock 3.16.0: GHSA-w853-jp5j-5j7f, fixed in 3.20.1" in words


def test_no_advisory_passes(verdict):
    """The report lists the packages that the audit could not look up."""
    assert verdict(_answer(CLEAN), "") == (
        0,
        "audit: no advisory; packages looked up: 1",
    )
    assert verdict(_answer(CLEAN, UNKNOWN), "")[1].endswith("not looked up: own")


@pytest.mark.parametrize("err", [REFUSED, TIMED_OUT, DOWN])
def test_an_unreachable_service_is_reported(verdict, err):
    """The audit does not count it as a clean result."""
    code, words = verdict("", f"Traceback (most recent call last):\n{err}\n")
    assert code == 0
    assert "SKIPPED" in words


def test_an_index_without_advisories_is_reported(verdict):
    """pip-audit itself prints "No known vulnerabilities found" and exits with 0."""
    code, words = verdict(_answer(UNKNOWN), "No known vulnerabilities found")
    assert code == 0
    assert "SKIPPED" in words


def test_a_broken_audit_fails(verdict):
    """The audit fails for any other error as well."""
    code, words = verdict("", "ModuleNotFoundError: pip_audit")
    assert code == 1
    assert "ModuleNotFoundError" in words


def test_the_workflow_runs_what_is_there():
    """Every script audits, on each supported Python and with the lowest releases."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    jobs = workflow["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == [
        "3.11",
        "3.12",
        "3.13",
        "3.14",
    ]
    runs = {
        step["run"]
        for job in ("test", "lowest")
        for step in jobs[job]["steps"]
        if "run" in step
    }
    assert runs == {".ci/run", ".ci/lowest"}
    for script in (ROOT / run for run in runs):
        assert os.access(script, os.X_OK)
        assert "\npython .ci/audit.py\n" in script.read_text("utf-8")
