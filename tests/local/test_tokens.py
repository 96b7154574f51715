"""Tokens have Cognito's claims and the lifetimes of the app client."""

from __future__ import annotations

import base64
import json
import time
import uuid

import jwt
import pytest

from cognito_gw.local.cognito.directory import AppClient
from cognito_gw.local.cognito.tokens import Keys, Tokens
from cognito_gw.local.errors import AwsFault

POOL = "eu-west-1_abcdefghi"
URL = "http://127.0.0.1:4566"
HOUR, DAY = 3600, 86400
KEYS = Keys()  # RSA keys take a while to create


class Alice:
    """The data of a user that tokens contain."""

    username = "alice"
    sub = str(uuid.uuid4())
    stamp = f"{sub}#0"
    groups = ("admins", "readers")
    attributes = {  # noqa: RUF012 - never changed
        "sub": sub,
        "email": "alice@example.com",
        "email_verified": "true",
        "phone_number_verified": "false",
        "custom:tier": "3",
    }


class Nobody(Alice):
    """A user in no group."""

    groups = ()


def app_client(client_id="web", **settings):
    return AppClient(POOL, "eu-west-1", {"ClientId": client_id} | settings, {})


def issued(user=Alice, **settings):
    return Tokens(KEYS, URL).issue(app_client(**settings), user)


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_the_header_has_the_key_and_the_algorithm_only():
    header = jwt.get_unverified_header(issued()["IdToken"])
    assert header.keys() == {"kid", "alg"}
    assert header["alg"] == "RS256"
    assert base64.b64encode(base64.b64decode(header["kid"])).decode() == header["kid"]


def test_id_and_access_tokens_are_signed_with_different_keys():
    answer = issued()
    kids = {
        jwt.get_unverified_header(answer[t])["kid"] for t in ("IdToken", "AccessToken")
    }
    assert kids == {key["kid"] for key in KEYS.jwks(POOL)["keys"]}
    assert len(kids) == 2


@pytest.mark.parametrize("token", ["IdToken", "AccessToken"])
def test_the_published_keys_verify(token):
    keys = jwt.PyJWKSet.from_dict(KEYS.jwks(POOL))
    answer = issued()[token]
    kid = jwt.get_unverified_header(answer)["kid"]
    options = {"verify_aud": False}
    assert jwt.decode(answer, keys[kid], algorithms=["RS256"], options=options)


def test_the_published_keys_contain_nothing_private():
    expected = {"alg", "e", "kid", "kty", "n", "use"}
    assert [key.keys() for key in KEYS.jwks(POOL)["keys"]] == [expected, expected]


def test_pools_and_processes_share_no_key():
    jwks = [KEYS.jwks(POOL), KEYS.jwks("eu-west-1_other"), Keys().jwks(POOL)]
    moduli = {key["n"] for keys in jwks for key in keys["keys"]}
    assert len(moduli) == 6


def test_the_id_token_identifies_the_user():
    found = claims(issued()["IdToken"])
    times = {"auth_time", "iat", "exp"}
    ids = {"jti", "origin_jti", "event_id"}
    assert {name: found[name] for name in found.keys() - times - ids} == {
        "sub": Alice.sub,
        "aud": "web",
        "iss": f"{URL}/{POOL}",
        "token_use": "id",
        "cognito:username": "alice",
        "cognito:groups": ["admins", "readers"],
        "email": "alice@example.com",
        "email_verified": True,
        "phone_number_verified": False,
        "custom:tier": "3",
    }


def test_the_access_token_has_scopes_and_groups():
    found = claims(issued()["AccessToken"])
    times = {"auth_time", "iat", "exp"}
    ids = {"jti", "origin_jti", "event_id"}
    assert {name: found[name] for name in found.keys() - times - ids} == {
        "sub": Alice.sub,
        "client_id": "web",
        "iss": f"{URL}/{POOL}",
        "token_use": "access",
        "username": "alice",
        "cognito:groups": ["admins", "readers"],
        "scope": "aws.cognito.signin.user.admin",
    }


def test_a_user_in_no_group_has_no_groups_claim():
    assert "cognito:groups" not in claims(issued(Nobody)["IdToken"])


def test_tokens_of_one_sign_in_share_its_id_but_not_their_own():
    answer = issued()
    found = [claims(answer[token]) for token in ("IdToken", "AccessToken")]
    assert len({each["origin_jti"] for each in found}) == 1
    assert len({each["jti"] for each in found}) == 2


