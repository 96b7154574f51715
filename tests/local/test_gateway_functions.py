"""The Lambda proxy integration, with functions that a test can pause and resume."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from cognito_gw.gateway_rules import Match
from cognito_gw.local.apigateway.context import Context, Request, Served, Snapshot
from cognito_gw.local.apigateway.integrations import FunctionIntegration
from cognito_gw.local.errors import AwsFault

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hello"
INVOKE = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions"
POLICY = [{"Principal": {"Service": "apigateway.amazonaws.com"}} | {"Action": "*"}]
MATCH = Match({"id": "r", "path": "/pets/{id}"}, {}, {"id": "7"})
API = Snapshot("123456789012", "eu-west-1", "api1", {}, [], {}, {})


def context(**variables):
    request = Request("GET", "/pets/7", "", [], b"", "127.0.0.1", "i", "e=", "Root=1")
    return Context(request, Served(API, "dev", "d", variables), MATCH)


class Functions:
    """Functions that wait until a test resumes them, and then answer or fail."""

    def __init__(self, fault=None):
        self.fault, self.invoked = fault, []
        self.may_go_on, self.finished = asyncio.Event(), asyncio.Event()

    async def invoke(self, arn, event):
        self.invoked.append((arn, json.loads(event)["path"]))
        await self.may_go_on.wait()
        self.finished.set()
        if self.fault:
            raise self.fault
        return SimpleNamespace(payload=b'{"statusCode": 201}', error=False)


def integration(uri=f"{INVOKE}/{ARN}/invocations", **settings):
    return {"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri} | settings


def answered(functions, given=None, policy=POLICY, **variables):
    """Return the outcome of a call of functions that need not wait."""

    async def once():
        functions.may_go_on.set()
        integrate = FunctionIntegration(functions, lambda _: policy)
        return await integrate.answer(context(**variables), given or integration())

    return asyncio.run(once())


def test_invokes_the_function_with_the_event():
    functions = Functions()
    assert answered(functions).response.status == 201
    assert functions.invoked == [(ARN, "/pets/7")]


def test_a_function_runs_on_when_its_caller_waits_no_longer():
    async def once():
        functions = Functions()
        integrate = FunctionIntegration(functions, lambda _: POLICY)
        outcome = await integrate.answer(context(), integration(timeoutInMillis=1))
        assert outcome.response.status == 504
        assert not functions.finished.is_set()
        assert outcome.failure == "Execution failed due to a timeout error"
        functions.may_go_on.set()
        await asyncio.wait_for(functions.finished.wait(), 10)

    asyncio.run(once())


@pytest.mark.parametrize(
    ("code", "status"),
    [("TooManyRequestsException", 429), ("ResourceNotFoundException", 404)],
)
def test_a_refusal_of_lambda_is_an_internal_server_error(code, status):
    outcome = answered(Functions(AwsFault(code, "Rate Exceeded.", status)))
    assert outcome.response.status == 500
    assert json.loads(outcome.response.body) == {"message": "Internal server error"}
    assert code in outcome.why


def test_a_bug_of_cgw_is_not_mistaken_for_a_refusal():
    with pytest.raises(ZeroDivisionError):
        answered(Functions(ZeroDivisionError()))


def test_a_failure_after_the_timeout_is_ignored():
    """An exception that is never retrieved would be a warning, and so an error."""

    async def once():
        functions = Functions(AwsFault("TooManyRequestsException", "Rate Exceeded."))
        integrate = FunctionIntegration(functions, lambda _: POLICY)
        await integrate.answer(context(), integration(timeoutInMillis=1))
        functions.may_go_on.set()
        await asyncio.wait_for(functions.finished.wait(), 10)

    asyncio.run(once())


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("hello", {}),
        ("${stageVariables.name}", {"name": "hello"}),
        ("${stageVariables.a}${stageVariables.b}", {"a": "hel", "b": "lo"}),
    ],
)
def test_stage_variables_name_the_function(name, variables):
    functions = Functions()
    uri = f"{INVOKE}/{ARN.removesuffix('hello')}{name}/invocations"
    answered(functions, integration(uri), **variables)
    assert functions.invoked == [(ARN, "/pets/7")]


@pytest.mark.parametrize(
    "given",
    [
        {"uri": f"{INVOKE}/invocations"},
        {"uri": ""},
        {"uri": "arn:aws:apigateway:eu-west-1:s3:path/bucket"},
        {"httpMethod": "GET"},
    ],
)
def test_a_uri_that_is_not_an_invocation_is_not_permitted(given):
    functions = Functions()
    outcome = answered(functions, integration() | given)
    assert (outcome.response.status, functions.invoked) == (500, [])
    assert outcome.why == "Invalid permissions on Lambda function"


def test_without_a_policy_nothing_is_invoked():
    functions = Functions()
    assert answered(functions, policy=[]).response.status == 500
    assert functions.invoked == []


def test_the_policy_is_asked_about_the_method():
    for_others = [POLICY[0] | {"Condition": {"ArnLike": {"AWS:SourceArn": "*/POST/*"}}}]
    outcome = answered(Functions(), policy=for_others)
    assert outcome.response.status == 500
    assert outcome.call.source_arn == (
        "arn:aws:execute-api:eu-west-1:123456789012:api1/dev/GET/pets/{id}"
    )
