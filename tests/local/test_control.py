"""The server recognizes AWS calls, and always answers in AWS's shapes."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def get(local_url):
    """Makes one plain HTTP request; returns status, headers, and body."""

    def request(path="/", method="GET", headers=None, body=None):
        connection = http.client.HTTPConnection(urlsplit(local_url).netloc, timeout=10)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = response.status, response.headers, response.read()
        connection.close()
        return answer

    return request


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1"])
def test_refuses_a_foreign_host(get, host):
    status, headers, _ = get("/_cgw/health", headers={"Host": host})
    assert status == 403
    assert headers["Content-Type"].startswith("text/plain")


def test_answers_to_localhost_too(get, local_url):
    host = f"localhost:{urlsplit(local_url).port}"
    assert get("/_cgw/health", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/", "Action=ListRoles&Version=2010-05-08"),
        ("POST", "/moto-api/reset", ""),
        ("GET", "/restapis", None),
    ],
)
def test_a_web_page_cannot_make_aws_calls(get, method, path, body):
    assert get(path, method, body=body)[0] == 404


def test_a_web_page_may_sign_users_in_and_nothing_else(get):
    preflight = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-amz-target",
    }
    status, headers, _ = get("/", "OPTIONS", preflight)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == "*"
    allowed = headers["Access-Control-Allow-Headers"]
    assert "x-amz-target" in allowed
    assert "authorization" not in allowed.lower()


def test_other_preflight_requests_of_a_web_page_are_refused(get):
    preflight = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    status, headers, _ = get("/restapis", "OPTIONS", preflight)
    assert status == 404
    assert "Access-Control-Allow-Origin" not in headers


def test_a_web_page_reads_the_answer_to_a_sign_in(get):
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
    status, headers, body = get("/", "POST", target, "{}")
    assert status == 400
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(body)["__type"] == "InvalidParameterException"


def test_long_tokens_pass_in_headers(get):
    headers = {"Authorization": f"Bearer {'x' * 16 * 1024}"}
    assert get("/_cgw/health", headers=headers)[0] == 200


def test_an_unsigned_call_is_refused(get):
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools"}
    status, _, body = get("/", "POST", target, '{"MaxResults": 1}')
    assert status == 400
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"


def test_a_missing_parameter_is_refused(get, signed):
    target = "AWSCognitoIdentityProviderService.DeleteUserPool"
    headers = {"X-Amz-Target": target} | signed("cognito-idp")
    status, _, body = get("/", "POST", headers, "{}")
    assert status == 400
    assert json.loads(body)["__type"] == "InvalidParameterException"


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("apigateway", "get_sdk_types", {}),
        ("apigatewayv2", "get_authorizers", {"ApiId": "x"}),
        ("cognito-idp", "get_log_delivery_configuration", {"UserPoolId": "p_x"}),
        (
            "iam",
            "get_human_readable_summary",
            {"EntityArn": "arn:aws:iam::1:x/aaaaaaa"},
        ),
    ],
)
def test_an_operation_that_is_not_implemented_is_named(aws, service, operation, params):
    with pytest.raises(ClientError) as caught:
        getattr(aws(service), operation)(**params)
    error = caught.value.response["Error"]
    assert error["Code"] in {"NotImplemented", "ResourceNotFoundException"}
    assert error["Message"]


def test_an_account_and_its_caller(aws):
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"


def test_concurrent_calls_cannot_pass_the_same_check(aws, name):
    """Exactly one of many identical creations succeeds."""
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name=name)

    def create(_):
        try:
            gateway.create_resource(
                restApiId=api["id"], parentId=api["rootResourceId"], pathPart="pets"
            )
        except gateway.exceptions.ConflictException:
            return "conflict"
        return "created"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(8)))
    assert sorted(outcomes) == ["conflict"] * 7 + ["created"]


def test_regions_are_separate(aws, server, name):
    import boto3

    made = aws("cognito-idp").create_user_pool(PoolName=name)["UserPool"]["Id"]
    elsewhere = boto3.client(
        "cognito-idp",
        endpoint_url=server.url,
        region_name="us-west-2",
        aws_access_key_id=server.access_key.id,
        aws_secret_access_key=server.access_key.secret,
    )
    with pytest.raises(elsewhere.exceptions.ResourceNotFoundException):
        elsewhere.describe_user_pool(UserPoolId=made)
