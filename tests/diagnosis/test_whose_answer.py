"""Whether API Gateway or the function refused a call, whatever the status."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import httpx
import pytest
from diagnosis.call import Call, access, codes
from diagnosis.cases.everything import CALLS, over

from cognito_gw.diagnosis.exchange import Answer
from cognito_gw.diagnosis.rules import CALL_RULES

FUNCTIONS_OWN = {"error": "", "answers": {"get_policy": {"Policy": "never asked"}}}
WORDS = ["", "Unauthorized", "Forbidden", "The incoming token has expired"]
GOOD = {
    "an ID token": Call(),
    "an access token": Call(access(scope="transactions/write"), verb="POST"),
    "an open route": Call(None, path="/health", target={"wants": "NONE"}),
    "an open route of others": Call(None, path="/health", target={"wants": None}),
}
# The gateway's name for a response, and the rules that it triggers.
MEANT = {
    "UnauthorizedException": 401,
    "MissingAuthenticationTokenException": 403,
    "IncompleteSignatureException": 403,
    "ForbiddenException": 403,
    "TooManyRequestsException": 429,
    "LimitExceededException": 429,
}


@over(product(GOOD.values(), [400, 401, 403, 404, 409, 418, 429, 500, 503]))
def test_what_the_function_itself_answers_has_no_cause(call, status):
    """The gateway let the call through; nothing else is known."""
    for message in WORDS:
        own = replace(call, status=status, message=message, **FUNCTIONS_OWN)
        world = own.world()
        assert own.case(world).is_functions_own
        diagnosis = own.diagnosed(world)
        assert codes(diagnosis) == []
        assert diagnosis.unknown == []
        assert not world.names & {"get_policy", "get_function", "filter_log_events"}


def test_an_expired_token_does_not_explain_what_the_function_answers():
    """The call was let in earlier, or the route is open."""
    assert codes(Call({"exp": 1}, status=401, error="").diagnosed()) == []
    assert codes(Call({"exp": 1}, status=403, error="").diagnosed()) == []


@over(product(MEANT, [200, 302, 400, 404, 418, 499, 503]))
def test_the_gateways_own_answer_is_known_by_its_error(error, status):
    """Although the API changed its status."""
    case = Call(status=status, error=error).case()
    assert not case.is_functions_own
    asked = {rule.code for rule in CALL_RULES if case.is_behind(rule.statuses)}
    assert asked == {
        rule.code
        for rule in CALL_RULES
        if not rule.statuses or MEANT[error] in rule.statuses
    }


REFUSED = {
    name: case
    for name, case in CALLS.items()
    if case[2].error in MEANT and case[2].status in (401, 403, 429)
}


@over(
    (code, call, status) for code, _, call in REFUSED.values() for status in (404, 418)
)
def test_a_refusal_with_a_status_of_the_apis_own_is_diagnosed(code, call, status):
    """As with the default status."""
    custom = replace(call, status=status)
    if call.verb == "OPTIONS":
        custom = replace(custom, preflight=Answer(status))
    assert codes(custom.diagnosed())[:1] == [code]


BROKEN = {
    name: case
    for name, case in CALLS.items()
    if case[2].error == "AuthorizerConfigurationException"
    and case[0] == "authorizer-wrong-pool"
}


@pytest.mark.parametrize(("code", "_", "call"), BROKEN.values(), ids=BROKEN)
def test_an_authorizer_that_fails_with_a_status_of_the_apis_own(code, _, call):
    """Is reported as well."""
    assert codes(replace(call, status=503).diagnosed())[:1] == [code]


@pytest.mark.parametrize("status", [502, 504])
def test_some_statuses_are_the_gateways_even_without_its_error(status):
    """Functions rarely respond this way."""
    case = Call(status=status, error="").case()
    assert not case.is_functions_own
    assert any(case.is_behind(rule.statuses) for rule in CALL_RULES if rule.statuses)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("UnauthorizedException", "UnauthorizedException"),
        ("ForbiddenException:http://internal.amazon.com/", "ForbiddenException"),
        ("", ""),
    ],
)
def test_the_name_of_the_error_is_read_without_what_follows(value, name):
    """In any case of the header's name."""
    for header in ("x-amzn-ErrorType", "X-AMZN-ERRORTYPE"):
        answer = Answer.of(httpx.Response(403, headers={header: value}))
        assert answer.error_type == name


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"Unauthorized"}', "Unauthorized"),
        (b'{"Message":"Unauthorized"}', ""),
        (b'"Unauthorized"', ""),
        (b"[1]", ""),
        (b"<html>", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_the_message_is_that_of_a_json_body(body, message):
    """Other bodies have no message."""
    assert Answer.of(httpx.Response(401, content=body)).message == message
