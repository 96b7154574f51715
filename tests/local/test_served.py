"""Control plane and data plane together: a stage serves its deployment."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from urllib.parse import urlsplit

import pytest

SOURCE = """
import json

def handler(event, context):
    print("hello from", context.function_name)
    if event.get("fail"):
        raise ValueError("as asked")
    return {"statusCode": 200, "body": json.dumps(event.get("resource"))}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


@pytest.fixture
def function(aws, name):
    role = aws("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", SOURCE)
    return aws("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]


@pytest.fixture
def served_api(aws, api, function):
    """An API whose GET / runs the function, not yet deployed."""
    api.method()
    api.integration(
        uri="arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
        f"{function}/invocations"
    )
    aws("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:eu-west-1:123456789012:{api.id}/*",
    )
    return api


@pytest.fixture
def status(local_url):
    """Return the status of one call of an API's stage."""

    def call(api, path, verb="GET"):
        connection = http.client.HTTPConnection(urlsplit(local_url).netloc, timeout=30)
        connection.request(verb, f"/_aws/execute-api/{api.id}/{path}")
        status = connection.getresponse().status
        connection.close()
        return status

    return call


def test_a_change_is_served_only_once_deployed(served_api, status):
    assert status(served_api, "dev/") == 403
    served_api.deployment(stageName="dev")
    assert status(served_api, "dev/") == 200
    served_api.method("POST")
    served_api.integration("POST", type="MOCK")
    assert status(served_api, "dev/", "POST") == 403


def test_a_stage_goes_back_to_an_earlier_deployment(served_api, status):
    first = served_api.deployment(stageName="dev")
    served_api.on_method("delete_method")
    served_api.method("POST")
    served_api.integration("POST", type="MOCK")
    served_api.deployment(stageName="dev")
    assert status(served_api, "dev/") == 403
    roll_back = ("replace", "/deploymentId", first)
    served_api.patch("update_stage", roll_back, stageName="dev")
    assert status(served_api, "dev/") == 200


def test_tests_the_draft(served_api):
    answer = served_api.on_method("test_invoke_method")
    assert (answer["status"], answer["body"]) == (200, '"/"')


def test_refuses_to_test_an_absent_resource(served_api, refusal):
    refused = refusal(
        served_api.call, "test_invoke_method", resourceId="none", httpMethod="GET"
    )
    assert refused.code == "NotFoundException"


def test_invokes_a_function_and_shows_its_log(aws, function):
    answer = aws("lambda").invoke(FunctionName=function, LogType="Tail")
    assert answer["StatusCode"] == 200
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    assert "FunctionError" not in answer
    assert answer["LogResult"]


def test_a_raising_function_is_an_unhandled_error(aws, function):
    answer = aws("lambda").invoke(FunctionName=function, Payload=b'{"fail": true}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "ValueError"


@pytest.mark.parametrize(("kind", "expected"), [("Event", 202), ("DryRun", 204)])
def test_answers_at_once_without_waiters(aws, function, kind, expected):
    answer = aws("lambda").invoke(FunctionName=function, InvocationType=kind)
    assert answer["StatusCode"] == expected
