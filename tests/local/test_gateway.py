"""A deployed stage answers as API Gateway does: route, authorizer, integration."""

from __future__ import annotations

import http.client
import io
import json
import uuid
import zipfile
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

REGION, ACCOUNT = "eu-west-1", "123456789012"
USER, PASSWORD = "alice@example.com", "Secret-123"
ADMIN_SCOPE = "aws.cognito.signin.user.admin"
INTERNAL = b'{"message": "Internal server error"}'
# The header X-Do tells what it does.
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
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
ALLOW = "Access-Control-Allow-Origin"
ORIGINS = f"""#set($origin = $input.params().header.get("Origin"))
#if($origin == "https://a" || $origin == "https://b")
#set($context.responseOverride.header.{ALLOW} = $origin)
#end"""


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    """A REST API with the routes that are put on it, and a way to call its stage."""

    def __init__(self, aws, url, **settings):
        self.client, self.netloc = aws("apigateway"), urlsplit(url).netloc
        self.id = self.client.create_rest_api(name="t", **settings)["id"]
        self.resources = {"/": self.call("get_resources")["items"][0]["id"]}

    def call(self, operation, **params):
        return getattr(self.client, operation)(restApiId=self.id, **params)

    def resource(self, path):
        if path not in self.resources:
            parent, _, part = path.rpartition("/")
            made = self.call(
                "create_resource", parentId=self.resource(parent or "/"), pathPart=part
            )
            self.resources[path] = made["id"]
        return self.resources[path]

    def route(self, verb, path, integration, **method):
        key = {"resourceId": self.resource(path), "httpMethod": verb}
        self.call("put_method", **key, **{"authorizationType": "NONE"} | method)
        self.call("put_integration", **key, **integration)
        return key

    def mock(self, verb, path, *, headers=(), template="", **method):
        key = self.route(verb, path, MOCK, **method) | {"statusCode": "200"}
        names = {f"method.response.header.{name}": True for name, _ in headers}
        values = {f"method.response.header.{name}": f"'{v}'" for name, v in headers}
        self.call("put_method_response", **key, responseParameters=names)
        self.call(
            "put_integration_response",
            **key,
            responseParameters=values,
            responseTemplates={"application/json": template},
        )

    def deploy(self):
        self.call("create_deployment", stageName="dev")
        return self

    def request(self, verb, path, body=None, stage="dev", **headers):
        """Send header names with "_" for "-"; octets are sent as they are."""
        connection = http.client.HTTPConnection(self.netloc, timeout=30)
        connection.putrequest(verb, f"/_aws/execute-api/{self.id}/{stage}{path}")
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        read = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return read

    def get(self, path, **headers):
        return self.request("GET", path, **headers)


def proxy(function, **settings):
    base = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions"
    uri = f"{base}/{function}/invocations"
    return {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri} | settings


@pytest.fixture(scope="session")
def make_function(aws):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust["Principal"] = {"Service": "lambda.amazonaws.com"}
    role = aws("iam").create_role(
        RoleName=f"r{uuid.uuid4().hex}",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": trust}
        ),
    )

    def make():
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", SOURCE)
        return aws("lambda").create_function(
            FunctionName=f"f{uuid.uuid4().hex}",
            Role=role["Role"]["Arn"],
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]

    return make


@pytest.fixture(scope="session")
def allow(aws):
    """Let an API invoke a function, as `source` limits it."""

    def add(function, api, source="*", **changes):
        statement = {
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/{source}",
        }
        aws("lambda").add_permission(
            FunctionName=function, StatementId=uuid.uuid4().hex, **statement | changes
        )

    return add


@pytest.fixture(scope="session")
def signed_in(aws):
    """A pool's ARN and a user's tokens."""
    cognito = aws("cognito-idp")
    pool = cognito.create_user_pool(PoolName="t", UsernameAttributes=["email"])
    pool = pool["UserPool"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="web",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    user = {"UserPoolId": pool["Id"], "Username": USER}
    cognito.admin_create_user(**user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
    answer = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD},
    )
    return pool["Arn"], answer["AuthenticationResult"]


