"""The choice of a function's runtime client, and the message if it is missing."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from lambdas import deploy, results

from cognito_gw.local.awslambda.clients import Unsupported, find_client
from cognito_gw.local.awslambda.environment import Places
from cognito_gw.local.awslambda.lambda_store import Function

FUNCTION = Function(
    arn="arn:aws:lambda:us-east-1:123456789012:function:hello",
    name="hello",
    region="us-east-1",
    runtime="nodejs22.x",
    handler="index.handler",
    code_sha="",
    code=b"",
    timeout=3,
    memory=128,
    log_group="/aws/lambda/hello",
    environment={},
)
INSTALL = "`npm install --global aws-lambda-ric`"
NODE = shutil.which("node")


def node_client():
    """Return why a Node.js function cannot run on this machine, or nothing."""
    try:
        find_client(FUNCTION, Path(), os.environ, Places(None))
    except Unsupported as reason:
        return str(reason)
    return ""


make = partial(deploy, Runtime="nodejs22.x", Handler="index.handler")
with_node = pytest.mark.skipif(bool(node_client()), reason=node_client())


def refusal(folder, **environment):
    with pytest.raises(Unsupported) as caught:
        find_client(FUNCTION, folder, environment, Places(None))
    return str(caught.value)


def programs(folder, **scripts):
    """Create programs in a folder, and return it."""
    for name, script in scripts.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return folder


def install(modules, entry="./index.mjs"):
    """Create what npm creates, except the program itself, and return its path."""
    package = modules / "aws-lambda-ric"
    package.mkdir(parents=True)
    description = {"bin": {"aws-lambda-ric": entry}}
    (package / "package.json").write_text(json.dumps(description))
    return package / entry


def test_reports_missing_node(tmp_path):
    said = refusal(tmp_path, PATH=str(tmp_path))
    assert "no `node` on the PATH" in said
    assert INSTALL in said


def test_reports_a_missing_client_for_node(tmp_path):
    path = programs(tmp_path, node="echo v22.0.0", npm=f"echo {tmp_path}/global")
    said = refusal(tmp_path, PATH=str(path))
    assert "runtime client for Node.js is not installed" in said
    assert INSTALL in said


@pytest.mark.parametrize("where", ["function", "path", "prefix", "global"])
def test_finds_the_client_for_node(tmp_path, where):
    """In the function's zip, on NODE_PATH, next to Node.js, or in npm's folder."""
    folders = {
        "function": tmp_path / "function/node_modules",
        "path": tmp_path / "path",
        "prefix": tmp_path / "prefix/lib/node_modules",
        "global": tmp_path / "global",
    }
    entry = install(folders[where], "./bin/index.mjs")
    bin_folder = tmp_path / "prefix/bin"
    bin_folder.mkdir(parents=True)
    path = programs(bin_folder, node="echo v22.1.0", npm=f"echo {folders['global']}")
    client = find_client(
        FUNCTION,
        tmp_path / "function",
        {"PATH": str(path), "NODE_PATH": f"/absent:{folders['path']}"},
        Places(None),
    )
    kind, node, _, *rest = client.command
    assert (kind, node) == ("program", str(path / "node"))
    assert rest == [str(entry)]
    assert client.version == "nodejs:22.1.0"


def test_lists_the_supported_runtimes(tmp_path):
    with pytest.raises(Unsupported, match="runs Python and Node") as caught:
        find_client(replace(FUNCTION, runtime="java21"), tmp_path, {}, Places(None))
    assert "java21" in str(caught.value)


def test_a_function_without_its_client_says_what_to_install(tmp_path):
    (done,) = results(make({"index.mjs": ""}), {}, environment={"PATH": str(tmp_path)})
    answer = json.loads(done.payload)
    assert (done.error, answer["errorType"]) == (True, "Runtime.Unsupported")
    assert INSTALL in answer["errorMessage"]
    assert INSTALL in done.log_tail


COMMONJS = """
let calls = 0;
exports.handler = async (event, context) => {
  console.log("a line of", context.awsRequestId);
  if (event.fail) throw new TypeError("no");
  calls += 1;
  return { calls, event, name: context.functionName, stage: process.env.STAGE };
};
"""
MODULE = """
export const handler = async (event) => ({ statusCode: 200, body: import.meta.url });
"""


@with_node
def test_runs_a_commonjs_handler_and_stays_warm():
    arn = make({"index.js": COMMONJS}, Environment={"Variables": {"STAGE": "dev"}})
    first, second = results(arn, {"text": "é"}, {})
    answer = json.loads(first.payload)
    name = arn.rpartition(":")[2]
    assert answer == {"calls": 1, "event": {"text": "é"}, "name": name, "stage": "dev"}
    assert json.loads(second.payload)["calls"] == 2
    request_id = second.lines[0].split()[2]
    assert any(line.endswith(f"a line of {request_id}") for line in second.lines), (
        second.lines
    )


@with_node
def test_runs_an_es_module():
    (done,) = results(make({"index.mjs": MODULE}), {})
    assert json.loads(done.payload)["body"].startswith("file://")


@with_node
def test_an_exception_in_node_is_a_function_error():
    failed, next_one = results(make({"index.js": COMMONJS}), {"fail": True}, {})
    answer = json.loads(failed.payload)
    assert failed.error
    assert (answer["errorType"], answer["errorMessage"]) == ("TypeError", "no")
    assert json.loads(next_one.payload)["calls"] == 1


@with_node
@pytest.mark.parametrize(
    ("files", "error_type"),
    [
        ({}, "Runtime.ImportModuleError"),
        ({"index.js": "exports.other = 1"}, "Runtime.HandlerNotFound"),
        ({"index.js": "exports.handler = ("}, "Runtime.UserCodeSyntaxError"),
    ],
)
def test_a_node_function_that_does_not_start_says_why(files, error_type):
    (done,) = results(make(files or {"other.js": ""}), {})
    assert (done.error, json.loads(done.payload)["errorType"]) == (True, error_type)
