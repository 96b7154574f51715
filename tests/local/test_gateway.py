"""A deployed stage answers as API Gateway does: route, authorizer, integration."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from local.conformance.rest_api import (
    USER,
    Api,
    make_function,
    make_role,
    proxy,
    sign_in,
)
from local.conformance.rest_api import allow as allow_invoke

ADMIN_SCOPE = "aws.cognito.signin.user.admin"
INTERNAL = b'{"message": "Internal server error"}'
# The header X-Do selects what it does.
SOURCE = """
import json, time

def handler(event, context):
    do = (event["headers"] or {}).get("X-Do", "echo")
    if do == "raise":
        raise ValueError("as asked")
    if do == "sleep":
        time.sleep(2)
    if do == "malformed":
        return {"body": {"not": "text"}}
    if do == "teapot":
        headers = {"Server": "mine", "X-Own": "1", "Content-Type": "text/plain"}
        return {"statusCode": 418, "headers": headers, "body": "short and stout"}
    return {"statusCode": 200, "body": json.dumps(event)}
"""
ALLOW = "Access-Control-Allow-Origin"
ORIGINS = f"""#set($origin = $input.params().header.get("Origin"))
#if($origin == "https://a" || $origin == "https://b")
#set($context.responseOverride.header.{ALLOW} = $origin)
#end"""


@pytest.fixture(scope="session")
def allow(aws):
    return partial(allow_invoke, aws)


@pytest.fixture(scope="session")
def signed_in(aws):
    return sign_in(aws)


@pytest.fixture(scope="session")
def id_token(signed_in):
    return signed_in.id


@pytest.fixture(scope="session")
def access_token(signed_in):
    return signed_in.access


@pytest.fixture(scope="session")
def function(aws):
    """One function for every API: starting it is the slowest part of a test."""
    return make_function(aws, make_role(aws), SOURCE)


@pytest.fixture(scope="session")
def served(aws, local_url, function, allow, signed_in):
    """An API with a route of each kind, deployed."""
    api = Api(aws, local_url)
    allow(function, api)
    authorizer = api.authorizer(signed_in.pool_arn)
    secured = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    api.route("GET", "/", proxy(function))
    api.route("ANY", "/any", proxy(function))
    api.route("GET", "/pets/{id}", proxy(function))
    api.route("GET", "/files/{proxy+}", proxy(function))
    api.route("GET", "/slow", proxy(function, timeoutInMillis=100))
    api.route("GET", "/secured", proxy(function), **secured)
    scopes = {"authorizationScopes": [ADMIN_SCOPE]}
    api.route("GET", "/scoped", proxy(function), **secured, **scopes)
    api.route("GET", "/signed", proxy(function), authorizationType="AWS_IAM")
    api.route("GET", "/unpermitted", proxy(make_function(aws, make_role(aws), SOURCE)))
    api.route("GET", "/absent", proxy(function + "absent"))
    api.mock("OPTIONS", "/one", headers=[(ALLOW, "*"), ("X-Mock", "1")])
    api.mock("OPTIONS", "/two", headers=[(ALLOW, "https://a")], template=ORIGINS)
    api.deploy()
    return api


@pytest.fixture
def fresh(aws, local_url):
    """An API without routes."""
    return Api(aws, local_url)


def test_the_token_opens_and_its_claims_arrive(served, id_token):
    answer = served.get("/secured", Authorization=id_token)
    assert answer.status == 200
    claims = answer.json["requestContext"]["authorizer"]["claims"]
    assert (claims["email"], claims["token_use"]) == (USER, "id")
    assert answer.json["headers"]["Authorization"] == id_token


def test_the_prefix_is_forwarded(served, id_token):
    answer = served.get("/secured", Authorization=f"Bearer {id_token}")
    assert answer.json["headers"]["Authorization"] == f"Bearer {id_token}"


