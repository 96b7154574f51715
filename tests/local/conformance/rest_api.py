"""REST APIs of the local AWS, created and called by the tests of the gateway."""

from __future__ import annotations

import http.client
import io
import json
import uuid
import zipfile
from typing import NamedTuple
from urllib.parse import urlsplit

REGION, ACCOUNT = "eu-west-1", "123456789012"
USER, PASSWORD = "alice@example.com", "Secret-123"
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    """A REST API with added routes, and a way to call its stage."""

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

    def authorizer(self, *pools, header="Authorization", **settings):
        return self.call(
            "create_authorizer",
            name=uuid.uuid4().hex,
            type="COGNITO_USER_POOLS",
            providerARNs=list(pools),
            identitySource=f"method.request.header.{header}",
            **settings,
        )["id"]

    def deploy(self, **settings):
        self.call("create_deployment", stageName="dev", **settings)
        return self

    def request(self, verb, path, body=None, stage="dev", **headers):
        """Send header names with "-" for "_"; bytes are sent unchanged."""
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return self.send(verb, f"/{stage}{path}", fields, body)

    def send(self, verb, target, headers=(), body=None):
        connection = http.client.HTTPConnection(self.netloc, timeout=30)
        connection.putrequest(verb, f"/_aws/execute-api/{self.id}{target}")
        for name, value in headers:
            connection.putheader(name, value)
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
    """Return a Lambda proxy integration."""
    base = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions"
    uri = f"{base}/{function}/invocations"
    return {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri} | settings


def make_role(aws):
    """Create a role for functions."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust["Principal"] = {"Service": "lambda.amazonaws.com"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    name = f"r{uuid.uuid4().hex}"
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return role["Role"]["Arn"]


def make_function(aws, role, source):
    """Create a function with one file that contains `handler`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", source)
    return aws("lambda").create_function(
        FunctionName=f"f{uuid.uuid4().hex}",
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]


def allow(aws, function, api, source="*", **changes):
    """Let an API invoke a function, limited by `source`."""
    statement = {
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/{source}",
    }
    aws("lambda").add_permission(
        FunctionName=function, StatementId=uuid.uuid4().hex, **statement | changes
    )


class SignedIn(NamedTuple):
    """A user of a pool."""

    pool_arn: str
    client_id: str
    id: str
    access: str
    refresh: str


def sign_in(aws):
    """Create a pool with a user, and sign the user in."""
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
    tokens = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    kinds = ("IdToken", "AccessToken", "RefreshToken")
    return SignedIn(pool["Arn"], client, *(tokens[kind] for kind in kinds))
