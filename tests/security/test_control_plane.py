"""Only the user calls the control plane: no page, no other user, no function."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import zipfile
from functools import partial
from types import SimpleNamespace
from unittest.mock import MagicMock
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import make_mocked_request
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.local import moto_store
from cognito_gw.local.access import AccessKeys, is_another_user
from cognito_gw.local.cognito import Cognito
from cognito_gw.local.cognito.tokens import Keys
from cognito_gw.local.dispatch import SERVICES, ControlPlane
from cognito_gw.local.events import Activity

EVIL = "http://evil.example"
NOBODY = 65534
COGNITO = "AWSCognitoIdentityProviderService"
KEY = AccessKey.create()
TARGET = {
    "cognito-idp": {"X-Amz-Target": f"{COGNITO}.ListUserPools"},
    "logs": {"X-Amz-Target": "Logs_20140328.DescribeLogGroups"},
}
FROM_PAGES = (
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Mode": "no-cors"},
)
# What moto serves in addition to AWS, and other spellings of those paths.
PATHS_OF_MOTO = (
    "/moto-api/",
    "/moto-api/reset",
    "/moto-api/reset-auth",
    "/moto-api/data.json",
    "/moto-api/seed?a=1",
    "/moto-api/config",
    "/moto-api/proxy/passthrough",
    "/moto-api/recorder/start-recording",
    "/moto-api/recorder/download-recording",
    "/moto-api/state-manager/set-transition",
    "/moto-api/static/athena/query-results",
    "/moto-api-recorder",
    "//moto-api/reset",
    "/./moto-api/reset",
    "/x/../moto-api/reset",
    "/%6doto-api/reset",
    "/%6Doto%2dapi/reset",
    "/moto-api%2freset",
    "/MOTO-API/reset",
    "/favicon.ico",
    "/latest/meta-data/iam/security-credentials/x",
    "/latest/api/token",
)
OTHER_SERVICES = sorted(
    {*SERVICES, "tagging", "sts", "s3", "dynamodb", "moto_api"} - {"lambda"}
)
NIGHTLY = pytest.mark.nightly


@pytest.fixture
def plane(monkeypatch):
    """Return what handles a request when the request must not reach moto."""

    def reached(call):
        raise AssertionError(f"moto was asked: {call.method} {call.url}")

    monkeypatch.setattr(moto_store, "send", reached)
    activity = Activity()
    cognito = Cognito(Keys(), "http://127.0.0.1:1", activity)
    control = ControlPlane(AccessKeys(KEY), activity, [cognito])
    control.changed = reached_by_nobody

    def answer(*requests):
        async def answer_all():
            return [await control.handle(request) for request in requests]

        return asyncio.run(answer_all())

    yield SimpleNamespace(answer=answer, sign_in=SERVICES["cognito-idp"].answered)
    control.moto.close()


def reached_by_nobody(what):
    raise AssertionError(f"{what} was carried out")


# aiohttp would create these for each request, which takes most of the time.
_PARTS = dict.fromkeys(("app", "loop", "protocol", "transport", "writer"), MagicMock())


def request(method, path, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    made = make_mocked_request(method, path, named, **_PARTS)
    made.read = partial(asyncio.sleep, 0, b"{}")
    return made


def scope(service, key):
    return (
        f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, "
        f"SignedHeaders=host, Signature={64 * '0'}"
    )


def targets():
    """Every operation of each service that a header names."""
    for service in SERVICES:
        model = get_service_model(service)
        prefix = model.metadata.get("targetPrefix")
        for name in model.operation_names if prefix else ():
            yield service, name, f"{prefix}.{name}"


def test_unsigned_calls_are_for_signing_in_alone(plane):
    """Every operation that a header can name, including those public in moto."""
    refused = [
        (name, target)
        for service, name, target in targets()
        if service != "cognito-idp"
        or name not in plane.sign_in
        or get_service_model(service).operation_model(name).auth_type != "none"
    ]
    requests = [
        request("POST", "/", X_Amz_Target=target, Origin=EVIL) for _, target in refused
    ]
    for (name, _), answer in zip(refused, plane.answer(*requests), strict=True):
        assert answer.status in (400, 403), name
        assert "Access-Control-Allow-Origin" not in answer.headers, name
    assert "UpdateAuthEventFeedback" in [name for name, _ in refused]


def test_no_operation_is_reached_by_another_path(plane):
    """Neither moto's own pages nor other paths, with the name of a public operation."""
    public = [
        target
        for service, name, target in targets()
        if service == "cognito-idp" and name in plane.sign_in
    ]
    requests = [
        request("POST", path, X_Amz_Target=target, Origin=EVIL)
        for target in public
        for path in (*PATHS_OF_MOTO, "/restapis", "/?x=/../moto-api/reset"[2:])
    ]
    for asked, answer in zip(requests, plane.answer(*requests), strict=True):
        assert answer.status in (400, 403, 404), asked.path


