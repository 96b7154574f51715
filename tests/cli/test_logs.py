"""`cgw logs` prints what functions wrote, without control of the terminal."""

from __future__ import annotations

import re
import time

import boto3
import pytest
from faults.local import backends, restore, state_of
from moto import mock_aws

FILE = """\
name: shop
region: eu-west-1
functions:
  hello: {}
  order: {}
api:
  routes:
    GET /hello: {function: hello}
"""
_MADE = []  # what AWS stores then
STAMP = r"\d\d:\d\d:\d\d\.\d{3}"


@pytest.fixture
def client(cgw, environment):
    """CloudWatch Logs of an account that has the functions."""
    environment.setenv("AWS_ACCESS_KEY_ID", "testing")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        cgw.write(FILE)
        if not _MADE:
            cgw("lambda")
            _MADE.extend(state_of(*backends()))
        restore(_MADE, *backends())
        yield boto3.client("logs", region_name="eu-west-1")


@pytest.fixture
def put(client):
    """Return what writes to a function's log group, with a time some seconds ago."""

    def write(function, *messages, ago=0.0):
        group = f"/aws/lambda/shop-{function}"
        if not client.describe_log_streams(logGroupName=group)["logStreams"]:
            client.create_log_stream(logGroupName=group, logStreamName="a stream")
        at = int((time.time() - ago) * 1000)
        events = [{"timestamp": at, "message": message} for message in messages]
        client.put_log_events(
            logGroupName=group, logStreamName="a stream", logEvents=events
        )

    return write


def test_prints_all_functions_by_time(cgw, put):
    put("order", "second\n", ago=20)
    put("hello", "first\n", ago=30)
    put("hello", "third\n", ago=10)
    lines = cgw("logs").out.splitlines()
    assert [re.sub(STAMP, "TIME", line) for line in lines] == [
        "TIME  hello  first",
        "TIME  order  second",
        "TIME  hello  third",
    ]


def test_prints_one_function_without_its_name(cgw, put):
    put("hello", "mine\n")
    put("order", "another's\n")
    outcome = cgw("logs", "hello")
    assert re.fullmatch(rf"{STAMP}  mine\n", outcome.out)


def test_prints_one_document(cgw, put):
    put("hello", "a line\n", "smile ☺ \x9b2J\n")
    outcome = cgw("logs", "-o", "json")
    first, second = outcome.document["events"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", first.pop("timestamp"))
    assert first == {"function": "hello", "stream": "a stream", "message": "a line\n"}
    assert second["message"] == "smile ☺ \x9b2J\n"
    assert outcome.out.isascii()


def test_control_characters_are_escaped(cgw, put):
    put("hello", "\x1b[2J\x1b]0;title\x07 \x9b31m\x00\x7f tab\there\r\nsecond line\n")
    shown = cgw("logs", "hello").out
    assert shown.split("  ", 1)[1] == (
        "\\x1b[2J\\x1b]0;title\\x07 \\x9b31m\\x00\\x7f tab\there\nsecond line\n"
    )


SINCE = {
    "30s": ["now"],
    "10m": ["minutes ago", "now"],
    "3h": ["an hour ago", "minutes ago", "now"],
    "1d": ["an hour ago", "minutes ago", "now"],
    "2020-01-31T08:00": ["an hour ago", "minutes ago", "now"],
    "2020-01-31T08:00:00+02:00": ["an hour ago", "minutes ago", "now"],
    "2999-01-01": [],
}


def test_since_bounds_what_is_shown(cgw, put):
    put("hello", "an hour ago", ago=3_600)
    put("hello", "minutes ago", ago=300)
    put("hello", "now")
    for since, shown in SINCE.items():
        lines = cgw("logs", "--since", since).out.splitlines()
        assert [line.split("  ")[-1] for line in lines] == shown, since


def test_the_last_ten_minutes_are_shown_by_default(cgw, put):
    put("hello", "old", ago=700)
    put("hello", "new", ago=500)
    assert cgw("logs").out.split("  ")[-1] == "new\n"


def test_says_when_there_is_nothing(cgw, client):  # noqa: ARG001 - the functions exist
    outcome = cgw("logs")
    assert outcome.out == ""
    assert re.fullmatch(r"no logs since \S+ \S+ UTC\n", outcome.err)
    assert cgw("logs", "-q").err == ""
    assert cgw("logs", "-o", "json").document == {"events": []}


NEVER = ("", "10", "10 m", "m", "yesterday", "9999999d", "999999d", "-5m")


@pytest.mark.usefixtures("client")
def test_a_time_that_cannot_be_meant_is_a_usage_error(cgw):
    for since in NEVER:
        assert "--since" in cgw("logs", f"--since={since}", code=2).err, since


@pytest.mark.usefixtures("client")
def test_an_unknown_function_is_a_usage_error(cgw):
    err = cgw("logs", "nope", code=2).err
    assert "no function `nope` in the file; known: hello, order" in err


def test_a_function_that_is_not_there_must_be_made_first(cgw, client):  # noqa: ARG001
    cgw.write(FILE.replace("name: shop", "name: other"))
    err = cgw("logs", code=3).err
    assert "`other-hello` does not exist yet" in err
    assert "run `cgw up` first" in err


def test_an_absent_log_group_means_no_logs_yet(cgw, client):
    client.delete_log_group(logGroupName="/aws/lambda/shop-hello")
    assert "no logs yet" in cgw("logs", "hello", code=3).err
    assert cgw("logs", "order").out == ""


def test_the_access_log(cgw, client, put):
    """It is printed instead of the logs of the functions."""
    put("hello", "a function's\n")
    assert "the file has no access log" in cgw("logs", "--access", code=2).err
    cgw.write(f"{FILE}  access_log: true\n")
    assert "does not exist yet" in cgw("logs", "--access", code=3).err
    group = {"logGroupName": "/aws/apigateway/shop/access"}
    client.create_log_group(**group, tags={"cgw:stack": "shop"})
    client.create_log_stream(**group, logStreamName="a stream")
    event = {"timestamp": int(time.time() * 1000), "message": '{"status": "200"}'}
    client.put_log_events(**group, logStreamName="a stream", logEvents=[event])
    answer = cgw("logs", "--access")
    assert re.fullmatch(rf'{STAMP}  {{"status": "200"}}\n', answer.out)
    assert "takes no functions" in cgw("logs", "hello", "--access", code=2).err
