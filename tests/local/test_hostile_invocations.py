"""No request to a deployed API bypasses authorization or breaks the server."""

from __future__ import annotations

import socket
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local.conformance.rest_api import Api, sign_in

OCTETS = st.binary(max_size=30)
# Raw or escaped; without a space or a line end, which end a path.
SEGMENT = OCTETS.map(quote_from_bytes) | OCTETS.map(
    lambda octets: octets.translate(None, bytes(range(33))).decode("latin-1")
)
PATHS = st.lists(
    SEGMENT | st.sampled_from(["open", "shut", "{id}", "..", ".", "", "%2e%2e", "%"]),
    max_size=4,
).map("/".join)
QUERIES = st.lists(st.tuples(SEGMENT, SEGMENT), max_size=4).map(
    lambda pairs: "&".join(map("=".join, pairs))
)
HEADER = st.binary(max_size=60).map(lambda octets: octets.translate(None, b"\r\n\0"))
HEADERS = st.dictionaries(
    st.sampled_from(["Authorization", "Cookie", "Accept", "Content-Type", "Origin"]),
    HEADER,
)
METHODS = st.sampled_from(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "Q"]
)
REQUESTS = st.tuples(METHODS, PATHS, QUERIES, HEADERS, st.binary(max_size=200))

HARD = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def api(aws, local_url):
    """An API with open and closed paths."""
    api = Api(aws, local_url)
    authorizer = api.authorizer(sign_in(aws).pool_arn)
    secured = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    api.mock("ANY", "/open/{id}")
    api.mock("ANY", "/shut", **secured)
    api.mock("ANY", "/shut/{proxy+}", **secured)
    api.deploy()
    return api


def status_of(api, method, target, headers, body):
    """Send one request byte by byte; return the status."""
    host, _, port = api.netloc.partition(":")
    given = {"Host": api.netloc.encode(), "Content-Length": b"%d" % len(body)} | headers
    lines = [name.encode() + b": " + value for name, value in given.items()]
    path = f"/_aws/execute-api/{api.id}/dev/{target}".encode("latin-1")
    first = b" ".join([method.encode(), path, b"HTTP/1.1"])
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"\r\n".join([first, *lines, b"", body]))
        return int(connection.makefile("rb").readline().split()[1])


@HARD
@given(REQUESTS)
def test_no_request_breaks_it(api, request_):
    """Each gets a response, and none is a server error."""
    method, path, query, headers, body = request_
    assert status_of(api, method, f"{path}?{query}", headers, body) < 500


@HARD
@given(REQUESTS)
def test_no_spelling_opens_a_closed_path(api, request_):
    """Below a closed path, only a valid token is accepted."""
    method, path, query, headers, body = request_
    status = status_of(api, method, f"shut/{path}?{query}", headers, body)
    assert 400 <= status < 500
