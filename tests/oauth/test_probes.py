"""What `cgw check` sends, with which tokens, and which responses pass."""

from __future__ import annotations

import jwt
import pytest
from served import Served

from cognito_gw.oauth.probes import Probe, RouteCheck, forgeries, probes_of
from cognito_gw.oauth.request import NoAnswer
from cognito_gw.oauth.tokens import claims_of, header_of

FORGED = ["garbage", "alg none", "tampered payload", "foreign pool", "altered expiry"]
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E"


@pytest.fixture
def check(jwt):
    """Return a function that makes checks of secured routes, with both tokens."""
    made = {
        "id_token": jwt(token_use="id", iss=ISSUER, exp=9e9, sub="alice"),
        "access_token": jwt(token_use="access", iss=ISSUER, exp=9e9, scope="x"),
        "scoped_token": jwt(token_use="access", iss=ISSUER, exp=9e9, scope="a/b"),
    }

    def make(*scopes, verb="GET", path="/orders", **more):
        return RouteCheck(verb, path, scopes, is_secured=True, **made | more)

    return make


def probed(check):
    """Map each case to its expected response and its token."""
    return {probe.case: (probe.expected, probe.token) for probe in probes_of(check)}


def test_a_route_without_scopes_requires_the_id_token(check):
    """The access token is the wrong kind."""
    one = check()
    cases = probed(one)
    refused = ["no token", *FORGED, "other token type"]
    assert list(cases) == [*refused, "right token", "CORS preflight"]
    assert {cases[case][0] for case in refused} == {"401"}
    assert cases["other token type"][1] == one.access_token
    assert cases["right token"] == ("let in", one.id_token)
    assert cases["CORS preflight"] == ("403", None)


def test_a_route_with_scopes_requires_an_access_token_with_one(check):
    """A token without the scope is tried as well."""
    origin = "https://app.example.com"
    one = check("a/b", origin=origin, preflight="CORS headers")
    cases = probed(one)
    assert cases["other token type"] == ("401", one.id_token)
    assert cases["without the scope"] == ("401", one.access_token)
    assert cases["right token"] == ("let in", one.scoped_token)
    assert cases["CORS preflight"] == ("CORS headers", None)


def test_unavailable_tokens_are_not_tried(check):
    """The other probes run."""
    poor = check("a/b", scoped_token=None, access_token=None, id_token=None)
    assert list(probed(poor)) == ["no token", *FORGED, "CORS preflight"]


def test_a_public_route_lets_everybody_in():
    """It gets no token; an OPTIONS route is not a preflight."""
    assert probed(RouteCheck("GET", "/health")) == {
        "no token": ("let in", None),
        "CORS preflight": ("403", None),
    }
    assert list(probed(RouteCheck("OPTIONS", "/health"))) == ["no token"]


def test_forgeries_are_as_near_to_the_good_one_as_can_be(check):
    """Each differs in exactly the property in its name."""
    good = check().id_token
    forged = forgeries(good)
    assert list(forged) == FORGED
    assert good not in forged.values()
    assert header_of(forged["garbage"]) == {}
    assert header_of(forged["alg none"])["alg"] == "none"
    assert claims_of(forged["alg none"]) == claims_of(good)
    assert claims_of(forged["tampered payload"])["sub"] != "alice"
    assert claims_of(forged["altered expiry"])["exp"] < 2e9
    foreign = claims_of(forged["foreign pool"])
    assert foreign["iss"] != ISSUER
    assert foreign["iss"].startswith(ISSUER[:-9])
    assert foreign | {"iss": ISSUER} == claims_of(good)


def test_a_foreign_token_is_well_signed(check):
    """By an untrusted pool: only trust is missing."""
    token = forgeries(check().id_token)["foreign pool"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert "typ" not in header_of(token)
    assert len(token.rpartition(".")[2]) == 342  # 2048 bits


def test_forgeries_can_be_made_of_nothing():
    """For stacks without a user who can sign in."""
    assert list(forgeries("")) == FORGED


@pytest.fixture
def stage():
    """A stage with given responses."""
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
        ("let in", 400, True),
        ("let in", 302, True),
        ("let in", 401, False),
        ("let in", 403, False),
        ("let in", 413, False),
        ("let in", 414, False),
        ("let in", 429, False),
        ("let in", 431, False),
        ("let in", 500, False),
        ("let in", 502, False),
    ],
)
def test_an_answer_of_the_gateway_is_judged(check, stage, expected, status, is_ok):
    """The error type shows that the response comes from the gateway."""
    stage.headers["x-amzn-ErrorType"] = "AnyException"
    stage.pages["/orders"] = (status, {})
    case = Probe(check(), "any", expected, "token").case_at(stage.url, "X-Token")
    assert case == {
        "route": "GET /orders",
        "case": "any",
        "expected": expected,
        "got": str(status),
        "ok": is_ok,
    }
    ((verb, path, headers, _),) = stage.seen
    assert (verb, path, headers["X-Token"]) == ("GET", "/orders", "token")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_refusal_by_the_function_is_its_answer(check, stage, status):
    """The function checks groups: API Gateway let the call through."""
    stage.pages["/orders"] = (status, {})
    case = Probe(check(), "right token", "let in", "token").case_at(stage.url, "X")
    assert case["got"] == f"{status} from the function"
    assert case["ok"] is True