@pytest.mark.parametrize(
    ("service", "named"), [("iam", "ListRoles"), ("sns", "ListTopics")]
)
def test_an_address_names_no_other_operation(service, named, ask, signed):
    """Or moto would obey it, after the check of what the body or header names."""
    path = f"/?Action=Delete{named.removeprefix('List')}"
    plain = signed(service) | {"Content-Type": "text/plain"}
    for headers, body in (
        (plain | {"X-Amz-Target": named}, b"{}"),
        (plain, f"Action={named}&Version=2010-05-08".encode()),
    ):
        answer = ask("POST", path, headers, body)
        assert answer.status == 404
        assert "takes POST / only" in answer.text


@pytest.mark.parametrize(
    "service",
    [
        "lambda",
        "motoapi",
        *(pytest.param(x, marks=NIGHTLY) for x in OTHER_SERVICES),
    ],
)
def test_moto_s_own_pages_are_shut_to_the_user_too(service, server, ask, signed):
    """A confused client must not do what a page cannot do."""
    for path in PATHS_OF_MOTO:
        for method in ("GET", "POST"):
            answer = ask(method, path, signed(service), b"{}")
            assert answer.status >= 400 or "moto" not in answer.text.lower(), path
    assert server.pid


def test_no_request_resets_the_state(ask, client, signed):
    """Every spelling of a reset, unsigned from a page and signed."""
    pools = client("cognito-idp")
    made = pools.create_user_pool(PoolName="kept")["UserPool"]["Id"]
    page = {"Origin": EVIL, "Content-Type": "application/x-amz-json-1.1"}
    for path in (path for path in PATHS_OF_MOTO if "reset" in path):
        for headers in (
            page,
            page | {"X-Amz-Target": f"{COGNITO}.UpdateAuthEventFeedback"},
            page | {"X-Amz-Target": f"{COGNITO}.InitiateAuth"},
            page | {"X-Amz-Target": "moto_api.reset"},
            signed("s3"),
            signed("cognito-idp"),
        ):
            ask("POST", path, headers, b"{}")
    assert pools.describe_user_pool(UserPoolId=made)["UserPool"]["Name"] == "kept"


MADE_UP = (
    "",
    "Basic dTpw",
    "Bearer Credential=x/20260101/us-east-1/iam/aws4_request",
    "Credential=local/20260101/us-east-1/iam/aws4_request",
    "AWS local:c2ln",
    scope("iam", "local"),
    scope("iam", "any"),
    scope("iam", KEY.id.lower()),
    scope("iam", KEY.id[:-1]),
    scope("iam", f"{KEY.id}x"),
    scope("iam", ""),
    scope("iam", KEY.secret),
    f"Bearer x, {scope('iam', KEY.id)}",
    scope("iam", KEY.id).replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
    scope("iam", KEY.id).replace("20260101", "x"),
    scope("iam", KEY.id).partition(",")[0],
    f"{scope('iam', 'x')}, {scope('iam', KEY.id)}",
)


@pytest.mark.parametrize("authorization", MADE_UP, ids=range(len(MADE_UP)))
def test_a_made_up_signature_opens_nothing(plane, authorization):
    """Only a complete signature with the key of this start does."""
    asked = [
        request("POST", "/", Authorization=authorization, X_Amz_Target=target)
        for target in (f"{COGNITO}.ListUserPools", "Logs_20140328.DescribeLogGroups")
    ]
    for answer in plane.answer(*asked):
        assert answer.status in (400, 403)
        assert json.loads(answer.body)["__type"] in (
            "MissingAuthenticationTokenException",
            "UnrecognizedClientException",
        )
        assert KEY.id.encode() not in answer.body


