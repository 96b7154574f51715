"""Which runtimes this machine can run, and the messages for missing ones."""

from __future__ import annotations

import platform

import pytest

from cognito_gw.config.model import FunctionConfig
from cognito_gw.doctor import machine
from cognito_gw.doctor.finding import CannotTell
from cognito_gw.local.awslambda.clients import shortcomings

HERE = "python{}.{}".format(*platform.python_version_tuple()[:2])


def told(runtime, path="", **settings):
    function = FunctionConfig(runtime=runtime, **settings)
    return shortcomings({"hello": function}, {"PATH": str(path)}).get("hello")


def test_the_same_python_is_not_reported():
    assert told(HERE) is None


def test_another_python_is_reported():
    assert told("python3.9") == (
        f"function `hello` has the runtime python3.9, and runs on {HERE} locally"
    )


@pytest.mark.parametrize("runtime", ["ruby3.3", "java21", "dotnet8", "provided.al2023"])
def test_an_unsupported_language_is_reported(runtime):
    assert "does not run locally" in told(runtime)
    assert runtime in told(runtime)


def test_a_missing_node_is_reported(tmp_path):
    assert "no `node` on the PATH" in told("nodejs22.x", tmp_path)


def program(folder, name, says):
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(0o755)


def test_a_missing_node_client_is_reported(tmp_path):
    program(tmp_path / "bin", "node", "v22.1.0")
    why = told("nodejs22.x", tmp_path / "bin")
    assert "`npm install --global aws-lambda-ric`" in why


@pytest.mark.parametrize(("version", "same"), [("v22.1.0", True), ("v20.1.0", False)])
def test_the_version_of_node_counts(tmp_path, version, same):
    """The client may be among the function's own modules."""
    program(tmp_path / version, "node", version)
    client = tmp_path / "code/node_modules/aws-lambda-ric"
    client.mkdir(parents=True)
    client.joinpath("package.json").write_text('{"bin": {"aws-lambda-ric": "x"}}')
    code = tmp_path / "code"
    why = told("nodejs22.x", tmp_path / version, code=code, handler="i.h")
    assert (why is None) is same
    assert same or "runs on nodejs20.x locally" in why


class Config:
    functions = {"hello": FunctionConfig(runtime="ruby3.3")}  # noqa: RUF012


def test_the_doctor_warns():
    finding = machine.functions(Config)
    assert finding.state == "warn"
    assert "ruby3.3" in finding.found
    assert "install the runtime" in finding.fix


def test_the_doctor_needs_a_file():
    with pytest.raises(CannotTell):
        machine.functions(None)