def test_scopes_require_the_access_token(served, id_token, access_token):
    assert served.get("/scoped", Authorization=access_token).status == 200
    assert served.get("/scoped", Authorization=id_token).status == 401
    assert served.get("/secured", Authorization=access_token).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "garbage"},
        {"Authorization": "a.b.c"},
        {"X_Token": "eyJ"},
        {"Authorization": b"\xff\xfe\xfd"},
        {"Authorization": "x" * 9000},
    ],
    ids=["none", "empty", "garbage", "dots", "elsewhere", "octets", "long"],
)
def test_refuses_with_the_body_and_headers_of_aws(served, headers):
    answer = served.get("/secured", **headers)
    assert (answer.status, answer.body) == (401, b'{"message":"Unauthorized"}')
    assert answer.headers["x-amzn-ErrorType"] == "UnauthorizedException"
    assert answer.headers["Content-Type"] == "application/json"
    assert uuid.UUID(answer.headers["x-amzn-RequestId"])
    assert answer.headers["x-amz-apigw-id"].endswith("=")
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("verb", "path"), [("GET", "/none"), ("POST", "/secured"), ("OPTIONS", "/secured")]
)
def test_a_route_that_is_not_deployed_requires_a_signature(served, verb, path):
    answer = served.request(verb, path)
    assert answer.status == 403
    assert answer.body == b'{"message":"Missing Authentication Token"}'
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("path", ["/none", "/signed"])
def test_a_token_there_is_an_invalid_signature(served, id_token, path):
    answer = served.get(path, Authorization=f"Bearer {id_token}")
    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "IncompleteSignatureException"
    message = answer.json["message"]
    assert message.startswith("Invalid key=value pair (missing equal-sign) in ")
    assert id_token not in message


def test_an_iam_method_requires_a_signature(served):
    answer = served.get("/signed")
    assert answer.body == b'{"message":"Missing Authentication Token"}'


def test_invalid_bytes_in_the_header_are_not_a_server_error(served):
    assert served.get("/none", Authorization=b"\xff").status == 403


def test_an_authorizer_of_another_type_is_a_configuration_error(fresh):
    made = fresh.call(
        "create_authorizer",
        name="own",
        type="TOKEN",
        authorizerUri=proxy("arn:aws:lambda:eu-west-1:123456789012:function:f")["uri"],
        identitySource="method.request.header.Authorization",
    )
    fresh.mock("GET", "/", authorizationType="CUSTOM", authorizerId=made["id"])
    answer = fresh.deploy().get("/", Authorization="x")
    assert (answer.status, answer.json) == (500, {"message": None})
    assert answer.headers["x-amzn-ErrorType"] == "AuthorizerConfigurationException"


def test_an_absent_stage_is_forbidden(served):
    answer = served.get("/", stage="prod")
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
    assert answer.headers["x-amzn-ErrorType"] == "ForbiddenException"


def test_the_function_receives_the_request(served):
    path = "/pets/7?a=1&a=2"
    event = served.get(path, tEsT="x").json
    assert (event["resource"], event["path"]) == ("/pets/{id}", "/pets/7")
    assert event["pathParameters"] == {"id": "7"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["headers"]["tEsT"] == "x"
    assert event["requestContext"]["path"] == "/dev/pets/7"
    assert "authorizer" not in event["requestContext"]


def test_the_rest_of_the_path_is_one_variable(served):
    event = served.get("/files/a/b/").json
    assert event["pathParameters"] == {"proxy": "a/b"}
    assert event["path"] == "/files/a/b/"


def test_an_address_has_at_most_10240_bytes(served):
    """An address of this length alone is valid but leaves no room for headers."""
    longest = "/files/".ljust(10_240, "a")
    assert served.get(longest).status == 431
    assert served.get(f"{longest}a").status == 414


def test_a_service_worker_is_not_served(served):
    """It would intercept requests to the sign-in pages, which have the same origin."""
    answer = served.get("/any", **{"Service-Worker": "script"})
    assert answer.status == 403
    assert b"service worker" in answer.body


def test_the_body_arrives_as_text(served):
    event = served.request("POST", "/any", body="é".encode()).json
    assert (event["body"], event["isBase64Encoded"]) == ("é", False)


def test_the_function_decides_status_headers_and_body(served):
    answer = served.get("/", X_Do="teapot")
    assert (answer.status, answer.body) == (418, b"short and stout")
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["X-Own"] == "1"
    assert answer.headers["x-amzn-Remapped-Server"] == "mine"
    assert answer.headers["X-Amzn-Trace-Id"].startswith("Root=1-")


@pytest.mark.parametrize(
    ("path", "headers", "status", "body"),
    [
        ("/", {"X_Do": "raise"}, 502, INTERNAL),
        ("/", {"X_Do": "malformed"}, 502, INTERNAL),
        ("/unpermitted", {}, 500, INTERNAL),
        ("/absent", {}, 500, INTERNAL),
        (
            "/slow",
            {"X_Do": "sleep"},
            504,
            b'{"message": "Endpoint request timed out"}',
        ),
    ],
)
def test_says_that_the_integration_failed(served, path, headers, status, body):
    answer = served.get(path, **headers)
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers["x-amzn-ErrorType"] == "InternalServerErrorException"


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ({"source": "*"}, 200),
        ({"source": "*/*/*"}, 200),
        ({"source": "dev/GET/pets/*"}, 200),
        ({"source": "dev/GET/pets/{id}"}, 200),
        ({"source": "*/POST/pets/*"}, 500),
        ({"source": "prod/*"}, 500),
        ({"source": "dev/GET/"}, 500),
        ({"Principal": "s3.amazonaws.com"}, 500),
        ({"Action": "lambda:GetFunction"}, 500),
        ({"SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:other/*"}, 500),
        ({"SourceAccount": "999999999999"}, 500),
    ],
)
def test_the_functions_policy_decides(fresh, function, allow, statement, status):
    fresh.route("GET", "/pets/{id}", proxy(function))
    allow(function, fresh, **statement)
    assert fresh.deploy().get("/pets/7").status == status


