"""CloudWatch Logs has functions' output; Invoke refuses what AWS refuses."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import socket
import zipfile

import boto3
import pytest

from cognito_gw.local import logs, moto_store, process

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/{}"
SOURCE = """
def handler(event, context):
    for number in range(event.get("from", 0), event.get("to", 1)):
        print("line", number)
    return context.log_group_name
"""


def make_function(client, name, source=SOURCE, **settings):
    """Make a function, and return its name."""
    principal = {"Service": "lambda.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statement}
        ),
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", source)
    made = client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role=ROLE.format(name),
        Code={"ZipFile": archive.getvalue()},
        **{"Timeout": 30} | settings,
    )
    return made["FunctionName"]


@pytest.fixture
def function(aws, name):
    return make_function(aws, name)


@pytest.fixture
def invoke(aws, function):
    """Return what invokes the function."""

    def run(**event):
        payload = json.dumps(event).encode()
        return aws("lambda").invoke(FunctionName=function, Payload=payload)

    return run


@pytest.fixture
def messages(aws, function):
    """Return what reads the function's log group, page by page."""

    def read(group=f"/aws/lambda/{function}", **parameters):
        pages = aws("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=group, **parameters)
        return [event["message"] for page in found for event in page["events"]]

    return read


def test_a_call_is_in_the_log_when_it_returns(invoke, messages):
    for _ in range(3):
        invoke(to=2)
    kinds = [message.split()[0] for message in messages()]
    call = ["START", "line", "line", "END", "REPORT"]
    assert kinds == ["INIT_START", *call, *call, *call]
    assert messages(filterPattern="line")[:2] == ["line 0\n", "line 1\n"]


def test_a_worker_has_a_log_stream(aws, function, invoke):
    invoke()
    group = f"/aws/lambda/{function}"
    (stream,) = aws("logs").describe_log_streams(logGroupName=group)["logStreams"]
    name = stream["logStreamName"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", name)
    events = aws("logs").get_log_events(logGroupName=group, logStreamName=name)
    assert [event["message"].split()[0] for event in events["events"]] == [
        "INIT_START",
        "START",
        "line",
        "END",
        "REPORT",
    ]


def test_events_are_in_order_over_streams_and_pages(aws, function, invoke, messages):
    for number in range(3):
        invoke(**{"from": number, "to": number + 1})
        variables = {
            "NUMBER": str(number)
        }  # so that the next call has a separate stream
        aws("lambda").update_function_configuration(
            FunctionName=function, Environment={"Variables": variables}
        )
    pages = messages(PaginationConfig={"PageSize": 2})
    assert [line for line in pages if line.startswith("line")] == [
        "line 0\n",
        "line 1\n",
        "line 2\n",
    ]


def test_a_function_may_have_another_log_group(aws, function, invoke, messages):
    group = f"/other/{function}"
    aws("lambda").update_function_configuration(
        FunctionName=function, LoggingConfig={"LogGroup": group}
    )
    assert json.load(invoke()["Payload"]) == group
    assert "line 0\n" in messages(group)


def test_a_deleted_log_group_comes_back_with_the_next_call_only(
    aws, function, invoke, messages, refusal
):
    group = f"/aws/lambda/{function}"
    invoke()
    aws("logs").delete_log_group(logGroupName=group)
    gone = refusal(aws("logs").filter_log_events, logGroupName=group)
    assert gone.code == "ResourceNotFoundException"
    invoke()
    assert "line 0\n" in messages()


def test_a_log_group_keeps_the_newest_lines(monkeypatch):
    monkeypatch.setattr(logs, "KEPT", 10)
    queue, name = logs.LogQueue(), "/aws/lambda/newest"

    def put(*numbers):
        for number in numbers:
            queue.put(REGION, name, "stream", f"line {number}")

    for first, last in ((0, 6), (6, 12), (12, 40)):
        put(*range(first, last))
        logs.deliver_everywhere(queue)
    group = moto_store.backend("logs", REGION).groups[name]
    (stream,) = group.streams.values()
    kept = [event.message for event in stream.events]
    assert kept == [f"line {number}\n" for number in range(30, 40)]
    put(*range(50))
    ((_, waiting),) = queue.take(REGION)
    assert len(waiting) == 10


@pytest.mark.nightly
def test_a_log_group_keeps_ten_thousand_lines(invoke, messages):
    invoke(to=6_000)
    assert len(messages()) == 6_004
    invoke(**{"from": 6_000, "to": 12_000})
    kept = messages()
    assert len(kept) == 10_000
    assert kept[-3] == "line 11999\n"


def test_the_answer_has_the_tail_of_the_log(aws, function):
    answer = aws("lambda").invoke(FunctionName=function, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert [line.split()[0] for line in tail][1:] == ["START", "line", "END", "REPORT"]


@pytest.mark.parametrize(
    ("size", "kind"), [(6 * 1024 * 1024, "RequestResponse"), (1024 * 1024, "Event")]
)
def test_refuses_a_payload_above_the_limit(aws, function, refusal, size, kind):
    payload = json.dumps("x" * size).encode()
    refused = refusal(
        aws("lambda").invoke,
        FunctionName=function,
        InvocationType=kind,
        Payload=payload,
    )
    assert refused == (
        413,
        "RequestTooLargeException",
        f"Request must be smaller than {size} bytes for the InvokeFunction operation",
    )


def test_refuses_a_payload_that_is_not_json(aws, function, refusal):
    refused = refusal(aws("lambda").invoke, FunctionName=function, Payload=b"{")
    assert refused[:2] == (400, "InvalidRequestContentException")
    assert refused.message.startswith("Could not parse request body into json: ")


@pytest.mark.parametrize("context", ["{}", base64.b64encode(b"{").decode()])
def test_refuses_a_client_context_that_is_not_json(aws, function, refusal, context):
    assert refusal(
        aws("lambda").invoke, FunctionName=function, ClientContext=context
    ) == (
        400,
        "InvalidRequestContentException",
        "Client context must be a valid Base64-encoded JSON object.",
    )


BUSY = """
import http.client
import time

def handler(event, context):
    told = http.client.HTTPConnection("127.0.0.1", event["port"])
    told.request("GET", "/")  # the connection stays open for as long as this lives
    time.sleep(60)
"""


def test_a_busy_function_ends_when_the_server_is_killed(tmp_path, name):
    server = process.start(tmp_path)
    key = server.access_key
    session = boto3.Session(key.id, key.secret, region_name=REGION)

    def client(service):
        return session.client(service, endpoint_url=server.url)

    function = make_function(client, name, BUSY, Timeout=60)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client("lambda").invoke(
            FunctionName=function,
            InvocationType="Event",
            Payload=json.dumps({"port": listener.getsockname()[1]}).encode(),
        )
        listener.settimeout(30)
        connection, _ = listener.accept()
    with connection, connection.makefile("rb") as told:
        connection.settimeout(30)
        assert told.readline().startswith(b"GET /")
        os.kill(server.pid, signal.SIGKILL)
        told.read()  # until no process holds the other end