@pytest.mark.parametrize("headers", FROM_PAGES, ids=str)
@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("cognito-idp", ("POST", "/")),
        ("logs", ("POST", "/")),
        ("lambda", ("GET", "/2015-03-31/functions/")),
        ("apigateway", ("GET", "/restapis")),
        ("iam", ("POST", "/")),
        ("s3", ("GET", "/")),
    ],
)
def test_no_page_signs(ask, signed, headers, service, line):
    """Not even with the right key: a function's response runs in this origin."""
    sent = signed(service) | headers | TARGET.get(service, {})
    body = b"Action=ListRoles&Version=2010-05-08" if service == "iam" else b"{}"
    answer = ask(*line, sent, body)
    assert answer.status == 403
    assert "web pages" in answer.text
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_user_s_own_key_opens_all(client):
    """The errors above have no other cause."""
    assert client("sts").get_caller_identity()["Account"]
    assert client("iam").list_roles()["Roles"] is not None
    assert client("lambda").list_functions()["Functions"] is not None


@pytest.mark.parametrize("path", ["/", "/_cgw/events", "/_cgw/health", "/_cgw/x"])
def test_the_key_is_on_no_page(server, ask, path):
    """The server's log does not contain it either."""
    if path != "/_cgw/events":  # the stream does not end
        assert server.access_key.id not in ask("GET", path).text
    assert server.access_key.id not in server.log.read_text()
    assert server.access_key.id not in repr(server)


def test_the_key_is_private_and_new_at_each_start(server):
    """It is in a private file and not among a process's arguments."""
    state = server.log.with_name("local.json")
    assert server.access_key.id in state.read_text()
    assert state.stat().st_mode & 0o077 == 0
    assert AccessKey.create() != AccessKey.create()
    command = f"/proc/{server.pid}/cmdline"
    if os.path.exists(command):  # noqa: PTH110 - Linux alone has it
        with open(command, "rb") as file:  # noqa: PTH123
            assert server.access_key.id.encode() not in file.read()


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
CALLER = """
import boto3, botocore.exceptions, json, os

def handler(event, context):
    client = boto3.client(event["service"])
    try:
        answer = getattr(client, event["call"])(**event.get("with", {}))
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]
    return {"Code": "done", "Arn": answer.get("Arn")}
"""


LOG = "arn:aws:logs:*:123456789012:log-group:/aws/lambda/caller:*"
LOG_WRITES = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "logs:Create*", "Resource": LOG},
}


@pytest.fixture(scope="module")
def function(client):
    """Return what invokes a function that makes one AWS call."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", CALLER)
    role = client("iam").create_role(RoleName="caller", AssumeRolePolicyDocument=TRUST)
    client("iam").put_role_policy(
        RoleName="caller", PolicyName="own", PolicyDocument=json.dumps(LOG_WRITES)
    )
    client("lambda").create_function(
        FunctionName="caller",
        Runtime="python3.13",
        Handler="app.handler",
        Timeout=30,
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )

    def invoke(service, call, **params):
        event = {"service": service, "call": call, "with": params}
        answer = client("lambda").invoke(
            FunctionName="caller", Payload=json.dumps(event)
        )
        return json.loads(answer["Payload"].read())

    return invoke


@pytest.mark.parametrize(
    ("service", "call", "params", "action"),
    [
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}, "ListUserPools"),
        ("lambda", "list_functions", {}, "ListFunctions"),
        ("logs", "create_log_group", {"logGroupName": "x"}, "CreateLogGroup"),
        ("lambda", "invoke", {"FunctionName": "caller"}, "InvokeFunction"),
        ("logs", "describe_log_groups", {}, "DescribeLogGroups"),
        ("s3", "list_buckets", {}, "ListAllMyBuckets"),
        ("sqs", "list_queues", {}, "listqueues"),
        pytest.param("dynamodb", "list_tables", {}, "ListTables", marks=NIGHTLY),
        pytest.param("iam", "list_roles", {}, "ListRoles", marks=NIGHTLY),
        pytest.param(
            "ssm", "get_parameter", {"Name": "x"}, "GetParameter", marks=NIGHTLY
        ),
        pytest.param(
            "secretsmanager", "list_secrets", {}, "ListSecrets", marks=NIGHTLY
        ),
        pytest.param("sns", "list_topics", {}, "ListTopics", marks=NIGHTLY),
    ],
)
def test_a_function_may_do_what_its_role_allows(
    function, service, call, params, action
):
    """Almost nothing: code that exploits a hole in the function gains no power here."""
    refused = function(service, call, **params)
    codes = dict.fromkeys(("iam", "s3", "sqs"), "AccessDenied")
    codes["sns"] = "AuthorizationError"
    assert refused["Code"] == codes.get(service, "AccessDeniedException")
    words = f"is not authorized to perform: {service}:{action}".lower()
    assert words in refused["Message"].lower()
    assert "assumed-role/caller/caller" in refused["Message"]


def test_a_function_can_get_its_identity_and_write_its_log(function, client):
    """Its role allows this, but not writing to another function's log."""
    asked = function("sts", "get_caller_identity")
    assert asked["Arn"].endswith(":assumed-role/caller/caller")
    own = {"logGroupName": "/aws/lambda/caller", "logStreamName": "made-by-hand"}
    assert function("logs", "create_log_stream", **own)["Code"] == "done"
    client("logs").create_log_group(logGroupName="/aws/lambda/other")
    other = own | {"logGroupName": "/aws/lambda/other"}
    denied = function("logs", "create_log_stream", **other)
    assert denied["Code"] == "AccessDeniedException"


