"""Every known error text of Cognito leads to its cause, from the text alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from botocore.session import Session
from diagnosis.call import codes
from diagnosis.cases.everything import over
from diagnosis.cases.sign_in import CALLBACK, SignIn, user
from diagnosis.world import ALICE

from cognito_gw.diagnosis.refusals import named_by, refusals
from cognito_gw.diagnosis.rules import TOLD_RULES

RECORDED = Path(__file__).parents[1] / "recorded" / "cognito_refusals.json"
REFUSALS = json.loads(RECORDED.read_text(encoding="utf-8"))["refusals"]
_PREFLIGHT = "cors-preflight-blocked"
_PROVIDER = "identity-provider-failed"
TEXTS = [(row["text"], row["code"]) for row in REFUSALS]
FIRST = [(text, code) for code, text in {c: t for t, c in reversed(TEXTS)}.items()]


@over(TEXTS)
def test_the_words_name_the_cause_in_a_healthy_stack(text, code):
    """The state of this stack is evidence and does not hide the cause."""
    assert code in codes(SignIn(text, ALICE).diagnosed())


@over(FIRST)
def test_the_words_name_the_cause_without_a_user(text, code):
    """For a machine's sign-in, or if only the text is known."""
    assert code in codes(SignIn(text, None).diagnosed())


@over(TEXTS)
def test_the_words_are_known_however_they_are_written(text, code):
    """In any case, with any prefix; a bare exception name stays as it is."""
    if text.endswith("Exception") and " " not in text:
        assert code in named_by(f" {text}: ")
        return
    for spelled in (text.upper(), text.lower(), f"Error: {text}"):
        assert code in named_by(spelled)


def test_every_exception_of_the_api_is_known():
    """By its name alone, as SDKs and logs show it."""
    model = Session().get_service_model("cognito-idp")
    names = {
        error.name
        for operation in model.operation_names
        for error in model.operation_model(operation).error_shapes
    }
    assert len(names) > 30
    assert {name for name in names if not named_by(name)} == set()


def test_every_code_of_the_table_has_a_rule_and_words_that_name_it():
    """Its texts are recorded with their source."""
    rules = {rule.code for rule in TOLD_RULES}
    recorded = {row["code"] for row in REFUSALS}
    assert set(refusals()) - rules == set()
    assert set(refusals()) - recorded == {"passkey-refused"} - recorded
    assert all(row["source"] for row in REFUSALS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "…",
        "null",
        "something else",
        "Network Error",
        "404",
        "Request failed with status code 500",
        "connect ECONNREFUSED 127.0.0.1:3000",
        "TypeError: Cannot read properties of undefined (reading 'token')",
        "Unexpected token < in JSON at position 0",
        "NotAuthorizedException: something that nobody has seen yet",
        "ResourceNotFoundException: something that nobody has seen yet",
        "The user is unauthorized to have fun, which is forbidden",
        "com.amazonaws.services.cognitoidentityprovider.Client",
        "POST https://cognito-idp.eu-west-1.amazonaws.com/",
        "https://app.example.com/?code=1&redirect_uri=x&code_challenge_method=S256",
    ],
)
def test_unknown_texts_lead_to_no_cause(text):
    """They may refer to anything."""
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
        (
            "Invalid phone number format (Service: AWSCognitoIdentityProviderService)",
            "attributes-invalid",
        ),
        ("PreSignUp failed with error User already exists", "trigger-failed"),
        ("error=server_error&error_description=SAML+user+not+found", _PROVIDER),
        ("InternalErrorException: Internal server error.", "cognito-failed"),
        ("/error?error=redirect_mismatch&code_challenge=1", "callback-mismatch"),
        ("X is not allowed by A-C-A-Headers in preflight response.", _PREFLIGHT),
        ("Method PUT is not allowed by Access-Control-Allow-Methods in", _PREFLIGHT),
        ("according to header 'Access-Control-Allow-Headers' from CORS", _PREFLIGHT),
    ],
)
def test_similar_messages_are_distinguished(text, only):
    """Each leads to one cause."""
    assert named_by(text) == {only}


