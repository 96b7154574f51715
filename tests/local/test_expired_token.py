"""The local AWS issues expired copies of valid tokens, to the user only."""

from __future__ import annotations

import time

import httpx
import jwt
import pytest
from people import UserPool

from cognito_gw.oauth.tokens import claims_of, header_of


@pytest.fixture
def tokens(aws):
    """Tokens of a user."""
    pool = UserPool(aws("cognito-idp"), "expired")
    client = pool.app_client(ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"])
    pool.user("alice")
    pool.call(
        "admin_set_user_password",
        Username="alice",
        Password="Correct-horse-1",
        Permanent=True,
    )
    answer = pool.call(
        "admin_initiate_auth",
        ClientId=client["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": "Correct-horse-1"},
    )
    return answer["AuthenticationResult"]


@pytest.fixture
def issue(local_url, signed):
    """Return a function that requests an expired token."""

    def post(token, headers=None):
        headers = signed("cgw") if headers is None else headers
        url = f"{local_url}/_cgw/expired-token"
        return httpx.post(url, content=token, headers=headers, trust_env=False)

    return post


@pytest.mark.parametrize("name", ["IdToken", "AccessToken"])
def test_only_its_times_differ(tokens, issue, local_url, name):
    """Its signature is valid."""
    good = tokens[name]
    answer = issue(good)
    assert answer.status_code == 200
    old, new = claims_of(answer.text), claims_of(good)
    assert header_of(answer.text) == header_of(good)
    times = {"iat", "exp", "auth_time"}
    assert {key for key in new if new[key] != old[key]} == times
    assert old["exp"] < time.time()
    assert old["exp"] - old["iat"] == new["exp"] - new["iat"]
    pool_id = new["iss"].rpartition("/")[2]
    jwks = f"{local_url}/{pool_id}/.well-known/jwks.json"
    key = jwt.PyJWKClient(jwks).get_signing_key_from_jwt(answer.text).key
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(
            answer.text, key, algorithms=["RS256"], options={"verify_aud": False}
        )


def test_only_the_user_gets_one(tokens, issue, signed):
    """Not a caller without the access key, and not a web page."""
    unsigned = {"Content-Type": "text/plain"}
    strange = signed("cgw", "LOCALOTHER")
    page = signed("cgw") | {"Origin": "https://evil.example.com"}
    for headers in (unsigned, strange, page):
        assert issue(tokens["IdToken"], headers).status_code == 403


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
def test_only_a_valid_token_is_expired(tokens, issue, token):
    """Claims from elsewhere are not signed."""
    assert issue(token).status_code == 403
    head, claims, signature = tokens["IdToken"].split(".")
    assert issue(f"{head}.{claims[:-4]}AAAA.{signature}").status_code == 403
