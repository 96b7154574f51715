"""A deployed function's packages on the local AWS."""

from __future__ import annotations

import io
import zipfile

import pytest
from lambdas import REGION, answer, deploy

from cognito_gw.local.awslambda.lambda_store import find_function
from cognito_gw.local.awslambda.operations import awslambda
from cognito_gw.local.operations import Call
from cognito_gw.packages.target import Target
from cognito_gw.resources.code import zipped

pytestmark = pytest.mark.server
HANDLER = """
import importlib
def found(name):
    try:
        return getattr(importlib.import_module(name), "WHERE", "there")
    except ImportError as error:
        return str(error)
def handler(event, context):
    return {name: found(name) for name in event}
"""


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_listed_package_works_and_another_fails_as_on_lambda(code, requirements):
    """The zip has Lambda's wheel; the one for this machine is imported."""
    (code / "app.py").write_text(HANDLER)
    requirements("fastmath", "web")
    content = unzipped(zipped(code, (), Target.on_lambda("python3.13", "arm64")))
    assert "fastmath/_part.cpython-313-aarch64-linux-gnu.so" in content
    event = ["fastmath", "web", "boto3", "pydantic", "moto", "sub"]
    got = answer(content, event, Architectures=["arm64"])
    assert got == {
        "fastmath": "here",
        "web": "there",
        "boto3": "there",
        **{name: f"No module named '{name}'" for name in ("pydantic", "moto", "sub")},
    }


def test_a_list_that_was_not_built_gives_no_packages():
    """As on Lambda: a zip of another tool, or one of a folder that opts out."""
    files = {"app.py": HANDLER, "requirements.txt": "fastmath"}
    assert answer(files, ["fastmath"]) == {"fastmath": "No module named 'fastmath'"}


@pytest.mark.usefixtures("code")
def test_packages_that_cannot_be_installed_here():
    """The answer of the call says why."""
    files = {"app.py": HANDLER, "requirements.txt": "musl\n"}
    files["musl-1.0.dist-info/METADATA"] = ""
    got = answer(files, [], Architectures=["arm64"])
    assert got["errorType"] == "Runtime.Unsupported"
    assert "musl has no wheel for Python" in got["errorMessage"]


def test_a_new_architecture_is_kept(code):
    """The one of moto's UpdateFunctionCode stays."""
    arn = deploy({"app.py": HANDLER})
    content = zipped(code)
    params = {"FunctionName": arn, "ZipFile": content, "Architectures": ["arm64"]}
    call = Call("lambda", "UpdateFunctionCode", REGION, params)
    assert awslambda.find(call.operation).answer(call)["Architectures"] == ["arm64"]
    assert find_function(arn).architecture == "arm64"
