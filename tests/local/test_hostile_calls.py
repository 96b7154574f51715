"""The control plane refuses invalid calls in AWS's format, and continues."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

JSON_SERVICES = {  # by the targets that name them
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "Logs_20140328": "logs",
    "ResourceGroupsTaggingAPI_20170126": "tagging",
}
COGNITO = "AWSCognitoIdentityProviderService"
SERVICES = ("iam", "sts", "lambda", "apigateway", "logs", "cognito-idp", "s3", "none")
OPERATIONS = (
    "AdminCreateUser",
    "CreateUserPool",
    "DescribeLogGroups",
    "GetResources",
    "GetUser",
    "InitiateAuth",
    "ListUserPools",
    "Nope",
    "PutLogEvents",
    "RespondToAuthChallenge",
    "SignUp",
    "UpdateUserPool",
    "__class__",
    "",
)
NAMES = ("UserPoolId", "ClientId", "AuthFlow", "AuthParameters", "MaxResults", "Schema")
PATHS = (
    "/",
    "/%ff%00",
    "/restapis",
    "/restapis/x/resources",
    "/restapis/x/stages/%2e%2e",
    "/2015-03-31/functions",
    "/2015-03-31/functions/x/invocations",
    "/2018-10-31/layers/x",
    "/?Action=%ff",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=2)
        | st.dictionaries(st.sampled_from(NAMES), inside, max_size=3)
    ),
    max_leaves=6,
)
BODIES = st.binary(max_size=30) | JSON.map(json.dumps).map(str.encode)
HARD = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def place(local_url):
    return urlsplit(local_url).netloc


def status_of(place, method, target, body, headers):
    connection = http.client.HTTPConnection(place, timeout=30)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer.status


@HARD
@given(st.sampled_from(list(JSON_SERVICES)), st.sampled_from(OPERATIONS), BODIES)
@example(COGNITO, "InitiateAuth", b"[" * 5000)
@example(COGNITO, "ListUserPools", b"\xff")
@example(COGNITO, "CreateUserPool", b'{"PoolName": "x", "Schema": [null]}')
def test_a_json_call_is_answered_or_refused(place, signed, service, operation, body):
    """An unknown operation, invalid JSON, a wrong type: 400."""
    headers = {
        "X-Amz-Target": f"{service}.{operation}",
        **signed(JSON_SERVICES[service]),
    }
    assert status_of(place, "POST", "/", body, headers) < 500


@HARD
@given(
    st.sampled_from(SERVICES),
    st.tuples(
        st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "FOO"]),
        st.sampled_from(PATHS),
        BODIES | st.just(b"Action=ListRoles&Version=\xff"),
    ),
)
@example("lambda", ("DELETE", "/2015-03-31/functions/x/invocations", b"\x80"))
@example("s3", ("POST", "/%ff%00", b"Action=ListRoles&Version=\xff"))
def test_a_call_by_path_is_answered_or_refused(place, signed, service, request_):
    """501 only means that there is no such call here; nothing fails."""
    status = status_of(place, *request_, signed(service))
    assert status < 500 or status == 501


def test_a_signature_for_another_service_is_refused(place, signed):
    """AWS checks the service of a call before its content, too."""
    headers = {"X-Amz-Target": f"{COGNITO}.ListUserPools"} | signed("logs")
    assert status_of(place, "POST", "/", b'{"MaxResults": 1}', headers) == 400


SCOPE = "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/iam/aws4_request"
WHOLE = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00",
    "a length below zero": b"POST / HTTP/1.1\r\n%sContent-Length: -1\r\n\r\n",
    "a length in words": b"POST / HTTP/1.1\r\n%sContent-Length: abc\r\n\r\n",
    "two lengths": (
        b"POST / HTTP/1.1\r\n%sContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
    ),
    "a length and chunks": (
        b"POST / HTTP/1.1\r\n%sContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "no chunk": b"POST / HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "another HTTP": b"GET / HTTP/9.9\r\n%s\r\n",
    "a header on two lines": b"GET / HTTP/1.1\r\n%sX-A: b\r\n c\r\n\r\n",
    "no gzip": (
        b"POST / HTTP/1.1\r\n%sContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    ),
    "an expectation": b"POST / HTTP/1.1\r\n%sExpect: cake\r\nContent-Length: 0\r\n\r\n",
    "a proxy's request": b"CONNECT evil.example:443 HTTP/1.1\r\n%s\r\n",
    "another's address": b"GET http://evil.example/ HTTP/1.1\r\n%s\r\n",
    "bytes in a header": b"GET / HTTP/1.1\r\n%sX-Amz-Target: \xff.\x80\r\n\r\n",
}


def sent(place, request):
    """Send bytes unchanged; return the socket."""
    host, port = place.split(":")
    head = f"Host: {place}\r\nAuthorization: {SCOPE}\r\n".encode()
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(request.replace(b"%s", head))
    return connection


@pytest.mark.parametrize("request_", WHOLE.values(), ids=WHOLE)
def test_malformed_requests_are_refused(server, place, request_):
    """As a client error, or as unknown; the log has at most one line."""
    before = len(server.log.read_text())
    with sent(place, request_) as connection:
        status_line = connection.makefile("rb").readline()
    assert status_line.split()[1] in (b"400", b"403", b"417", b"501"), status_line
    assert "Traceback" not in server.log.read_text()[before:]


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"GET / HT",
        b"POST / HTTP/1.1\r\n%s",
        b"POST / HTTP/1.1\r\n%sContent-Length: 100\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"GET /_cgw/events HTTP/1.1\r\n%s\r\n",
    ],
)
def test_an_aborted_request_leaves_no_trace(server, place, request_):
    """Half a request is dropped; the next one is answered."""
    before = len(server.log.read_text())
    sent(place, request_).close()
    assert status_of(place, "GET", "/_cgw/health", b"", {}) == 200
    assert "Traceback" not in server.log.read_text()[before:]


def test_an_upgrade_is_not_taken(place):
    """There are no web sockets: the response is the page."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert status_of(place, "GET", "/", b"", headers) == 200
