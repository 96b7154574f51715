"""No request to a domain's pages and endpoints breaks them."""

from __future__ import annotations

import http.client
from urllib.parse import quote_from_bytes, urlsplit

import pytest
from browsing import CALLBACK, LOGOUT, App
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ENDPOINTS = (
    "/login",
    "/signup",
    "/confirm",
    "/forgotPassword",
    "/confirmForgotPassword",
    "/newPassword",
    "/mfa",
    "/mfaSetup",
    "/logout",
    "/error",
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/userInfo",
)
NAMES = (
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "token",
    "username",
    "password",
    "repeated",
    "notice",
    "error",
    "prompt",
    "requiredAttributes[email]",
)
KNOWN = (
    b"code",
    b"token",
    b"openid",
    b"S256",
    b"authorization_code",
    b"refresh_token",
    b"client_credentials",
    b"none",
    b"alice@example.com",
    CALLBACK.encode(),
)
VALUES = st.sampled_from(KNOWN) | st.binary(max_size=40)
PARAMS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8)
# No line ends, which end a header; everything else may be in one.
HEADER = st.binary(max_size=60).map(lambda octets: octets.translate(None, b"\r\n\0"))
TYPES = st.sampled_from(
    [
        b"application/x-www-form-urlencoded",
        b"application/x-www-form-urlencoded; charset=none-such",
        b"application/json",
        b"multipart/form-data; boundary=x",
    ]
)


@pytest.fixture(scope="module")
def app(shared_pool, local_url):
    domain = f"hostile-{shared_pool.id[-9:].lower()}"
    shared_pool.domain(domain)
    client = shared_pool.oauth_client("code", "implicit", LogoutURLs=[LOGOUT])
    return App(local_url, domain, client)


def spelled(params, client_id):
    pairs = [("client_id", client_id.encode()), ("redirect_uri", CALLBACK.encode())]
    kept = dict(pairs) | dict(params)
    return "&".join(f"{name}={quote_from_bytes(kept[name])}" for name in kept)


HEADERS = st.fixed_dictionaries(
    {"Content-Type": TYPES, "Cookie": HEADER.map(b"XSRF-TOKEN=a; ".__add__)},
    optional={"Authorization": HEADER, "Origin": HEADER},
)
FORM = PARAMS.map(lambda params: f"_csrf=a&{spelled(params, 'x')}".encode())
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "POST", "PUT", "OPTIONS"]),
    st.sampled_from(ENDPOINTS),
    PARAMS,
    FORM | st.binary(),
    HEADERS,
)


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(REQUESTS)
def test_never_breaks(app, request_):
    method, endpoint, query, body, headers = request_
    parts = urlsplit(f"{app.base}{endpoint}")
    target = f"{parts.path}?{spelled(query, app.client_id)}"
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    assert answer.status < 500
