"""Verification of tokens with the keys that their pool publishes."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from served import Served

from cognito_gw.errors import CgwError
from cognito_gw.local.cognito.tokens import Keys as PoolKeys
from cognito_gw.oauth.app_client import discover
from cognito_gw.oauth.tokens import Keys, in_words


def silent(_):
    """Log nothing."""


@pytest.fixture(scope="module")
def pool():
    """A pool with two keys, which it publishes."""
    keys = PoolKeys()
    with Served() as server:
        base = f"{server.url}/eu-west-1_Pool"
        server.pages = {
            "/eu-west-1_Pool/.well-known/openid-configuration": {
                "issuer": base,
                "jwks_uri": f"{base}/keys",
            },
            "/eu-west-1_Pool/keys": keys.jwks("eu-west-1_Pool"),
        }
        yield keys.of("eu-west-1_Pool", "id"), base


@pytest.fixture(scope="module")
def keys(pool):
    """Return the keys as a client fetches them."""
    return Keys(discover(pool[1], silent), silent)


@pytest.fixture
def token(pool):
    """Return a function that makes tokens signed by the pool."""
    key, base = pool

    def make(headers=None, private=key.private, algorithm="RS256", **claims):
        claims = {"iss": base, "exp": time.time() + 60, "token_use": "id"} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": key.kid} | (headers or {})
        return jwt.encode(claims, private, algorithm=algorithm, headers=headers)

    return make


def encoded(part):
    """Return one encoded part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_good_token_has_no_flaw(keys, token):
    """Times may have fractions."""
    assert keys.flaw_of(token()) is None
    assert keys.flaw_of(token(nbf=time.time() - 5)) is None


@pytest.mark.parametrize(
    "text", ["", "a", "a.b.c", "a.b.c.d.e", "é.é.é", "....", "e30.e30."]
)
def test_text_that_is_not_a_token_is_malformed(keys, text):
    """For any other text."""
    assert keys.flaw_of(text).code == "malformed-token"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://elsewhere.example.com/eu-west-1_Pool"}, "wrong-pool"),
        ({"iss": None}, "wrong-pool"),
        ({"exp": 1}, "expired-token"),
        ({"exp": time.time() - 1}, "expired-token"),
        ({"exp": None}, "malformed-token"),
        ({"nbf": time.time() + 9999}, "not-yet-valid"),
    ],
)
def test_a_good_signature_is_not_enough(keys, token, claims, code):
    """The issuer and the times are verified as well."""
    assert keys.flaw_of(token(**claims)).code == code


def test_a_signature_with_another_key_is_detected(keys, token, pool):
    """Another key with the ID of the pool's, and an unknown key ID."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert keys.flaw_of(token(private=other)).code == "bad-signature"
    assert keys.flaw_of(token({"kid": "other"})).code == "bad-signature"
    head, _, signature = token().split(".")
    changed = f"{head}.{encoded({'iss': pool[1], 'exp': 9e9, 'a': 1})}.{signature}"
    assert keys.flaw_of(changed).code == "bad-signature"


@pytest.mark.parametrize("algorithm", ["none", "NONE", "HS256", "RS512", "ES256", None])
def test_only_rs256_is_taken(keys, pool, algorithm):
    """Neither HMAC with the public key nor `none`."""
    head = encoded({"alg": algorithm, "kid": pool[0].kid})
    body = encoded({"iss": pool[1], "exp": time.time() + 60})
    for signature in ("", "c2ln"):
        flaw = keys.flaw_of(f"{head}.{body}.{signature}")
        assert flaw.code == "bad-signature"
        assert flaw.words == f"its algorithm is {algorithm}, not RS256"


@pytest.mark.parametrize(
    "page",
    [None, [], {}, {"keys": []}, {"keys": [{"kty": "EC"}]}, {"issuer": "a"}],
)
def test_a_pool_that_publishes_no_keys_is_named(page):
    """By the requested URL, with a possible reason."""
    with Served() as server:
        server.pages = {
            "/p/.well-known/openid-configuration": {
                "issuer": f"{server.url}/p",
                "jwks_uri": f"{server.url}/keys",
            },
            "/keys": page,
            "/q/.well-known/openid-configuration": page,
        }
        with pytest.raises(CgwError, match=r"/keys"):
            Keys(discover(f"{server.url}/p", silent), silent)
        with pytest.raises(CgwError, match=r"/q/\.well-known"):
            discover(f"{server.url}/q", silent)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 seconds"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (86400 * 30, "30 days"),
    ],
)
def test_spans_of_time_in_words(seconds, words):
    """In their largest unit."""
    assert in_words(seconds) == words