@pytest.mark.parametrize(
    "wrapped",
    [
        "{}",
        "Error: {}",
        '{{"__type":"NotAuthorizedException","message":"{}"}}',
        '"{{\\"code\\":\\"NotAuthorizedException\\",\\"message\\":\\"{}\\"}}"',
        "An error occurred (NotAuthorizedException) when calling the X operation: {}",
        "com.amazonaws.cognitoidentityprovider.model.NotAuthorizedException: {}",
        "{} (Service: AWSCognitoIdentityProvider; Status Code: 400; Request ID: 1-2)",
        "<p class='error'>{}</p>",
        "https://app.example.com/?error_description={}&error=invalid_request",
        "{}\n    at Object.send (node_modules/saml/index.js:1:2)\n  at passkey.js:3",
        'Traceback (most recent call last):\n  File "saml.py", line 1\nE: {}',
    ],
)
@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("Incorrect username or password.", "wrong-password"),
        ("Refresh Token has been revoked", "grant-refused"),
        ("User is disabled.", "user-disabled"),
    ],
)
@pytest.mark.parametrize("spelled", [str, str.upper, quote_plus])
def test_what_is_around_the_words_does_not_matter(wrapped, text, only, spelled):
    """Logs, pages, URLs and stack traces."""
    assert named_by(wrapped.format(spelled(text))) == {only}


@pytest.mark.parametrize(
    ("text", "answers", "shown"),
    [
        ("User is not confirmed.", user("CONFIRMED"), "is CONFIRMED, enabled"),
        ("User is disabled.", user("CONFIRMED"), "is CONFIRMED, enabled"),
        ("User is disabled.", user(Enabled=False), "is CONFIRMED, disabled"),
        ("SECRET_HASH was not received", {}, "the app client web has no secret"),
        ("Client abc does not exist.", {}, "web: web-client-id"),
        ("USER_SRP_AUTH flow not enabled for this client", {}, "allows USER_SRP_AUTH"),
        ("CUSTOM_AUTH flow not enabled", {}, "does not allow CUSTOM_AUTH"),
        ("ENOTFOUND shop.auth.eu-west-1.amazoncognito.com", {}, "shop"),
        ("SignUp is not permitted for this user pool", {}, "sign-up is open"),
        ("Custom auth lambda trigger is not configured", {}, "triggers: none"),
    ],
)
def test_the_state_of_this_stack_is_shown(text, answers, shown):
    """In addition to the text."""
    first = SignIn(text, ALICE, answers=answers).diagnosed().causes[0]
    assert shown in first.evidence["this stack"]
    assert first.evidence["told"] == text


@pytest.mark.parametrize(
    ("text", "answers", "uris", "fix"),
    [
        ("User is not confirmed.", user("CONFIRMED"), (), "not in that state now"),
        ("User is not confirmed.", user("UNCONFIRMED"), (), "user confirm"),
        ("User is disabled.", user(Enabled=False), (), "user enable"),
        ("USER_SRP_AUTH flow not enabled", {}, (), "this app client allows it"),
        ("CUSTOM_AUTH flow not enabled", {}, (), "explicit-auth-flows"),
        ("redirect_mismatch", {}, (CALLBACK,), "this app client allows it"),
        ("redirect_mismatch", {}, (f"{CALLBACK}/",), "callback_urls"),
    ],
)
def test_the_fix_fits_the_current_state(text, answers, uris, fix):
    """A confirmed user does not need to be confirmed."""
    attempt = SignIn(text, ALICE, redirect_uris=uris, answers=answers)
    assert fix in attempt.diagnosed().causes[0].fix


@pytest.mark.parametrize("part", ["a", "\n", "\\", "<a ", "cognito", "&a=", "at a("])
def test_a_text_of_any_length_is_read_in_time(part):
    """For example a whole log whose last line matters."""
    text = part * (100_000 // len(part))
    before = time.process_time()
    assert named_by(f"{text}\nUser is disabled.") == {"user-disabled"}
    assert time.process_time() - before < 5
