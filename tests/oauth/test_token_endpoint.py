"""The token endpoint: the request for each grant, and the meaning of its errors."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs

import pytest
from served import Served

from cognito_gw.errors import CgwError, Missing
from cognito_gw.oauth.app_client import AppClient, Provider
from cognito_gw.oauth.token_endpoint import OAuthRefused, TokenEndpoint
from cognito_gw.oauth.tokens import Tokens

ANSWER = {
    "access_token": "access",
    "id_token": "id",
    "refresh_token": "refresh",
    "expires_in": 3600,
    "token_type": "Bearer",
}


@pytest.fixture
def server():
    """A server that issues tokens."""
    with Served() as server:
        server.pages["/oauth2/token"] = ANSWER
        yield server


@pytest.fixture
def endpoint(server):
    """Return a function that makes endpoints, and their messages."""
    told = []

    def make(secret=None):
        client = AppClient("p_1", "client-1", secret)
        provider = Provider("i", "k").at(server.url)
        made = TokenEndpoint(provider, client, told.append)
        made.told = told
        return made

    return make


def sent(server):
    """Return the headers and the form of the last request."""
    _, _, headers, body = server.seen[-1]
    return headers, {key: each for key, (each,) in parse_qs(body.decode()).items()}


def test_a_code_is_exchanged(server, endpoint):
    """With the verifier of this sign-in."""
    tokens = endpoint().for_code("the-code", "http://localhost:1/c", "verifier")
    assert (tokens.id_token, tokens.refresh_token) == ("id", "refresh")
    assert tokens.by_oauth
    headers, form = sent(server)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in headers
    assert form == {
        "grant_type": "authorization_code",
        "client_id": "client-1",
        "code": "the-code",
        "redirect_uri": "http://localhost:1/c",
        "code_verifier": "verifier",
    }


def test_a_machine_shows_its_secret_in_the_header(server, endpoint):
    """As Basic, and nowhere else; without scopes it gets all of the client's."""
    endpoint("shh").for_machine(["api/read", "api/write"])
    headers, form = sent(server)
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic "))
    assert pair == b"client-1:shh"
    expected = {"grant_type": "client_credentials", "scope": "api/read api/write"}
    assert form == expected
    endpoint("shh").for_machine([])
    assert sent(server)[1] == {"grant_type": "client_credentials"}


def test_a_refresh_token_stays_unless_another_comes(server, endpoint):
    """With rotation, a new one replaces it."""
    old = Tokens("a", 0.0, refresh_token="old")
    assert endpoint().refreshed(old).refresh_token == "refresh"
    assert sent(server)[1]["refresh_token"] == "old"
    server.pages["/oauth2/token"] = {"access_token": "new", "expires_in": 60}
    tokens = endpoint().refreshed(old)
    assert (tokens.access_token, tokens.refresh_token) == ("new", "old")


@pytest.mark.parametrize(
    ("page", "words", "hint"),
    [
        ((400, {"error": "invalid_grant"}), "invalid_grant", "again"),
        ((400, {"error": "invalid_client"}), "invalid_client", "CGW_CLIENT_SECRET"),
        ((400, {"error": "unauthorized_client"}), "unauthorized", "oauth_flows"),
        (
            (400, {"error": "invalid_request", "error_description": "invalid_scope"}),
            r"invalid_request \(invalid_scope\)",
            "oauth_scopes",
        ),
        ((500, {"no": "error"}), "HTTP 500", ""),
        ((200, {"error": "odd"}), "odd", ""),
        ((200, ["odd"]), "HTTP 200", ""),
        ((200, {"access_token": 1}), "HTTP 200", ""),
    ],
)
def test_a_refusal_has_its_error_and_our_advice(server, endpoint, page, words, hint):
    """For any response; without secrets."""
    server.pages["/oauth2/token"] = page
    with pytest.raises(OAuthRefused, match=f"no tokens: {words}") as caught:
        endpoint("shh").for_code("the-code", "http://localhost:1/c", "verifier")
    assert hint in (caught.value.hint or "")
    shown = f"{caught.value!r} {caught.value.hint}"
    assert not [each for each in ("shh", "the-code", "verifier") if each in shown]


@pytest.mark.parametrize("seconds", [None, "soon", [], {}])
def test_a_lifetime_that_is_not_a_number_is_ignored(server, endpoint, seconds):
    """The token is not kept longer than it may be valid."""
    server.pages["/oauth2/token"] = ANSWER | {"expires_in": seconds}
    assert endpoint().for_machine([]).expires_in == 0


def test_messages_contain_no_secret(endpoint, server):
    """Only the endpoint and the result."""
    made = endpoint("shh")
    made.for_code("the-code", "http://localhost:1/c", "verifier")
    assert made.told == [f"POST {server.url}/oauth2/token: 200"]


def test_without_a_domain_the_endpoint_is_missing():
    """The error names the command that creates one."""
    with pytest.raises(Missing) as caught:
        TokenEndpoint(Provider("i", "k"), AppClient("p", "c"), print)
    assert "`cgw domain`" in caught.value.hint


def test_an_endpoint_that_does_not_answer_is_named():
    """A new domain needs a minute."""
    provider = Provider("i", "k").at("http://127.0.0.1:1")
    with pytest.raises(CgwError, match=r"127\.0\.0\.1:1"):
        TokenEndpoint(provider, AppClient("p", "c"), print).for_machine([])
