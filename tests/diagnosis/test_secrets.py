"""Diagnoses are printed and pasted into tickets: they contain no tokens."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from diagnosis.call import Call, claims, unsigned
from diagnosis.cases.everything import CALLS, OURS_OR_NOT, SIGN_INS, over
from diagnosis.cases.functions import END, FAILED, REPORT, START
from diagnosis.world import ALICE, SECRET
from hypothesis import given, settings
from hypothesis import strategies as st

PERSONAL = {
    "email": ALICE,
    "phone_number": "+15550100",
    "name": "Alice Liddell",
    "sub": "5f1c1b0e-6f0f-4b43-9d0e-3a9d2f9c0a11",
    "cognito:username": "the-user-alice",
    "custom:salary": "123456.78",
}


def parts(token):
    """Return the parts of a token that must stay secret; without a token, nothing."""
    return [token, token.split(".")[1]] if token else []


@over(product([call for *_, call in CALLS.values()], OURS_OR_NOT))
def test_a_diagnosis_contains_no_part_of_a_token(call, is_ours):
    """Neither the token itself nor its user."""
    if call.claims is not None:
        call = replace(call, claims={**PERSONAL, **call.claims})
    told = str(call.diagnosed(is_ours=is_ours).document())
    for secret in (*PERSONAL.values(), "alice", *parts(call.token)):
        assert secret not in told
        assert secret not in repr(call.sent)


@over(attempt for *_, attempt in SIGN_INS.values())
def test_no_secret_of_an_app_client_is_shown(attempt):
    """Only its existence matters."""
    described = attempt.world().answers["describe_user_pool_client"]
    if isinstance(described, dict):
        client = described["UserPoolClient"] | {"ClientSecret": SECRET}
        answers = {"describe_user_pool_client": {"UserPoolClient": client}}
        attempt = replace(attempt, answers={**attempt.answers, **answers})
    assert SECRET not in str(attempt.diagnosed().document())


SAID = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["email", "name", "address", "custom:note"]),
        "value": st.text(st.characters(categories=["L", "N"]), min_size=8),
        "use": st.sampled_from(["id", "access", "refresh"]),
    }
)
SENT = st.tuples(
    st.sampled_from(["Authorization", "X-Token", "Cookie"]),
    st.sampled_from(["{}", "Bearer {}", "Bearer  {}", '"{}"', "{} {}", "{}.{}"]),
)


@settings(deadline=None)
@given(said=SAID, sent=SENT, status=st.sampled_from([200, 401, 403, 500, 502, 504]))
def test_no_claim_about_a_person_is_shown(said, sent, status):
    """Whatever the token contains and wherever it is sent."""
    token = unsigned(claims(**{said["name"]: said["value"], "token_use": said["use"]}))
    header, form = sent
    headers = ((header, form.replace("{}", token)),)
    told = str(Call(None, headers=headers, status=status).diagnosed().document())
    assert said["value"] not in told
    assert not any(part in told for part in parts(token))


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR] KeyError: 'Bearer {}'\n",
        "[ERROR] Exception: {{'headers': {{'Authorization': '{}'}}}}\n",
        '{{"errorType": "ValueError", "errorMessage": "{}"}}\n',
    ],
)
def test_a_token_in_a_function_log_is_not_shown(line):
    """Some functions log the event with which they failed."""
    token = unsigned(claims())
    written = line.format(token)
    call = Call(**FAILED, log=(START, written, END, REPORT))
    (cause,) = call.diagnosed().causes
    assert cause.code == "lambda-error"
    assert not any(part in str(cause.document()) for part in parts(token))
