"""TestInvokeMethod and TestInvokeAuthorizer answer from the draft, with the log."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from local.conformance.rest_api import (
    ACCOUNT,
    REGION,
    Api,
    allow,
    make_function,
    make_role,
    proxy,
    sign_in,
)

SOURCE = """
import json

def handler(event, context):
    do = (event["headers"] or {}).get("X-Do")
    if do == "raise":
        raise ValueError("as asked")
    if do == "malformed":
        return "text"
    return {"statusCode": 200, "body": json.dumps(event)}
"""
LINE = re.compile(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4} : (.*)")
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="session")
def user(aws):
    return sign_in(aws)


@pytest.fixture(scope="session")
def function(aws):
    return make_function(aws, make_role(aws), SOURCE)


@pytest.fixture(scope="session")
def api(aws, local_url, function, user):
    """An API that was never deployed."""
    api = Api(aws, local_url)
    api.authorizers = {
        "cognito": api.authorizer(user.pool_arn),
        "other_header": api.authorizer(user.pool_arn, header="X-Token"),
        "by_variable": api.authorizer(
            user.pool_arn.rpartition("/")[0] + "/${stageVariables.pool}"
        ),
    }
    secured = {
        "authorizationType": "COGNITO_USER_POOLS",
        "authorizerId": api.authorizers["cognito"],
    }
    api.route("GET", "/", proxy(function), **secured)
    api.route("ANY", "/any", proxy(function))
    api.route("GET", "/pets/{id}", proxy(function))
    api.route("GET", "/unpermitted", proxy(make_function(aws, make_role(aws), SOURCE)))
    api.route("GET", "/slow", proxy(function, timeoutInMillis=50))
    api.mock("OPTIONS", "/", headers=[("Access-Control-Allow-Origin", "*")])
    allow(aws, function, api, "test-invoke-stage/*")
    return api


@pytest.fixture
def invoke(api):
    def call(path="/", verb="GET", **params):
        params["resourceId"] = api.resource(path)
        return api.call("test_invoke_method", httpMethod=verb, **params)

    return call


def lines(answer):
    """Return the log without its head and dates."""
    head, *rest = answer["log"].splitlines()
    assert re.fullmatch(f"Execution log for request {UUID}", head)
    assert answer["log"].endswith("\n")
    return [LINE.fullmatch(line)[1] for line in rest]


def test_the_event_is_that_of_a_test(invoke):
    event = json.loads(invoke()["body"])
    assert (event["headers"], event["multiValueHeaders"]) == (None, None)
    context = event["requestContext"]
    assert "authorizer" not in context
    assert "deploymentId" not in context
    assert context["path"] == "/"
    assert context["stage"] == "test-invoke-stage"
    assert context["domainPrefix"] == "testPrefix"
    assert context["domainName"] == "testPrefix.testDomainName"
    identity = context["identity"]
    assert identity["apiKey"] == "test-invoke-api-key"
    assert identity["apiKeyId"] == "test-invoke-api-key-id"
    assert identity["sourceIp"] == "test-invoke-source-ip"
    assert identity["userArn"].startswith(f"arn:aws:iam::{ACCOUNT}:")


def test_the_event_has_what_the_test_gives(invoke):
    answer = invoke(
        "/pets/{id}",
        pathWithQueryString="/pets/7?a=1&a=2",
        headers={"X-A": "b"},
        multiValueHeaders={"X-M": ["1", "2"]},
        stageVariables={"colour": "red"},
    )
    event = json.loads(answer["body"])
    assert event["pathParameters"] == {"id": "7"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["headers"] == {"X-A": "b", "X-M": "2"}
    assert event["multiValueHeaders"] == {"X-A": ["b"], "X-M": ["1", "2"]}
    assert event["stageVariables"] == {"colour": "red"}


def test_a_body_is_forwarded(invoke):
    event = json.loads(invoke("/any", "POST", body="é")["body"])
    assert (event["body"], event["httpMethod"]) == ("é", "POST")


def test_a_path_of_another_resource_gives_no_variables(invoke):
    event = json.loads(invoke("/pets/{id}", pathWithQueryString="/x/y/z")["body"])
    assert (event["pathParameters"], event["path"]) == (None, "/x/y/z")


def test_the_log_of_a_function_that_answers(invoke, api, function):
    answer = invoke(
        "/pets/{id}",
        pathWithQueryString="/pets/7?a=1",
        headers={"X-A": "b", "Authorization": "0123456789"},
    )
    said = lines(answer)
    host = f"lambda.{REGION}.amazonaws.com"
    address = f"https://{host}/2015-03-31/functions/{function}/invocations"
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}"
    assert re.fullmatch(f"Starting execution for request: {UUID}", said[0])
    assert said[1:6] == [
        "HTTP Method: GET, Resource Path: /pets/{id}",
        "Method request path: {id=7}",
        "Method request query string: {a=1}",
        "Method request headers: {X-A=b, Authorization=****456789}",
        "Method request body before transformations: ",
    ]
    assert said[6] == f"Endpoint request URI: {address}"
    assert f"X-Amz-Source-Arn={source}/test-invoke-stage/GET/pets/{{id}}" in said[7]
    assert said[8].startswith('Endpoint request body after transformations: {"resource')
    assert said[9] == f"Sending request to {address}"
    assert re.fullmatch(
        r"Received response. Status: 200, Integration latency: \d+ ms", said[10]
    )
    assert said[11].startswith("Endpoint response headers: {")
    assert said[12].startswith("Endpoint response body before transformations: {")
    assert said[13].startswith("Method response body after transformations: {")
    assert said[14].startswith("Method response headers: {")
    assert said[15:] == [
        "Successfully completed execution",
        "Method completed with status: 200",
    ]
    assert isinstance(answer["latency"], int)


def test_long_lines_are_cut(invoke):
    said = lines(invoke("/any", "POST", body="x" * 5000))
    assert all(len(line) < 1100 for line in said)
    [body] = [line for line in said if line.startswith("Method request body")]
    assert body.endswith("x [TRUNCATED]")


CONFIGURATION = "Execution failed due to configuration error: "
BY_CUSTOMER = "Lambda execution failed with status 200 due to customer function error: "


@pytest.mark.parametrize(
    ("path", "do", "status", "failure"),
    [
        ("/unpermitted", "", 500, f"{CONFIGURATION}Invalid permissions on Lambda f"),
        ("/", "malformed", 502, f"{CONFIGURATION}Malformed Lambda proxy response"),
        ("/", "raise", 502, f"{BY_CUSTOMER}as asked. Lambda request id: "),
    ],
)
def test_the_log_of_a_failure(invoke, path, do, status, failure):
    answer = invoke(path, headers={"X-Do": do})
    assert answer["status"] == status
    assert json.loads(answer["body"]) == {"message": "Internal server error"}
    said = lines(answer)
    assert said[-2].startswith(failure)
    assert said[-1] == f"Method completed with status: {status}"
    assert "Successfully completed execution" not in said


def test_the_log_of_a_mock_has_no_endpoint(invoke):
    answer = invoke("/", "OPTIONS")
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    said = lines(answer)
    assert not any("ndpoint" in line for line in said)
    assert said[-2] == "Successfully completed execution"


def test_one_header_may_have_many_values(invoke):
    answer = invoke()
    assert answer["headers"]["X-Amzn-Trace-Id"].startswith("Root=1-")
    many = answer["multiValueHeaders"]
    assert many["X-Amzn-Trace-Id"] == [answer["headers"]["X-Amzn-Trace-Id"]]


def test_refuses_a_method_that_does_not_exist(invoke, refusal):
    assert refusal(invoke, "/pets/{id}", "DELETE") == (
        404,
        "NotFoundException",
        "Invalid Method identifier specified",
    )


@pytest.fixture
def ask(api):
    def call(name="cognito", **params):
        authorizer = api.authorizers.get(name, name)
        return api.call("test_invoke_authorizer", authorizerId=authorizer, **params)

    return call


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_an_id_token_passes(ask, user, prefix):
    answer = ask(headers={"Authorization": prefix + user.id})
    assert answer["clientStatus"] == 0
    assert answer["claims"]["email"] == "alice@example.com"
    assert re.search(r"UTC \d{4}$", answer["claims"]["exp"])
    assert isinstance(answer["latency"], int)


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_no_other_token_passes(ask, user, kind):
    answer = ask(headers={"Authorization": getattr(user, kind)})
    assert answer["clientStatus"] == 401
    assert "claims" not in answer


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"headers": {"Authorization": ""}},
        {"headers": {"Authorization": "garbage"}},
        {"headers": {"X-Token": "garbage"}},
        {"multiValueHeaders": {"Authorization": ["a", "b"]}},
    ],
)
def test_no_good_token_is_unauthorized(ask, params):
    answer = ask(**params)
    assert (answer["clientStatus"], "claims" in answer) == (401, False)


def test_many_values_of_one_header_are_joined(ask, user):
    answer = ask(multiValueHeaders={"Authorization": [user.id]})
    assert answer["clientStatus"] == 0


def test_the_authorizers_own_header_counts(ask, user):
    asked = partial(ask, "other_header")
    assert asked(headers={"X-Token": user.id})["clientStatus"] == 0
    assert asked(headers={"Authorization": user.id})["clientStatus"] == 401


def test_stage_variables_name_the_pool(ask, user):
    headers = {"Authorization": user.id}
    asked = partial(ask, "by_variable", headers=headers)
    pool = user.pool_arn.rpartition("/")[2]
    assert asked(stageVariables={"pool": pool})["clientStatus"] == 0
    assert asked()["clientStatus"] == 401


@pytest.mark.parametrize(
    ("is_good", "last"),
    [
        (True, "Successfully completed authorizer execution"),
        (False, f"Unauthorized request: {UUID}"),
    ],
)
def test_the_log_of_an_authorizer(ask, api, user, is_good, last):
    token = user.id if is_good else user.access
    said = lines(ask(headers={"Authorization": token}))
    started = f"Starting authorizer: {api.authorizers['cognito']} for request: {UUID}"
    assert re.fullmatch(started, said[0])
    assert said[1] == f"Incoming identity: {'*' * (len(token) - 6)}{token[-6:]}"
    assert re.fullmatch(last, said[2])


def test_refuses_an_authorizer_that_does_not_exist(ask, refusal):
    assert refusal(ask, "absent") == (
        404,
        "NotFoundException",
        "Invalid Authorizer identifier specified",
    )


def test_a_deployment_of_another_state_does_not_matter(api, ask, user):
    """The draft's own authorizer decides; a change applies without a deployment."""
    made = api.authorizer("arn:aws:cognito-idp:eu-west-1:123456789012:userpool/other")
    headers = {"Authorization": user.id}
    assert ask(made, headers=headers)["clientStatus"] == 401
    change = {"op": "add", "path": "/providerARNs", "value": user.pool_arn}
    api.call("update_authorizer", authorizerId=made, patchOperations=[change])
    assert ask(made, headers=headers)["clientStatus"] == 0
