"""For each problem, the real cause comes first, together with its fix."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import product

import pytest
from diagnosis.call import Call, access, codes
from diagnosis.cases.everything import (
    BOTH,
    CALLS,
    OURS_OR_NOT,
    SIGN_INS,
    anybodys,
    diagnosed,
    over,
)
from diagnosis.cases.sign_in import SignIn

from cognito_gw.diagnosis.rules import CALL_RULES, SIGN_IN_RULES

TABLE = (*CALL_RULES, *SIGN_IN_RULES)
UNFILLED = re.compile(r"\{\w*\}")
# Findings that need no comparison: a 0, and text that states the problem.
ALONE = ({"ReservedConcurrentExecutions"}, {"message"}, {"told"})


@over(product(BOTH, OURS_OR_NOT))
def test_the_cause_comes_first(name, is_ours):
    """It shows the values that prove it, and a fix with every name filled in."""
    code, evidence, _ = BOTH[name]
    diagnosis, _ = diagnosed(name, is_ours=is_ours)
    assert codes(diagnosis)[:1] == [code]
    first = diagnosis.causes[0]
    assert evidence.items() <= first.evidence.items()
    assert first.summary
    assert first.fix
    assert not UNFILLED.search(first.fix)
    assert diagnosis.unknown == []


@over(BOTH)
def test_a_cause_is_shown_by_values_that_differ(name):
    """One value was expected, and another was found."""
    for cause in diagnosed(name)[0].causes:
        shown = {str(value) for value in cause.evidence.values()}
        assert len(shown) > 1 or cause.evidence.keys() in ALONE


@over(BOTH)
def test_a_diagnosis_is_json(name):
    """It lists each rule that ran, either as found or as ruled out."""
    diagnosis, _ = diagnosed(name)
    document = json.loads(json.dumps(diagnosis.document()))
    assert document.keys() == {"causes", "ruled_out", "unknown", "note"}
    for cause in document["causes"]:
        assert cause.keys() == {"code", "summary", "evidence", "fix"}
    found = codes(diagnosis)
    others = [cause["code"] for cause in document["ruled_out"]]
    assert len({*found, *others}) == len(found) + len(others)
    order = [rule.code for rule in TABLE]
    assert found == sorted(found, key=order.index)
    assert others == sorted(others, key=order.index)


@pytest.mark.parametrize(
    ("rules", "cases"),
    [(CALL_RULES, CALLS), (SIGN_IN_RULES, SIGN_INS)],
    ids=["calls", "sign-ins"],
)
def test_every_rule_is_found_by_a_case(rules, cases):
    """As the first cause."""
    assert {code for code, *_ in cases.values()} == {rule.code for rule in rules}


@anybodys
@pytest.mark.parametrize("status", [200, None], ids=["answered", "not sent"])
@pytest.mark.parametrize(
    "call",
    [
        Call(),
        Call(access(scope="transactions/admin"), verb="POST"),
        Call(path="/orders/7"),
        Call(None, path="/health", target={"wants": "NONE"}),
        Call(path="/health", target={"wants": "NONE"}),
    ],
    ids=["ID token", "access token", "variable", "open", "open, with a token"],
)
def test_a_correct_call_has_no_cause(call, status, is_ours):
    """Whether or not it was sent."""
    good = replace(call, status=status, error="")
    assert codes(good.diagnosed(is_ours=is_ours)) == []


@pytest.mark.parametrize(
    ("attempt", "ruled_out"),
    [
        (SignIn(), {"client-missing", "flow-not-enabled"}),
        (
            SignIn(user="alice@example.com", auth_flow="USER_SRP_AUTH"),
            {"flow-not-enabled", "user-missing", "user-disabled", "user-unconfirmed"},
        ),
        (
            SignIn(oauth_flows=("code",), redirect_uris=("https://app.example.com/",)),
            {"flow-not-enabled", "callback-mismatch", "domain-missing"},
        ),
        (
            SignIn("no idea", "alice@example.com"),
            {"client-missing", "user-missing"},  # text does not rule out other text
        ),
    ],
    ids=["nobody", "by API", "by the pages", "told something else"],
)
def test_a_correct_sign_in_has_no_cause(attempt, ruled_out):
    """The possible causes of its failure are ruled out."""
    diagnosis = attempt.diagnosed()
    assert codes(diagnosis) == []
    assert diagnosis.unknown == []
    assert ruled_out <= {cause["code"] for cause in diagnosis.ruled_out}


@pytest.mark.parametrize(
    ("call", "silent"),
    [
        (Call(None, path="/health", status=None), {"no-token", "expired-token"}),
        (Call(None, status=None), {"malformed-token", "bad-signature", "wrong-pool"}),
        (Call(), {"cors-preflight-blocked", "cors-headers-missing"}),
        (Call(status=None), {"lambda-error", "lambda-timeout"}),
    ],
    ids=["an open route", "no token", "no browser", "not sent"],
)
def test_irrelevant_causes_are_not_ruled_out(call, silent):
    """A diagnosis without a token does not report that the token is valid."""
    diagnosis = call.diagnosed()
    told = {cause["code"] for cause in diagnosis.ruled_out}
    assert told
    assert not told & silent
    assert not {*codes(diagnosis)} & silent
    assert diagnosis.unknown == []


def test_names_of_cases_are_distinct():
    """No case overrides another."""
    assert len(BOTH) == len(CALLS) + len(SIGN_INS)
