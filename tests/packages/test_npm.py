"""node_modules of package-lock.json, by a program in place of npm."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from cognito_gw.errors import CgwError
from cognito_gw.local.awslambda.clients import _node_packages
from cognito_gw.local.awslambda.lambda_store import Function
from cognito_gw.packages import install
from cognito_gw.packages.target import Target
from cognito_gw.resources.code import CodeFolder, zipped

ARM = Target.on_lambda("nodejs22.x", "arm64")
NPM = """#!/bin/sh
mkdir -p node_modules/x node_modules/.bin
echo "$@" > node_modules/x/index.js
ln -s ../x/index.js node_modules/.bin/x
echo "{}" > node_modules/.package-lock.json
"""


@pytest.fixture
def project(code, monkeypatch):
    """Return a code folder with a lock of one package that differs by CPU."""
    npm = code.parent / "npm"
    npm.write_text(NPM)
    npm.chmod(0o755)
    monkeypatch.setattr(install, "npm", lambda: str(npm))
    (code / "package.json").write_text("{}")
    lock = {"packages": {"": {}, "node_modules/x": {"cpu": ["arm64"]}}}
    (code / "package-lock.json").write_text(json.dumps(lock))
    (code / "node_modules").mkdir()
    (code / "node_modules/.env").write_text("of development")
    return code


def test_the_zip_has_the_modules_for_lambda(project):
    """And not the folder's own, which have those of development."""
    with zipfile.ZipFile(io.BytesIO(zipped(project, (), ARM))) as archive:
        assert set(archive.namelist()) == {
            *("app.py", "package.json", "package-lock.json"),
            "node_modules/x/index.js",
        }
        options = archive.read("node_modules/x/index.js").decode().split()
    assert {"ci", "--omit=dev", "--ignore-scripts", "--cpu=arm64"} <= {*options}
    assert CodeFolder(project, is_node=True).tool == "npm"


def test_those_for_this_machine_are_linked(project):
    """Node.js finds modules beside the code only."""
    function = Function(
        *("arn", "f", "us-east-1", "nodejs22.x", "app.handler", "sha", b""),
        *(3, 128, "group", {}),
        architecture="arm64",
    )
    (here,) = _node_packages(function, project)
    assert (project / "node_modules").resolve() == here / "node_modules"
    assert "--cpu" not in (project / "node_modules/x/index.js").read_text()


def test_what_has_to_be_compiled_is_an_error(project):
    npm = project.parent / "npm"
    npm.write_text(f"{NPM}touch node_modules/x/binding.gyp")
    with pytest.raises(CgwError, match="x has to be compiled, and cgw runs no scripts"):
        zipped(project, (), ARM)


def test_without_npm(project, monkeypatch):
    monkeypatch.setattr(install, "npm", lambda: None)
    with pytest.raises(CgwError, match="installed by npm, and there is none"):
        zipped(project, (), ARM)
