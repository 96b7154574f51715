"""Which routes a valid token opens, and why the others refuse it."""

from __future__ import annotations

from cognito_gw.diagnosis.api import reach_of

COGNITO = {"authorizationType": "COGNITO_USER_POOLS"}
RESOURCES = [
    {
        "path": "/orders",
        "resourceMethods": {
            "GET": COGNITO,
            "POST": COGNITO | {"authorizationScopes": ["api/a", "api/write"]},
            "OPTIONS": {"authorizationType": "NONE"},
        },
    },
    {"path": "/", "resourceMethods": {"GET": {"authorizationType": "NONE"}}},
    {"path": "/shut", "resourceMethods": {"ANY": {"authorizationType": "AWS_IAM"}}},
    {"path": "/empty"},
]


def opened(claims, **more):
    """Return for each route whether it is open."""
    return {each.route: each.is_open for each in reach_of(claims, RESOURCES, **more)}


def test_an_id_token_opens_routes_without_scopes():
    """And public routes; preflights are ignored."""
    assert opened({"token_use": "id"}) == {
        "GET /": True,
        "GET /orders": True,
        "POST /orders": False,
        "ANY /shut": False,
    }


def test_an_access_token_opens_routes_with_one_of_its_scopes():
    """Scopes are compared as whole words."""
    granted = {"token_use": "access", "scope": "openid api/write"}
    assert opened(granted)["POST /orders"]
    assert not opened(granted)["GET /orders"]
    near = {"token_use": "access", "scope": "api/writer xapi/a"}
    assert not opened(near)["POST /orders"]


def test_the_reason_is_readable():
    """As readable text, also in JSON."""
    granted = {"token_use": "access", "scope": "api/write"}
    told = {each.route: each.document() for each in reach_of(granted, RESOURCES)}
    assert told["POST /orders"] == {
        "route": "POST /orders",
        "ok": True,
        "why": "by the scope api/write",
    }
    assert "requires the ID token" in told["GET /orders"]["why"]
    assert "AWS_IAM" in told["ANY /shut"]["why"]


def test_a_token_of_another_pool_opens_only_public_routes():
    """Even if it is valid there."""
    assert opened({"token_use": "id"}, is_ours=False) == {
        "GET /": True,
        "GET /orders": False,
        "POST /orders": False,
        "ANY /shut": False,
    }
