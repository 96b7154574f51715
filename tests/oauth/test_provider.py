"""The issuer, keys and endpoints that a user pool publishes."""

from __future__ import annotations

import pytest

from cognito_gw.oauth import app_client
from cognito_gw.oauth.app_client import discover

POOL = "eu-west-1_Pool"
OLD = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
NEW = f"https://issuer-cognito-idp.eu-west-1.amazonaws.com/{POOL}"
CHINA = "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Pool"

SECRET = "https://cognito-idp.us-iso-east-1.c2s.ic.gov/us-iso-east-1_Pool"


@pytest.mark.parametrize("issuer", [OLD, NEW, CHINA, SECRET])
def test_a_pool_of_every_partition_is_cognitos(issuer):
    assert app_client.is_of_cognito(issuer)
    host, pool = issuer.rsplit("/", 1)
    assert not app_client.is_of_cognito(f"{host}.example.com/{pool}")
    assert not app_client.is_of_cognito(issuer.replace("https", "http"))


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        (OLD, OLD),
        (OLD, NEW),
        (NEW, NEW),
        (CHINA, CHINA),
        (f"https://cognito-idp-fips.eu-west-1.amazonaws.com/{POOL}", OLD),
        (f"https://vpce-1.cognito-idp.eu-west-1.vpce.amazonaws.com/{POOL}", OLD),
        ("http://emulator:4566/local_1", "http://emulator:4566/local_1"),
    ],
)
def test_a_pool_is_its_own_issuer(monkeypatch, url, issuer):
    """Under each of its AWS names, or at the address of an emulator."""
    pages = "https://shop.auth.eu-west-1.amazoncognito.com/oauth2/authorize"
    document = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "authorization_endpoint": pages,
    }
    monkeypatch.setattr(app_client, "fetch_json", lambda *_: document)
    found = discover(url, lambda _: None)
    assert (found.issuer, found.authorization_endpoint) == (issuer, pages)
    assert found.token_endpoint is None
