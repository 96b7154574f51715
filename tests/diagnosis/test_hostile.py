"""Any request, response or log is diagnosed without a failure."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from diagnosis.call import HEALTHY, Call, access, claims, unsigned
from diagnosis.cases.everything import CALLS
from diagnosis.cases.functions import FAILED
from diagnosis.cases.sign_in import SignIn
from diagnosis.world import ALICE, API, POOL
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_gw.diagnosis.exchange import Answer, Sent
from cognito_gw.diagnosis.rule import diagnose
from cognito_gw.diagnosis.rules import CALL_RULES

SLOWLY = settings(deadline=None)
ERRORS = [
    "",
    "UnauthorizedException",
    "ForbiddenException",
    "MissingAuthenticationTokenException",
    "InternalServerErrorException",
]
NAMES = ["iss", "aud", "token_use", "scope", "exp", "iat", "nbf", "sub", "email"]
PLAIN = st.none() | st.booleans() | st.integers() | st.text()
WORTH = st.recursive(
    PLAIN | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
CLAIMS = st.dictionaries(st.sampled_from(NAMES), WORTH)
HEADS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), WORTH)
TOKENS = st.builds(unsigned, CLAIMS, HEADS) | st.text()
VALUES = TOKENS | st.builds("Bearer {}".format, TOKENS) | st.just("Bearer ")
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Authorization", "authorization", "X-Token", "Cookie", "é"]),
        VALUES,
    ),
    max_size=3,
)
ANSWERS = st.builds(
    Answer,
    st.integers(0, 999),
    st.text(),
    st.dictionaries(
        st.sampled_from(["x-amzn-errortype", "date", "access-control-allow-origin"]),
        st.sampled_from(ERRORS) | st.text(),
    ),
    st.floats(-(2**40), 2**40),
)
VERSIONS = [
    HEALTHY,
    replace(HEALTHY, authorizer=False),
    replace(HEALTHY, routes={"ANY /{all+}": ("a", "b")}),
    replace(HEALTHY, routes={"GET /transactions": "CUSTOM"}),
]


def well_formed(diagnosis):
    """Whether a diagnosis can be shown, also as JSON."""
    document = diagnosis.document()
    for cause in document["causes"]:
        assert cause["code"]
        assert cause["summary"]
        assert cause["fix"]
    return bool(json.dumps(document))


@SLOWLY
@given(
    HEADERS,
    ANSWERS | st.none(),
    st.sampled_from(VERSIONS),
    st.sampled_from(["GET", "POST", "OPTIONS", "", "GET /", "é"]),
    st.text(max_size=20) | st.sampled_from(["transactions", "orders/7", "[", "?"]),
)
def test_whatever_was_sent_and_answered_is_diagnosed(
    headers, answer, version, verb, path
):
    """Tokens with any content, any status, any message."""
    usual = Call(live=version, preflight=answer or Answer(0))
    case = usual.case()
    case.sent = Sent(verb, f"/{path.lstrip('/')}", tuple(headers))
    case.answer = answer
    assert well_formed(diagnose(CALL_RULES, case))


@SLOWLY
@given(CLAIMS, HEADS, st.sampled_from(list(CALLS)))
def test_any_token_may_be_sent_in_any_case(content, head, name):
    """Even a token of a pool that the authorizer trusts."""
    _, _, call = CALLS[name]
    token = unsigned(claims() | content, head)
    headers = (("Authorization", f"Bearer {token}"), *call.headers)
    assert well_formed(replace(call, claims=None, headers=headers).diagnosed())


@SLOWLY
@given(CLAIMS, HEADS, st.none() | st.floats(0, 2**40))
def test_keys_judge_any_token(keys, content, head, at):
    """Each verdict has a text that explains it."""
    token = unsigned(content | {"iss": keys.issuer}, head)
    flaw = keys.flaw_of(token, at)
    assert flaw is not None
    assert flaw.words


@pytest.fixture(scope="module")
def keys(published):
    """The keys of a pool, which signed none of these tokens."""
    from cognito_gw.oauth.app_client import discover
    from cognito_gw.oauth.tokens import Keys

    issuer = published.issuer(POOL)
    return Keys(discover(issuer, lambda _: None), lambda _: None)


HUGE = f"1{'0' * 400}"
HARMLESS = [("exp", "1e999"), ("exp", HUGE), ("exp", "NaN"), ("iat", "NaN")]
HARMLESS += [("iat", "-1e999"), ("nbf", f"-{HUGE}")]
ENDLESS = [("exp", "-1e999"), ("exp", f"-{HUGE}"), ("iat", "1e999"), ("nbf", HUGE)]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *HARMLESS,
        *ENDLESS,
    ],
    ids=lambda value: value[:8],
)
def test_times_out_of_range_are_diagnosed(name, number):
    """JSON allows such numbers."""
    said = json.dumps(claims(**{name: "TIME"})).replace('"TIME"', number)
    body = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    head, _, signature = unsigned({}).split(".")
    headers = (("Authorization", f"{head}.{body}.{signature}"),)
    assert well_formed(Call(None, headers=headers).diagnosed())


@pytest.mark.parametrize("audience", [["web", "api"], {"web": 1}, 7, True], ids=str)
def test_an_audience_may_not_be_text(audience):
    """Other issuers use lists; the expression matches none of them."""
    live = replace(HEALTHY, pattern="web.*")
    call = Call({"aud": audience}, live=live)
    assert "wrong-client" in [cause.code for cause in call.diagnosed().causes]


@pytest.mark.parametrize("scope", [None, 7, ["a"], {"a": 1}, "", "  ", "a\tb"], ids=str)
def test_a_scope_may_not_be_text(scope):
    """Then the token has none of the required scopes."""
    call = Call(access(scope=scope), verb="POST")
    assert [cause.code for cause in call.diagnosed().causes] == ["insufficient-scope"]


@SLOWLY
@given(st.lists(st.text(), max_size=6), st.text(), st.booleans())
def test_a_function_may_write_anything(lines, last, ends):
    """Including text that looks like the runtime's lines."""
    report = [f"REPORT RequestId: {last or 'a'}"] if ends else []
    assert well_formed(Call(**FAILED, log=(*lines, *report)).diagnosed())


@SLOWLY
@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.text() | st.none())
def test_any_text_that_an_app_received_is_diagnosed(told, user, uris, flow):
    """Any text."""
    attempt = SignIn(told, user, flow, redirect_uris=tuple(uris))
    assert well_formed(attempt.diagnosed())
    assert well_formed(SignIn(told, ALICE, oauth_flows=(flow or "",)).diagnosed())


@SLOWLY
@given(st.text(), st.text(), st.text(), st.text())
def test_any_name_may_appear_in_a_fix(api_id, stage, origin, header):
    """Braces in a value are not placeholders."""
    target = {"api_id": api_id or API, "stage": stage, "header": header or None}
    call = Call(None, target=target, status=200, headers=(("Origin", origin),))
    assert well_formed(call.diagnosed())