@pytest.fixture(scope="session")
def id_token(signed_in):
    return signed_in[1]["IdToken"]


@pytest.fixture(scope="session")
def access_token(signed_in):
    return signed_in[1]["AccessToken"]


@pytest.fixture(scope="session")
def served(aws, local_url, make_function, allow, signed_in):
    """An API with a route of each kind, deployed."""
    api, function = Api(aws, local_url), make_function()
    allow(function, api)
    authorizer = api.call(
        "create_authorizer",
        name="cognito",
        type="COGNITO_USER_POOLS",
        providerARNs=[signed_in[0]],
        identitySource="method.request.header.Authorization",
    )["id"]
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
    api.route("GET", "/unpermitted", proxy(make_function()))
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


def test_the_prefix_is_handed_on(served, id_token):
    answer = served.get("/secured", Authorization=f"Bearer {id_token}")
    assert answer.json["headers"]["Authorization"] == f"Bearer {id_token}"


def test_scopes_ask_for_the_access_token(served, id_token, access_token):
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
def test_what_is_not_deployed_asks_for_a_signature(served, verb, path):
    answer = served.request(verb, path)
    assert answer.status == 403
    assert answer.body == b'{"message":"Missing Authentication Token"}'
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("path", ["/none", "/signed"])
def test_a_token_is_taken_for_a_bad_signature_there(served, id_token, path):
    answer = served.get(path, Authorization=f"Bearer {id_token}")
    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "IncompleteSignatureException"
    message = answer.json["message"]
    assert message.startswith("Invalid key=value pair (missing equal-sign) in ")
    assert id_token not in message


def test_a_method_for_signed_requests_asks_for_one(served):
    answer = served.get("/signed")
    assert answer.body == b'{"message":"Missing Authentication Token"}'


def test_octets_in_the_header_are_no_server_error(served):
    assert served.get("/none", Authorization=b"\xff").status == 403


def test_an_absent_stage_is_forbidden(served):
    answer = served.get("/", stage="prod")
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
    assert answer.headers["x-amzn-ErrorType"] == "ForbiddenException"


def test_the_function_is_told_of_the_request(served):
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
def test_the_functions_policy_decides(fresh, make_function, allow, statement, status):
    function = make_function()
    fresh.route("GET", "/pets/{id}", proxy(function))
    allow(function, fresh, **statement)
    assert fresh.deploy().get("/pets/7").status == status


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
        """Return a way to customise one response and deploy."""
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

    def test_the_default_covers_what_has_none_of_its_own(self, put):
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


class TestTestInvoke:
    """TestInvokeMethod runs the draft without its authorizer."""

    def test_answers_with_the_log(self, served):
        resource = served.resource("/secured")
        answer = served.call(
            "test_invoke_method",
            resourceId=resource,
            httpMethod="GET",
            pathWithQueryString="/secured?a=1",
            headers={"X-A": "b"},
        )
        event = json.loads(answer["body"])
        assert (answer["status"], event["requestContext"]["stage"]) == (
            200,
            "test-invoke-stage",
        )
        assert event["queryStringParameters"] == {"a": "1"}
        assert "authorizer" not in event["requestContext"]
        lines = answer["log"].splitlines()
        assert lines[0].startswith("Execution log for request ")
        assert " : Starting execution for request: " in lines[1]
        assert lines[-1].endswith(" : Method completed with status: 200")
        assert any(line.endswith("Successfully completed execution") for line in lines)

    def test_says_that_it_is_a_test(self, served):
        answer = served.call(
            "test_invoke_method", resourceId=served.resource("/"), httpMethod="GET"
        )
        context = json.loads(answer["body"])["requestContext"]
        assert context["domainPrefix"] == "testPrefix"
        assert context["identity"]["apiKey"] == "test-invoke-api-key"

    def test_tells_of_a_missing_permission(self, served):
        resource = served.resource("/unpermitted")
        answer = served.call(
            "test_invoke_method", resourceId=resource, httpMethod="GET"
        )
        assert answer["status"] == 500
        expected = (
            "Execution failed due to configuration error: "
            "Invalid permissions on Lambda function"
        )
        assert expected in answer["log"]