def test_a_refusal_of_an_unknown_key_explains_how_to_get_one(client):
    """With AWS's error code, and the command that prints the key."""
    with pytest.raises(ClientError) as caught:
        client("cognito-idp", AccessKey("any", "any")).list_user_pools(MaxResults=1)
    error = caught.value.response["Error"]
    assert error["Code"] == "UnrecognizedClientException"
    assert "cgw local env" in error["Message"]


class TestOtherUsers:
    """Other users of this machine, where the system identifies the peer."""

    pytestmark = pytest.mark.skipif(
        os.geteuid() != 0 or not os.path.exists("/proc/net/tcp"),  # noqa: PTH110
        reason="only root can be another user, and only Linux tells",
    )

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/_cgw/events",
            "/_cgw/health",
            "/restapis",
            "/moto-api/reset",
            "/_aws/cognito/x/login",
            "/_aws/cognito/x/oauth2/token",
        ],
    )
    def test_are_refused(self, ask, signed, path):
        """With the right key too."""
        answer = ask("GET", path, signed("apigateway"), user=NOBODY)
        assert (answer.status, "another user" in answer.text) == (403, True)

    @pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
    def test_are_known_by_an_ipv6_socket_too(self, ask, signed):
        """Java, for example, opens such sockets for IPv4 addresses."""
        other = NOBODY, socket.AF_INET6
        assert ask("GET", "/", user=other).status == 403
        own = os.geteuid(), socket.AF_INET6
        assert ask("GET", "/restapis", signed("apigateway"), user=own).status == 200

    def test_may_not_sign_in_for_a_page(self, ask):
        """They may not make unsigned calls either."""
        target = {"X-Amz-Target": f"{COGNITO}.InitiateAuth"}
        assert ask("POST", "/", target, b"{}", user=NOBODY).status == 403

    def test_reach_what_is_public_on_aws_too(self, ask):
        """A deployed stage decides by tokens, and an issuer's keys are public."""
        stage = ask("GET", "/_aws/execute-api/x/dev/y", user=NOBODY)
        assert "another user" not in stage.text
        keys = ask("GET", "/eu-west-1_x/.well-known/jwks.json", user=NOBODY)
        assert "another user" not in keys.text

    def test_a_path_that_only_looks_public_is_not(self, ask, signed):
        """A path's content does not lead to the control plane."""
        for path in ("/restapis/.well-known/", "/_aws/execute-api/x"):
            answer = ask("GET", path, signed("apigateway"), user=NOBODY)
            assert "another user" in answer.text


def test_the_users_own_connection_is_recognized(server):
    """`cgw` reads the kernel's list correctly: this process is the peer."""
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port)) as own:
        ends = own.getsockname(), own.getpeername()
        assert not is_another_user(*ends)
    if os.path.exists("/proc/net/tcp"):  # noqa: PTH110 - Linux alone has it
        assert is_another_user(("127.0.0.1", 1), ("127.0.0.1", 2))  # it has closed
