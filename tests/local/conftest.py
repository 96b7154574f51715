"""One local AWS per test process; each test creates separate resources in it."""

from __future__ import annotations

import re
import sys
import uuid
from functools import cache
from typing import NamedTuple

import boto3
import pytest
import quick_server
from botocore.config import Config
from botocore.exceptions import ClientError
from people import SIGN_IN_BY_MAIL, UserPool

from cognito_gw import search_path
from cognito_gw.local import process

REGION = "eu-west-1"
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abcdefghi"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:hello"
LAMBDA = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}"
URI = f"{LAMBDA}/invocations"


class Refused(NamedTuple):
    """The error that AWS returns when it refuses a call."""

    status: int
    code: str
    message: str


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running local AWS, whose user pools share a few signing keys."""
    state_dir = tmp_path_factory.mktemp("local-aws") / "cognito-gw"
    with pytest.MonkeyPatch.context() as patch:
        command = [sys.executable, "-P", quick_server.__file__]
        patch.setattr(search_path, "python_module", lambda _: command)
        started = process.start(state_dir)
    yield started
    process.stop(state_dir)


@pytest.fixture(scope="session")
def local_url(server):
    """The address of the local AWS."""
    return server.url


@pytest.fixture(scope="session")
def signed(server):
    """Return the header of a call to a service, signed with a key."""

    def header(service, key=server.access_key.id):
        scope = f"{key}/20260101/{REGION}/{service}/aws4_request"
        parts = f"Credential={scope}, SignedHeaders=host, Signature=0"
        return {"Authorization": f"AWS4-HMAC-SHA256 {parts}"}

    return header


@pytest.fixture
def mailed(server):
    """Return the last code that AWS would have sent to an address."""

    def code(address):
        log = server.log.read_text(encoding="utf-8")
        return re.findall(rf"to {re.escape(address)}: .*: (\d{{6}})", log)[-1]

    return code


@pytest.fixture(scope="session")
def aws(server):
    """Return a maker of boto3 clients of the local AWS."""

    @cache
    def client(service):
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name=REGION,
            aws_access_key_id=server.access_key.id,
            aws_secret_access_key=server.access_key.secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


@pytest.fixture
def name():
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def refusal():
    """Return the error of a call that AWS must refuse."""

    def refused(call, *arguments, **params):
        with pytest.raises(ClientError) as caught:
            call(*arguments, **params)
        answer = caught.value.response
        return Refused(
            answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Code"],
            answer["Error"]["Message"],
        )

    return refused


class RestApi:
    """A REST API with its root resource, and the calls that tests make on it."""

    uri = URI

    def __init__(self, client, name):
        self.client = client
        self.id = client.create_rest_api(name=name)["id"]
        self.root = self.call("get_resources")["items"][0]["id"]

    def call(self, operation, **params):
        return getattr(self.client, operation)(restApiId=self.id, **params)

    def on_method(self, operation, verb="GET", **params):
        return self.call(operation, resourceId=self.root, httpMethod=verb, **params)

    def resource(self, part, parent=None):
        return self.call("create_resource", parentId=parent or self.root, pathPart=part)

    def authorizer(self, name="cognito", **params):
        params = {"type": "COGNITO_USER_POOLS", "providerARNs": [POOL]} | params
        return self.call("create_authorizer", name=name, **params)

    def method(self, verb="GET", **params):
        params = {"authorizationType": "NONE"} | params
        return self.on_method("put_method", verb, **params)

    def integration(self, verb="GET", **params):
        params = {"type": "AWS_PROXY", "integrationHttpMethod": "POST"} | params
        params = {"uri": URI} | params
        return self.on_method("put_integration", verb, **params)

    def deployment(self, **params):
        return self.call("create_deployment", **params)["id"]

    def deployable(self):
        self.method()
        self.integration()
        return self

    def patch(self, operation, *operations, **params):
        fields = ("op", "path", "value")
        patch = [dict(zip(fields, given, strict=False)) for given in operations]
        return self.call(operation, patchOperations=patch, **params)


@pytest.fixture
def api(aws, name):
    return RestApi(aws("apigateway"), name)


@pytest.fixture
def pool(make_pool):
    return make_pool(**SIGN_IN_BY_MAIL)


@pytest.fixture
def make_pool(aws, name):
    """Return a maker of user pools with given settings."""

    def make(**settings):
        return UserPool(aws("cognito-idp"), name, **settings)

    return make


@pytest.fixture(scope="module")
def shared_pool(aws):
    """A pool for all tests of a file: creating its keys takes a while."""
    settings = {"AutoVerifiedAttributes": ["email"]} | SIGN_IN_BY_MAIL
    return UserPool(aws("cognito-idp"), "shared", **settings)
