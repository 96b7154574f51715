"""Why a call was refused, by its answer, its token and its method."""

from __future__ import annotations

import pytest

from cognito_gw.oauth.causes import causes_of

NO_ROUTE = "Missing Authentication Token"
UNSIGNED = "Invalid key=value pair (missing equal-sign) in Authorization header"
NO = "Unauthorized"
BROKEN = "Internal server error"
LATE = "Endpoint request timed out"
PLAIN = {"authorizationType": "COGNITO_USER_POOLS"}
SCOPED = PLAIN | {"authorizationScopes": ["api/read", "api/write"]}
SHUT = {"authorizationType": "AWS_IAM"}
FAR = 99999999999

# Status, message, claims of the token (None: none), method, code of the cause.
CASES = [
    (403, NO_ROUTE, None, None, "route-not-found"),
    (403, NO_ROUTE, None, PLAIN, "method-not-deployed"),
    (403, UNSIGNED, {"token_use": "id"}, None, "route-not-found"),
    (403, NO_ROUTE, None, SHUT, "authorizer-missing"),
    (401, NO, None, PLAIN, "no-token"),
    (401, NO, {}, PLAIN, "malformed-token"),
    (401, "The incoming token has expired", {"exp": FAR}, PLAIN, "expired-token"),
    (401, NO, {"exp": 1}, PLAIN, "expired-token"),
    (
        401,
        NO,
        {"token_use": "access", "exp": FAR},
        PLAIN,
        "access-token-without-scopes",
    ),
    (401, NO, {"token_use": "id", "exp": FAR}, SCOPED, "id-token-with-scopes"),
    (401, NO, {"token_use": "access", "scope": "a"}, SCOPED, "insufficient-scope"),
    (401, NO, {"token_use": "access"}, SCOPED, "insufficient-scope"),
    (401, NO, {"token_use": "access", "scope": "x api/read"}, SCOPED, "wrong-pool"),
    (401, NO, {"token_use": "id", "iss": "elsewhere"}, PLAIN, "wrong-pool"),
    (401, NO, {"token_use": "id"}, None, "wrong-pool"),
    (500, BROKEN, None, PLAIN, "lambda-permission-missing"),
    (502, BROKEN, None, PLAIN, "lambda-error"),
    (504, LATE, None, PLAIN, "lambda-timeout"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[-1])
def test_the_cause_comes_first(jwt, case):
    """With words, what mends it, and what shows it."""
    status, message, claims, method, code = case
    token = claims if claims is None else jwt(**claims)
    (cause,) = causes_of(status, message, token, method)
    document = cause.document()
    assert document.keys() == {"code", "summary", "fix", "evidence"}
    assert document["code"] == code
    assert document["summary"]
    assert document["fix"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (200, ""),
        (400, "your request is wrong"),
        (401, "our function wants another user"),
        (403, "our function forbids it"),
        (404, "Not Found"),
        (500, "our function says so itself"),
        (503, ""),
    ],
)
def test_what_the_function_itself_answers_is_not_explained(status, message):
    """The gateway had no part in it."""
    assert causes_of(status, message, "a.b.c", PLAIN) == []


def test_no_token_stands_in_a_cause(jwt):
    """Causes are printed, and pasted into tickets."""
    token = jwt(iss="x", token_use="id", email="alice@example.com")
    for status, message, _, method, _ in CASES:
        for cause in causes_of(status, message, token, method):
            assert token not in str(cause.document())
            assert "alice" not in str(cause.document())
