"""Every refusal that Cognito is known for leads to its cause, from its words alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.session import Session
from diagnosis.call import codes
from diagnosis.cases.sign_in import SignIn, user
from diagnosis.world import ALICE

from cognito_gw.diagnosis.refusals import CODES, named_by
from cognito_gw.diagnosis.rules import SIGN_IN_RULES

RECORDED = Path(__file__).parents[1] / "recorded" / "cognito_refusals.json"
REFUSALS = json.loads(RECORDED.read_text(encoding="utf-8"))["refusals"]
# What apps of users call: the rest is for whoever sets the pool up.
OPERATIONS = (
    "AssociateSoftwareToken",
    "ChangePassword",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "ForgotPassword",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GlobalSignOut",
    "InitiateAuth",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "RevokeToken",
    "SetUserMFAPreference",
    "SignUp",
    "UpdateUserAttributes",
    "VerifySoftwareToken",
    "VerifyUserAttribute",
)
each_refusal = pytest.mark.parametrize(
    ("text", "code"), [(each["text"], each["code"]) for each in REFUSALS]
)


@each_refusal
@pytest.mark.parametrize("who", [None, ALICE])
def test_the_words_name_the_cause_in_a_healthy_stack(text, code, who):
    """What is so here is evidence, and no reason to be silent."""
    assert code in codes(SignIn(text, who).diagnosed())


@each_refusal
@pytest.mark.parametrize("spelled", [str.upper, str.lower, "Error: {}".format])
def test_the_words_are_known_however_they_are_written(text, code, spelled):
    """In any case, with anything before them; but for a name that is all there is."""
    if text.endswith("Exception"):
        spelled = f" {text}: ".format
        assert code in named_by(spelled())
    else:
        assert code in named_by(spelled(text))


def test_every_exception_that_an_app_can_meet_is_known():
    """By its name alone, as SDKs and logs show it."""
    model = Session().get_service_model("cognito-idp")
    names = {
        error.name
        for operation in OPERATIONS
        for error in model.operation_model(operation).error_shapes
    }
    assert len(names) > 30
    assert {name for name in names if not named_by(name)} == set()


def test_every_code_of_the_table_has_a_rule_and_words_that_name_it():
    """And its words are recorded with their source."""
    rules = {rule.code for rule in SIGN_IN_RULES}
    recorded = {each["code"] for each in REFUSALS}
    assert set(CODES) - rules == set()
    assert set(CODES) - recorded == {"passkey-refused"} - recorded
    assert all(each["source"] for each in REFUSALS)


@pytest.mark.parametrize("text", ["", "something else", "Network Error", "404"])
def test_other_words_name_nothing(text):
    """They may be of anything."""
    assert named_by(text) == frozenset()


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("Password attempts exceeded", "wrong-password"),
        ("Attempt limit exceeded, please try after some time.", "too-many-attempts"),
        ("User pool client abc does not exist.", "client-missing"),
        ("User pool eu-west-1_abc does not exist.", "pool-missing"),
        ("error=invalid_request&error_description=invalid_scope", "scope-not-allowed"),
        ("Refresh Token has expired", "grant-refused"),
        ("Access Token has expired", "expired-token"),
        ("Invalid Refresh Token", "grant-refused"),
        ("Temporary password has expired", "temporary-password-expired"),
    ],
)
def test_words_that_are_alike_are_told_apart(text, only):
    """Each names one cause."""
    assert named_by(text) == {only}


@pytest.mark.parametrize(
    ("text", "answers", "shown"),
    [
        ("User is not confirmed.", user("CONFIRMED"), "is CONFIRMED, enabled"),
        ("User is disabled.", user("CONFIRMED"), "is CONFIRMED, enabled"),
        ("User is disabled.", user(Enabled=False), "is CONFIRMED, disabled"),
        ("SECRET_HASH was not received", {}, "the app client web has no secret"),
        ("Client abc does not exist.", {}, "web: web-client-id"),
        ("SignUp is not permitted for this user pool", {}, "sign-up is open"),
        ("Custom auth lambda trigger is not configured", {}, "triggers: none"),
    ],
)
def test_whether_this_stack_is_in_that_state_is_told(text, answers, shown):
    """Beside the words."""
    first = SignIn(text, ALICE, answers=answers).diagnosed().causes[0]
    assert shown in first.evidence["this stack"]
    assert first.evidence["told"] == text
