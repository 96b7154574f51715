"""Functions that tests deploy and run without a server."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import uuid
import zipfile
from contextlib import contextmanager
from pathlib import Path

from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.local import moto_store
from cognito_gw.local.access import AccessKeys
from cognito_gw.local.awslambda.functions import Functions
from cognito_gw.local.awslambda.worker import Host
from cognito_gw.local.events import Activity

URL = "http://127.0.0.1:1"
REGION = "us-east-1"
KEYS = AccessKeys(AccessKey.create())
ROLE = "arn:aws:iam::123456789012:role/test"


def deploy(files, **settings):
    """Deploy a function with these files and handler `app.handler`; return its ARN."""
    iam = moto_store.client("iam", REGION)
    if not iam.list_roles()["Roles"]:
        principal = {"Service": "lambda.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal}
        statement["Action"] = "sts:AssumeRole"
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.create_role(RoleName="test", AssumeRolePolicyDocument=trust)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, source in files.items():
            file.writestr(name, source)
    defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 30}
    made = moto_store.client("lambda", REGION).create_function(
        FunctionName=f"f{uuid.uuid4().hex[:12]}",
        Code={"ZipFile": archive.getvalue()},
        Role=ROLE,
        **defaults | settings,
    )
    return made["FunctionArn"]


@contextmanager
def running(environment=os.environ):
    """Yield a function that runs the Lambda once per event; processes end at exit."""

    async def start():
        return Functions(Host(URL, Activity(), KEYS, environment=environment))

    async def call(arn, *events):
        return [await functions.invoke(arn, json.dumps(e).encode()) for e in events]

    with asyncio.Runner() as runner:
        functions = runner.run(start())
        try:
            yield lambda arn, *events: runner.run(call(arn, *events))
        finally:
            runner.run(functions.close())


def results(arn, *events, environment=os.environ):
    """Run a function for each event; return the results."""
    with running(environment) as run:
        return run(arn, *events)


def answers(arn, *events, environment=os.environ):
    """Run a function for each event; return its responses."""
    done = results(arn, *events, environment=environment)
    return [json.loads(each.payload) for each in done]


def answer(files, event=None, environment=os.environ, **settings):
    """Deploy a function, run it once, and return its response."""
    return answers(deploy(files, **settings), event, environment=environment)[0]


def node_client():
    """Return the folder of AWS's client for Node.js, if it is installed."""
    node = shutil.which("node")
    folders = [*os.environ.get("NODE_PATH", "").split(os.pathsep)]
    if node:
        folders.append(str(Path(node).resolve().parent.parent / "lib/node_modules"))
    found = [Path(each) / "aws-lambda-ric" for each in folders if each]
    return next((each for each in found if node and each.is_dir()), None)
