"""How `cgw check` tests the file's routes: answers to OPTIONS, the method for ANY."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from diagnosis.call import unsigned

from cognito_gw.app.security_check import RouteChecks, _probes, expired_token
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.config.model import Config
from cognito_gw.errors import UsageError
from cognito_gw.oauth.probes import probes_of
from cognito_gw.oauth.tokens import Tokens

OPEN, CLOSED = {"auth": "none"}, {}


def check(name, routes, cors=None):
    """Return the check of an open route, which needs no sign-in."""
    api = {"routes": routes} | ({"cors": {"origins": cors}} if cors else {})
    config = Config.model_validate({"name": "t", "api": api})
    checks = RouteChecks(SimpleNamespace(config=config), TokenRequest())
    settings = config.api.routes[name].model_copy(update={"auth": "none"})
    return checks.of(name, settings)


@pytest.mark.parametrize(
    ("routes", "cors", "expected"),
    [
        ({"ANY /a": CLOSED}, None, "401"),
        ({"ANY /a": OPEN}, None, "let in"),
        ({"ANY /a": CLOSED}, ["*"], "CORS headers"),
        ({"GET /a": CLOSED}, None, "403"),
        ({"GET /a": CLOSED}, ["https://a.example.com"], "CORS headers"),
        ({"GET /a": CLOSED, "OPTIONS /a": OPEN}, None, "let in"),
        ({"GET /a": CLOSED, "OPTIONS /a": CLOSED}, ["*"], "401"),
        ({"GET /a": CLOSED, "ANY /{proxy+}": CLOSED}, None, "401"),
    ],
)
def test_a_preflight_is_expected_as_the_file_routes_options(routes, cors, expected):
    """An authorizer on ANY refuses it, which is correct without CORS."""
    assert check(next(iter(routes)), routes, cors).preflight == expected


@pytest.mark.parametrize(
    ("others", "sent"),
    [
        ((), "GET"),
        (("GET",), "HEAD"),
        (("GET", "HEAD"), "OPTIONS"),
        (("GET", "HEAD", "OPTIONS"), "POST"),
    ],
)
def test_any_is_tried_by_a_separate_method(others, sent):
    """One that no other route of the path has; one that reads, if possible."""
    routes = {"ANY /a": OPEN} | {f"{verb} /a": OPEN for verb in others}
    assert check("ANY /a", routes).method == sent


def test_with_cors_any_is_not_tried_by_options():
    """The preflight answers it, without an authorizer."""
    routes = {"GET /a": OPEN, "HEAD /a": OPEN, "ANY /a": CLOSED}
    assert check("ANY /a", routes, ["*"]).method == "POST"


def test_any_is_not_tried_where_it_gets_no_call():
    """Every method has another route."""
    verbs = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    routes = {"ANY /a": CLOSED} | {f"{verb} /a": OPEN for verb in verbs}
    assert list(probes_of(check("ANY /a", routes))) == []


@pytest.mark.parametrize("user", ["", "GET /a=", "GET /a", "GET /b=alice"])
def test_a_user_option_without_a_name_is_refused(user):
    """Before a sign-in as another user."""
    config = Config.model_validate({"name": "t", "api": {"routes": {"GET /a": {}}}})
    with pytest.raises(UsageError):
        _probes(SimpleNamespace(config=config), dict(config.api.routes), (user,))


@pytest.mark.parametrize(
    ("changes", "is_found"),
    [
        ({}, True),
        ({"iss": "https://example.com/eu-west-1_Other"}, False),
        ({"sub": "bob"}, False),
        ({"token_use": "access"}, False),
        ({"exp": 9e9}, False),
    ],
)
def test_on_aws_a_kept_token_that_expired_is_found(changes, is_found):
    """It must differ in nothing else, or the refusal would have another cause."""
    claims = {"iss": "https://example.com/eu-west-1_A", "sub": "a", "token_use": "id"}
    old = unsigned(claims | {"exp": 1e9} | changes)
    session = SimpleNamespace(is_local=False)
    kept = Tokens("access", 1e9, id_token=old)
    found = expired_token(session, unsigned(claims | {"exp": 9e9}), kept)
    assert found == (old if is_found else None)
    assert expired_token(session, old, None) is None