def test_a_stage_variable_needs_no_deployment(fresh, function, allow):
    fresh.route("GET", "/", proxy(function))
    allow(function, fresh)
    fresh.deploy(variables={"colour": "red"})
    assert fresh.get("/").json["stageVariables"] == {"colour": "red"}
    blue = {"op": "replace", "path": "/variables/colour", "value": "blue"}
    fresh.call("update_stage", stageName="dev", patchOperations=[blue])
    assert fresh.get("/").json["stageVariables"] == {"colour": "blue"}


def test_the_preflight_is_answered_without_a_function(served):
    answer = served.request("OPTIONS", "/one", Origin="https://x")
    assert (answer.status, answer.body) == (200, b"")
    assert (answer.headers[ALLOW], answer.headers["X-Mock"]) == ("*", "1")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://a", "https://a"),
        ("https://b", "https://b"),
        ("https://c", "https://a"),
        ("https://a.evil", "https://a"),
        ("", "https://a"),
    ],
)
def test_the_preflight_names_the_origin_that_asks(served, origin, allowed):
    answer = served.request("OPTIONS", "/two", Origin=origin)
    assert answer.headers.get_all(ALLOW) == [allowed]


class TestGatewayResponse:
    """What the gateway itself answers can be the API's own."""

    @pytest.fixture
    def put(self, fresh):
        """Return a function that customizes one response and deploys."""
        fresh.mock("GET", "/signed", authorizationType="AWS_IAM")

        def customise(kind, status=None, headers=(), template=None):
            given = {"statusCode": status} if status else {}
            if template:
                given["responseTemplates"] = {"application/json": template}
            prefix = "gatewayresponse.header."
            parameters = {prefix + name: value for name, value in headers}
            fresh.call(
                "put_gateway_response",
                responseType=kind,
                responseParameters=parameters,
                **given,
            )
            return fresh.deploy().get("/signed", Origin="https://a")

        return customise

    def test_status_body_and_headers(self, put):
        answer = put(
            "MISSING_AUTHENTICATION_TOKEN",
            "404",
            [("X-A", "'a'"), (ALLOW, "method.request.header.Origin")],
            '{"error": $context.error.messageString, "text": "$context.error.message"}',
        )
        assert answer.status == 404
        assert answer.headers["X-A"] == "a"
        assert answer.headers[ALLOW] == "https://a"
        message = "Missing Authentication Token"
        assert answer.json == {"error": message, "text": message}

    def test_the_default_applies_to_types_without_a_response(self, put):
        answer = put("DEFAULT_4XX", None, [(ALLOW, "'*'")])
        assert (answer.status, answer.headers[ALLOW]) == (403, "*")
        assert answer.body == b'{"message":"Missing Authentication Token"}'

    def test_another_default_does_not(self, put):
        assert put("DEFAULT_5XX", "599").status == 403

    def test_is_served_once_deployed(self, fresh):
        fresh.mock("GET", "/signed", authorizationType="AWS_IAM")
        fresh.deploy()
        fresh.call(
            "put_gateway_response",
            responseType="MISSING_AUTHENTICATION_TOKEN",
            statusCode="404",
        )
        assert fresh.get("/signed").status == 403
        fresh.deploy()
        assert fresh.get("/signed").status == 404
