"""A project's own pytest, with the plugin of cognito-gw."""

from __future__ import annotations

import pytest
from processes import processes_of

_FILE = """\
name: shop
user_pool: {mfa: required}
users:
  - {username: alice@example.com, password: "${SHOP_ALICE_PASSWORD}"}
  - {username: bob@example.com}
endpoints: {invoke: "http://localhost:1/{api_id}"}
api:
  routes: {GET /transactions: {}}
environments:
  dev: {api: {routes: {GET /health: {auth: none}}}}
  prod: {region: "${NOT_SET}"}
"""
_TESTS = """\
import pytest

def test_needs_a_token(cgw_stack):
    assert cgw_stack.get("/transactions").status_code == 401

@pytest.mark.parametrize("user", ["alice@example.com", "bob@example.com"])
def test_opens_with_one(cgw_stack, user):
    assert cgw_stack.get("/transactions", user=user).json() == "Hello from Lambda!"

def test_public(cgw_stack):
    assert cgw_stack.get("/health").status_code == 200

def test_fails(cgw_stack):
    assert cgw_stack.get("/health").status_code == 500

def test_asks_for_nothing():
    pass
"""


@pytest.fixture
def project(pytester, variables, environment):
    """A project with a test file, in which pytest runs as for its owner."""
    for name, value in variables.items():
        environment.setenv(name, value)
    pytester.makepyfile(_TESTS)
    return pytester


@pytest.mark.parametrize(
    "workers", ["-n1", pytest.param("-n2", marks=pytest.mark.nightly)]
)
def test_a_project_gets_a_secured_api_in_one_line(project, workers):
    """On workers, after a failure, with second factors, and without passwords."""
    project.path.joinpath("shop.yaml").write_text(_FILE, encoding="utf-8")
    project.makeini("[pytest]\ncgw_config = shop.yaml\ncgw_env = dev\n")
    done = project.runpytest_subprocess(workers, "-Werror", "--dist=load")
    done.assert_outcomes(passed=5, failed=1)
    assert processes_of(project.path) == []


def test_a_problem_is_one_message(project, environment):
    """Without a traceback; tests that need no stack still run.

    The option names a file from the working folder, as all options do.
    """
    project.makeini("[pytest]\n")
    folder = project.mkdir("infra")
    folder.joinpath("bad.yaml").write_text("name: x\napis: {}\n")
    project.makepyfile(
        test_more="""
        def test_no_file(cgw_stack_factory):
            cgw_stack_factory("nowhere.yaml")
        """
    )
    environment.chdir(folder)
    done = project.runpytest_inprocess("-pno:xdist", "..", "--cgw-config=bad.yaml")
    done.assert_outcomes(passed=1, failed=1, errors=5)
    told = done.stdout.str()
    assert "bad.yaml:2: apis: unknown key; did you mean `api`?" in told
    assert f"there is no file {project.path / 'nowhere.yaml'}" in told
    assert "`--cgw-config FILE`" in told
    assert "cognito_gw/" not in told, "no traceback through our own code"
    assert processes_of(project.path) == []


def test_the_command_line_chooses_the_environment(project, environment):
    """Before CGW_ENV, and that before the setting."""
    project.path.joinpath("cgw.yaml").write_text(_FILE, encoding="utf-8")
    project.makeini("[pytest]\ncgw_env = first\n")
    for option, variable, found in (
        ((), "", "first"),
        ((), "second", "second"),
        (("--cgw-env=third",), "second", "third"),
    ):
        environment.setenv("CGW_ENV", variable)
        done = project.runpytest_inprocess("-pno:xdist", *option, "-k", "public")
        told = f"no environment `{found}` in {project.path}/cgw.yaml; known: dev, prod"
        assert told in done.stdout.str()
