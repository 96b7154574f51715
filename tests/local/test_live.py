"""Invoke answers as Lambda does, with any backend for functions."""

from __future__ import annotations

import asyncio
import base64
from types import SimpleNamespace

import pytest

from cognito_gw.local.awslambda.operations import Invoke

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hello"


class FakeFunctions:
    """Records its runs; either every run fails or none does."""

    def __init__(self, *, error=False):
        self.ran = []
        self.error = error

    async def invoke(self, arn, payload, client_context):
        self.ran.append((arn, payload, client_context))
        return SimpleNamespace(payload=b"{}", error=self.error, log_tail="hello\n")


class FakeCall(dict):
    """A call of Invoke on an existing function."""

    backend = SimpleNamespace(
        get_function=lambda *_: SimpleNamespace(function_arn=ARN),
    )

    def __init__(self, **params):
        super().__init__(FunctionName="hello", **params)


def invoke(functions, **params):
    async def once():
        answer = await Invoke(functions)(FakeCall(**params))
        await asyncio.sleep(0)
        return answer

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": b"{}"}),
        ({"InvocationType": "Event"}, {"StatusCode": 202}),
        ({"InvocationType": "DryRun"}, {"StatusCode": 204}),
    ],
)
def test_answers_by_invocation_type(params, expected):
    assert invoke(FakeFunctions(), **params) == expected


@pytest.mark.parametrize(
    ("params", "runs"),
    [({}, 1), ({"InvocationType": "Event"}, 1), ({"InvocationType": "DryRun"}, 0)],
)
def test_a_dry_run_runs_nothing(params, runs):
    functions = FakeFunctions()
    invoke(functions, Payload=b"[1]", **params)
    assert functions.ran == [(ARN, b"[1]", "")] * runs


def test_the_client_context_is_forwarded_unchanged():
    functions = FakeFunctions()
    invoke(functions, ClientContext="eyJhIjogMX0=")
    assert functions.ran == [(ARN, b"{}", "eyJhIjogMX0=")]


def test_a_failing_function_is_an_answer_with_an_error():
    assert invoke(FakeFunctions(error=True))["FunctionError"] == "Unhandled"


def test_returns_the_log_on_request():
    answer = invoke(FakeFunctions(), LogType="Tail")
    assert base64.b64decode(answer["LogResult"]) == b"hello\n"