def test_a_client_reads_only_its_readable_attributes():
    found = claims(issued(ReadAttributes=["email"])["IdToken"])
    assert "email" in found
    assert "custom:tier" not in found


def test_without_revocation_tokens_have_no_origin_jti():
    assert "origin_jti" not in claims(issued(EnableTokenRevocation=False)["IdToken"])


@pytest.mark.parametrize(
    ("settings", "id_seconds", "access_seconds"),
    [
        ({}, HOUR, HOUR),
        ({"IdTokenValidity": 2}, 2 * HOUR, HOUR),
        ({"AccessTokenValidity": 24}, HOUR, DAY),
        (
            {
                "IdTokenValidity": 5,
                "AccessTokenValidity": 300,
                "TokenValidityUnits": {"IdToken": "minutes", "AccessToken": "seconds"},
            },
            300,
            300,
        ),
        (
            {"AccessTokenValidity": 1, "TokenValidityUnits": {"AccessToken": "days"}},
            HOUR,
            DAY,
        ),
    ],
)
def test_the_client_sets_the_lifetime_of_tokens(settings, id_seconds, access_seconds):
    answer = issued(**settings)
    lives = [claims(answer[token]) for token in ("IdToken", "AccessToken")]
    assert [each["exp"] - each["iat"] for each in lives] == [id_seconds, access_seconds]
    assert answer["ExpiresIn"] == access_seconds


def test_a_refresh_token_looks_like_a_jwe():
    parts = issued()["RefreshToken"].split(".")
    assert len(parts) == 5
    assert json.loads(base64.urlsafe_b64decode(parts[0] + "=="))["enc"] == "A256GCM"


def test_a_refresh_token_is_not_a_jwt():
    with pytest.raises(jwt.DecodeError):
        claims(issued()["RefreshToken"])


def test_refreshing_keeps_the_sign_in():
    tokens, client = Tokens(KEYS, URL), app_client()
    first = tokens.issue(client, Alice)
    grant = tokens.granted(client, first["RefreshToken"])
    second = tokens.refreshed(client, Alice, grant)
    before, after = claims(first["IdToken"]), claims(second["IdToken"])
    kept = ("auth_time", "origin_jti", "sub")
    assert [before[name] for name in kept] == [after[name] for name in kept]
    assert before["jti"] != after["jti"]
    assert "RefreshToken" not in second


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"client_id": "other"}, "Invalid Refresh Token"),
        ({"RefreshTokenValidity": -1}, "Refresh Token has expired"),
    ],
)
def test_refuses_a_refresh_token(settings, message):
    tokens = Tokens(KEYS, URL)
    life = {name: settings[name] for name in settings if name != "client_id"}
    token = tokens.issue(app_client(**life), Alice)["RefreshToken"]
    with pytest.raises(AwsFault, match=message):
        tokens.granted(app_client(**settings), token)


def test_an_access_token_expires():
    tokens = Tokens(KEYS, URL)
    expired = tokens.issue(app_client(AccessTokenValidity=-1), Alice)["AccessToken"]
    with pytest.raises(AwsFault, match="Access Token has expired"):
        tokens.of_access_token(expired)


def test_a_revocation_applies_to_all_tokens_of_the_sign_in_only():
    tokens, client = Tokens(KEYS, URL), app_client()
    first, second = (tokens.issue(client, Alice) for _ in range(2))
    tokens.revoke(first["RefreshToken"], client.id)
    with pytest.raises(AwsFault, match="Access Token has been revoked"):
        tokens.of_access_token(first["AccessToken"])
    with pytest.raises(AwsFault, match="Refresh Token has been revoked"):
        tokens.granted(client, first["RefreshToken"])
    assert tokens.of_access_token(second["AccessToken"])["username"] == "alice"


def test_an_id_token_is_not_an_access_token():
    tokens = Tokens(KEYS, URL)
    token = tokens.issue(app_client(), Alice)["IdToken"]
    with pytest.raises(AwsFault, match="Invalid Access Token"):
        tokens.of_access_token(token)


def test_a_token_of_another_server_is_refused():
    elsewhere = Tokens(KEYS, "http://127.0.0.1:1").issue(app_client(), Alice)
    with pytest.raises(AwsFault, match="Invalid Access Token"):
        Tokens(KEYS, URL).of_access_token(elsewhere["AccessToken"])


def test_times_are_whole_seconds_of_now():
    before = int(time.time())
    found = claims(issued()["IdToken"])
    assert before <= found["iat"] == found["auth_time"] <= time.time()
