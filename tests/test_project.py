"""The project's automation: workflows, hooks and templates agree with the code."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PUBLISH = "pypa/gh-action-pypi-publish"


def read(file):
    """Return the YAML of a file below the root."""
    return yaml.safe_load((ROOT / file).read_text("utf-8"))


def uses(job):
    """Return the actions of a job without their versions."""
    return {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}


CI = read(".github/workflows/ci.yml")["jobs"]
RELEASE = read(".github/workflows/release.yml")


@pytest.mark.parametrize(
    "file", sorted(GITHUB.rglob("*.yml")), ids=lambda file: file.name
)
def test_the_yaml_is_valid(file):
    assert isinstance(read(file), dict)


@pytest.mark.parametrize("name", ["ci", "release"])
def test_a_workflow_grants_no_more_than_it_uses(name):
    """Only the publishing job gets an ID token; no job may write to the repository."""
    workflow = read(f".github/workflows/{name}.yml")
    assert set(workflow["permissions"].items()) <= {("contents", "read")}
    for job in workflow["jobs"].values():
        publishes = PUBLISH in uses(job)
        allowed = {("id-token", "write")} if publishes else {("contents", "read")}
        assert set(job.get("permissions", {}).items()) <= allowed
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            assert "@" in step.get("uses", "@")


def test_ci_runs_on_every_declared_python():
    """From `requires-python` to the newest classifier, and once on macOS."""
    matrix = CI["test"]["strategy"]["matrix"]
    found = (re.fullmatch(r".* :: (3\.\d+)", name) for name in PROJECT["classifiers"])
    declared = [match[1] for match in found if match]
    assert matrix["python"] == declared
    supported = SpecifierSet(PROJECT["requires-python"])
    minors = (f"3.{minor}" for minor in range(20))
    assert next(minor for minor in minors if minor in supported) == declared[0]
    assert all(version in supported for version in declared)
    assert [extra["os"] for extra in matrix["include"]] == ["macos-latest"]
    lowest = [step.get("with", {}) for step in CI["lowest"]["steps"]]
    assert {"python-version": declared[0]} in lowest


def test_the_hooks_are_the_checks_of_ci():
    """The same commands, and ruff and mypy from the same environment."""
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    checks = [line for line in lines if line.partition(" ")[0] in {"ruff", "mypy"}]
    hooks = [
        hook
        for repo in read(".pre-commit-config.yaml")["repos"]
        for hook in repo["hooks"]
    ]
    assert [hook["entry"] for hook in hooks] == checks
    assert {hook["language"] for hook in hooks} == {"system"}
    assert not any(hook["pass_filenames"] for hook in hooks)


@pytest.mark.parametrize(
    "file",
    [
        *(f"ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "feature")),
        "pull_request_template.md",
    ],
)
def test_a_template_asks_for_the_output_of_doctor(file):
    assert "cgw doctor -o json" in (GITHUB / file).read_text("utf-8")


def test_nothing_is_published_before_the_wheel_was_used():
    """The publishing job needs the one that installs the wheel and runs its demo."""
    publishing = {name for name, job in RELEASE["jobs"].items() if PUBLISH in uses(job)}
    assert publishing == {"publish"}
    assert set(RELEASE["jobs"]["publish"]["needs"]) == {"build", "wheel"}
    wheel = RELEASE["jobs"]["wheel"]
    assert wheel["needs"] == "build"
    assert "actions/checkout" not in uses(wheel)  # otherwise the source could be used
    runs = [step["run"] for step in wheel["steps"] if "run" in step]
    assert shlex.split(runs[-1]) == ["fresh/bin/cgw", "demo"]


def test_what_is_published_was_checked_and_is_attested():
    runs = [step.get("run") for step in RELEASE["jobs"]["build"]["steps"]]
    assert runs.index("twine check --strict dist/*") > runs.index("python -m build")
    last = RELEASE["jobs"]["publish"]["steps"][-1]
    assert last["with"] == {"attestations": True}