@pytest.mark.parametrize("case", ["no token", "garbage", "expired"])
def test_a_refusal_by_the_function_does_not_secure_a_route(check, stage, case):
    """API Gateway let the call through without a token."""
    stage.headers["X-Amzn-Trace-Id"] = "Root=1-2-3"
    stage.pages["/orders"] = (401, {})
    found = Probe(check(), case, "401").case_at(stage.url, "X")
    assert found["got"] == "401 from the function"
    assert found["ok"] is False
    stage.headers["x-amzn-ErrorType"] = "UnauthorizedException"
    assert Probe(check(), case, "401").case_at(stage.url, "X")["ok"] is True


@pytest.mark.parametrize("status", [502, 504])
def test_a_failing_function_does_not_count_as_its_refusal(check, stage, status):
    """API Gateway responds instead."""
    stage.pages["/orders"] = (status, {})
    case = Probe(check(), "right token", "let in", "token").case_at(stage.url, "X")
    assert case["got"] == str(status)
    assert case["ok"] is False


@pytest.mark.parametrize("is_secured", [True, False])
@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_function_that_may_write_is_not_called(check, verb, is_secured):
    """Probes that must be refused still run: the API must stop them."""
    one = check(verb=verb) if is_secured else RouteCheck(verb, "/orders")
    writes = [probe.case for probe in probes_of(one) if probe.may_write]
    assert writes == ["right token" if is_secured else "no token"]
    refused = [probe for probe in probes_of(one) if probe.expected == "401"]
    assert not any(each.may_write for each in refused)


@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS", "ANY"])
def test_a_function_that_reads_is_called(check, verb):
    """ANY uses a read method, unless other routes define all of them."""
    assert not any(probe.may_write for probe in probes_of(check(verb=verb)))
    assert any(probe.may_write for probe in probes_of(check(verb="ANY", sends="POST")))


def test_a_try_that_is_left_out_is_named(check):
    """It is neither a response nor a failure."""
    *_, right, _ = probes_of(check(verb="PUT"))
    assert right.untried() == {
        "route": "PUT /orders",
        "case": "right token",
        "expected": "let in",
        "got": "not tried",
        "ok": True,
    }


def test_an_expired_token_takes_the_place_of_an_altered_one(check):
    """Only a token that was valid proves that expiry counts."""
    cases = probed(check(expired_token="was.good.once"))
    assert cases["expired"] == ("401", "was.good.once")
    assert "altered expiry" not in cases


@pytest.mark.parametrize("expected", ["401", "403", "let in", "CORS headers"])
def test_a_preflight_is_what_the_file_makes_of_options(check, stage, expected):
    """For example 401 from an authorizer on ANY; unexpected CORS headers fail."""
    one = check(preflight=expected)
    (probe,) = [each for each in probes_of(one) if each.is_preflight]
    stage.headers["x-amzn-ErrorType"] = "AnyException"
    for status in (401, 403, 200):
        stage.pages["/orders"] = (status, {})
        case = probe.case_at(stage.url, "Authorization")
        fits = {"let in": status == 200}.get(expected, str(status) == expected)
        assert case["ok"] is fits
    stage.headers["Access-Control-Allow-Origin"] = "*"
    case = probe.case_at(stage.url, "Authorization")
    assert case["got"] == "CORS headers"
    assert case["ok"] is (expected in ("CORS headers", "let in"))


def test_no_answer_at_all_is_a_case_of_its_own(check, monkeypatch):
    """The response may come later."""

    def send(*_):
        raise NoAnswer("cannot resolve the name")

    monkeypatch.setattr("cognito_gw.oauth.probes.send", send)
    case = Probe(check(), "no token", "401").case_at("http://127.0.0.1:1", "X")
    assert (case["got"], case["ok"]) == ("no answer", False)


@pytest.mark.parametrize(
    ("route", "sent"),
    [
        (("ANY", "/a/{id}/b"), ("GET", "/a/cgw-check/b")),
        (("POST", "/{proxy+}"), ("POST", "/cgw-check")),
    ],
)
def test_any_method_and_every_variable_is_filled_in(check, stage, route, sent):
    """With values that pass as far as the authorizer."""
    verb, path = route
    Probe(check(verb=verb, path=path), "any", "401").case_at(stage.url, "Authorization")
    assert stage.seen[0][:2] == sent
    assert "Authorization" not in stage.seen[0][2]


def test_no_token_shows_itself(check):
    """Tracebacks do not contain it."""
    one = check("a/b")
    shown = repr(one) + repr(list(probes_of(one)))
    assert one.id_token not in shown
    assert one.scoped_token not in shown
