"""A deployed function's packages on the local AWS."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from lambdas import REGION, answer, answers, deploy

from cognito_gw.local.awslambda.lambda_store import find_function
from cognito_gw.local.awslambda.layers import VARIABLE, variable_of
from cognito_gw.local.awslambda.operations import awslambda
from cognito_gw.local.errors import AwsFault
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
    assert re.search(r"musl\S* has no wheel for Python", got["errorMessage"])


def test_a_new_architecture_is_kept(code):
    """The one of moto's UpdateFunctionCode stays."""
    arn = deploy({"app.py": HANDLER})
    content = zipped(code)
    params = {"FunctionName": arn, "ZipFile": content, "Architectures": ["arm64"]}
    call = Call("lambda", "UpdateFunctionCode", REGION, params)
    assert awslambda.find(call.operation).answer(call)["Architectures"] == ["arm64"]
    assert find_function(arn).architecture == "arm64"


LAYER = "arn:aws:lambda:eu-west-1:{}:layer:{}:{}"


@pytest.fixture
def layers(tmp_path):
    """Return the environment for two layers; the second is for one Python only."""
    for number, place in (1, "python"), (2, "python/lib/python3.13/site-packages"):
        folder = tmp_path / f"layer{number}" / place
        folder.mkdir(parents=True)
        (folder / "fastmath.py").write_text(f"WHERE = 'layer {number}'")
    (tmp_path / "layer1/python/web.py").write_text("WHERE = 'layer 1'")
    (tmp_path / "layer1/bin").mkdir()
    return lambda: variable_of([tmp_path / "layer1", tmp_path / "layer2"])


def test_local_layers_are_on_the_search_paths(layers):
    """The last layer comes first, and after the code; a change starts a new worker."""
    source = HANDLER.replace(
        "return {", "import os\n    return {'env': [*os.environ]} | {"
    )
    arn = deploy({"app.py": source}, Environment={"Variables": layers()})
    got = answers(arn, ["fastmath", "web", "app"])[0]
    assert (got["fastmath"], got["web"]) == ("layer 2", "layer 1")
    assert VARIABLE not in got["env"]
    before = find_function(arn)
    assert before.environment == {}
    assert before.layers.variables("nodejs22.x", "/bin")["PATH"].endswith("layer1/bin")
    (before.layers.folders[0] / "python/new.py").write_text("")
    assert not layers()[VARIABLE].startswith(before.layers.newest)


def test_layers_of_other_accounts_are_accepted():
    """Moto knows only those published here, and refuses others of this account."""
    arn = deploy({"app.py": HANDLER})
    update = awslambda.find("UpdateFunctionConfiguration")

    def call(*layers):
        params = {"FunctionName": arn, "Layers": [*layers]}
        return Call("lambda", "UpdateFunctionConfiguration", REGION, params)

    foreign = LAYER.format("017000801446", "tools", 3)
    answer = update.answer(call(foreign))
    assert [layer["Arn"] for layer in answer["Layers"]] == [foreign]
    assert not update.answer(call()).get("Layers")
    with pytest.raises(AwsFault, match=r"tools:3 does not exist\.") as refused:
        update.check(call(LAYER.format("123456789012", "tools", 3)))
    assert refused.value.code == "InvalidParameterValueException"
    with pytest.raises(AwsFault, match="Two different versions of the same layer"):
        update.check(call(foreign, LAYER.format("017000801446", "tools", 4)))
