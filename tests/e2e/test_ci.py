"""The workflow of docs/ci.md runs as on a runner."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commandline import EXAMPLE
from processes import processes_of

DOCS = EXAMPLE.parent / "docs"
WORKFLOW = yaml.safe_load((DOCS / "ci/github-actions.yml").read_text("utf-8"))
LOCAL = WORKFLOW["jobs"]["local"]


@pytest.fixture
def project(tmp_path):
    """A project with the file of `cgw init` and the tests of the page."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "cgw.yaml").write_text(EXAMPLE.read_text("utf-8"), encoding="utf-8")
    page = (DOCS / "ci.md").read_text("utf-8")
    tests = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(tests) == 2
    (folder / "test_api.py").write_text("\n".join(tests), encoding="utf-8")
    return folder


@pytest.fixture
def runner(project, variables, tmp_path):
    """Return what runs one step of a job as GitHub's runner does."""
    own = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "CGW_ALICE_PASSWORD")
    clean = {name: variables[name] for name in variables if name not in names}
    environment = clean | own | {"PATH": programs} | LOCAL["env"]

    def run(script, **more):
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", script],
            cwd=project,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.mark.nightly
def test_the_job_without_an_account_passes(runner, project, tmp_path):
    """Each step in order; both reports exist, and no process is left.

    By default test_docs.py runs its commands, test_local_stack.py the page's tests, and
    test_plugin.py a project's pytest.
    """
    steps = [step["run"] for step in LOCAL["steps"] if "run" in step]
    ours = [step for step in steps if step.startswith(("cgw ", "pytest "))]
    assert len(ours) == len(steps) - 1  # except pip
    for step in ours:
        done = runner(step)
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
    assert {file.name for file in project.glob("*.xml")} == {"check.xml", "tests.xml"}
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize(
    ("plan", "code", "words"),
    [
        ("echo create; exit 2", 0, "create\n::notice::the stack would change\n"),
        ("echo 0 to change; exit 0", 0, "0 to change\n"),
        ("echo error: no such key >&2; exit 2", 2, ""),
        ("echo keep; exit 1", 1, "keep\n"),
    ],
)
def test_a_plan_fails_only_where_it_failed(runner, tmp_path, plan, code, words):
    """Changes do not fail a pull request."""
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = programs / "cgw"
    fake.write_text(f"#!/bin/sh\n{plan}\n")
    fake.chmod(0o700)
    script = WORKFLOW["jobs"]["plan"]["steps"][-1]["run"]
    done = runner(script, PATH=f"{programs}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (code, words)


def test_only_jobs_with_a_role_may_ask_for_a_token():
    """No job may write to the repository."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for name, job in WORKFLOW["jobs"].items():
        uses = [step.get("uses", "") for step in job["steps"]]
        has_role = any("configure-aws-credentials" in each for each in uses)
        extra = {"id-token": "write"} if has_role else {}
        allowed = job.get("permissions", WORKFLOW["permissions"])
        assert allowed == {"contents": "read"} | extra, name
