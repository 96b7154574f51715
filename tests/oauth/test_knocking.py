"""What `cgw check` tries, with which tokens, and which answers it takes."""

from __future__ import annotations

import jwt
import pytest
from served import Served

from cognito_gw.oauth.forgery import forgeries
from cognito_gw.oauth.knocking import Door, Knock, knocks
from cognito_gw.oauth.tokens import claims_of, header_of

FORGED = ["garbage", "alg none", "tampered payload", "foreign pool", "expired"]
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E"


@pytest.fixture
def door(jwt):
    """Return a maker of secured doors, with a token of each kind."""
    made = {
        "id_token": jwt(token_use="id", iss=ISSUER, exp=9e9, sub="alice"),
        "access_token": jwt(token_use="access", iss=ISSUER, exp=9e9, scope="x"),
        "scoped_token": jwt(token_use="access", iss=ISSUER, exp=9e9, scope="a/b"),
    }

    def make(*scopes, verb="GET", path="/orders", **more):
        return Door(verb, path, scopes, is_secured=True, **made | more)

    return make


def tried(door):
    """Case: the answer that it must have, and the token."""
    return {each.case: (each.expected, each.token) for each in knocks(door)}


def test_a_route_without_scopes_wants_the_id_token(door):
    """And the access token is the other kind."""
    one = door()
    cases = tried(one)
    refused = ["no token", *FORGED, "other token type"]
    assert list(cases) == [*refused, "right token", "CORS preflight"]
    assert {cases[case][0] for case in refused} == {"401"}
    assert cases["other token type"][1] == one.access_token
    assert cases["right token"] == ("let in", one.id_token)
    assert cases["CORS preflight"] == ("403", None)


def test_a_route_with_scopes_wants_an_access_token_that_has_one(door):
    """One without is tried, too."""
    one = door("a/b", origin="https://app.example.com")
    cases = tried(one)
    assert cases["other token type"] == ("401", one.id_token)
    assert cases["without the scope"] == ("401", one.access_token)
    assert cases["right token"] == ("let in", one.scoped_token)
    assert cases["CORS preflight"] == ("CORS headers", None)


def test_what_cannot_be_had_is_not_tried(door):
    """The rest is."""
    poor = door("a/b", scoped_token=None, access_token=None, id_token=None)
    assert list(tried(poor)) == ["no token", *FORGED, "CORS preflight"]


def test_a_public_route_lets_everybody_in():
    """No token is wasted on it; an OPTIONS route is no preflight."""
    assert tried(Door("GET", "/health")) == {
        "no token": ("let in", None),
        "CORS preflight": ("403", None),
    }
    assert list(tried(Door("OPTIONS", "/health"))) == ["no token"]


def test_forgeries_are_as_near_to_the_good_one_as_can_be(door):
    """Each differs in what it is named for."""
    good = door().id_token
    forged = forgeries(good)
    assert list(forged) == FORGED
    assert good not in forged.values()
    assert header_of(forged["garbage"]) == {}
    assert header_of(forged["alg none"])["alg"] == "none"
    assert claims_of(forged["alg none"]) == claims_of(good)
    assert claims_of(forged["tampered payload"])["sub"] != "alice"
    assert claims_of(forged["expired"])["exp"] < 2e9
    foreign = claims_of(forged["foreign pool"])
    assert foreign["iss"] != ISSUER
    assert foreign["iss"].startswith(ISSUER[:-9])
    assert foreign | {"iss": ISSUER} == claims_of(good)


def test_a_foreign_token_is_well_signed(door):
    """By a pool that nobody trusts: only the trust is missing."""
    token = forgeries(door().id_token)["foreign pool"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert "typ" not in header_of(token)
    assert len(token.rpartition(".")[2]) == 342  # 2048 bits


def test_forgeries_can_be_made_of_nothing():
    """Where nobody can sign in."""
    assert list(forgeries("")) == FORGED


@pytest.fixture
def stage():
    """A stage that answers as it is told."""
    with Served() as server:
        yield server


@pytest.mark.parametrize(
    ("expected", "status", "is_ok"),
    [
        ("401", 401, True),
        ("401", 200, False),
        ("401", 403, False),
        ("401", 500, False),
        ("let in", 200, True),
        ("let in", 404, True),
        ("let in", 302, True),
        ("let in", 401, False),
        ("let in", 403, False),
        ("let in", 502, False),
    ],
)
def test_an_answer_is_judged(door, stage, expected, status, is_ok):
    """Who is let in may hear anything of the function, but that it fails."""
    stage.pages["/orders"] = (status, {})
    case = Knock(door(), "any", expected, "token").case_at(stage.url, "X-Token")
    assert case == {
        "route": "GET /orders",
        "case": "any",
        "expected": expected,
        "got": str(status),
        "ok": is_ok,
    }
    ((verb, path, headers, _),) = stage.seen
    assert (verb, path, headers["X-Token"]) == ("GET", "/orders", "token")


@pytest.mark.parametrize(
    ("route", "sent"),
    [
        (("ANY", "/a/{id}/b"), ("GET", "/a/cgw-check/b")),
        (("POST", "/{proxy+}"), ("POST", "/cgw-check")),
    ],
)
def test_any_method_and_every_variable_is_filled_in(door, stage, route, sent):
    """With something that gets as far as the authorizer."""
    verb, path = route
    Knock(door(verb=verb, path=path), "any", "401").case_at(stage.url, "Authorization")
    assert stage.seen[0][:2] == sent
    assert "Authorization" not in stage.seen[0][2]


def test_no_token_shows_itself(door):
    """Not in a traceback."""
    one = door("a/b")
    shown = repr(one) + repr(list(knocks(one)))
    assert one.id_token not in shown
    assert one.scoped_token not in shown
