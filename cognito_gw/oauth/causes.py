"""Why a call was refused, as far as its answer, its token and its method tell."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from cognito_gw.oauth.tokens import claims_of

Method = dict[str, Any]
# The gateway's own words: any other answer is the function's, which may well say 401.
_NO_ROUTE = ("Missing Authentication Token", "in Authorization header")
_NO_ENTRY = ("Unauthorized", "The incoming token has expired")
_NO_ANSWER = ("Internal server error", "Endpoint request timed out")
_INTEGRATION = {
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "lambda-permission-missing",
        "API Gateway may not invoke the function",
        "run `cgw up`",
    ),
    HTTPStatus.BAD_GATEWAY: (
        "lambda-error",
        "the function failed, or its answer has the wrong shape",
        "read the function's log",
    ),
    HTTPStatus.GATEWAY_TIMEOUT: (
        "lambda-timeout",
        "the function did not answer in time",
        "read the function's log",
    ),
}


@dataclass(frozen=True)
class Cause:
    """One reason: its code, in words, what mends it, and what shows it."""

    code: str
    summary: str
    fix: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def causes_of(
    status: int, message: str, token: str | None, method: Method | None
) -> list[Cause]:
    """Return the causes of a refusal, the most likely first.

    `message` is the one in the body; `method` is as API Gateway describes it.
    """
    if status == HTTPStatus.FORBIDDEN and any(words in message for words in _NO_ROUTE):
        return [_not_deployed(method, message)]
    if status == HTTPStatus.UNAUTHORIZED and message in _NO_ENTRY:
        return [_unauthorized(token, method or {}, message)]
    if status in _INTEGRATION and message in _NO_ANSWER:
        code, summary, fix = _INTEGRATION[HTTPStatus(status)]
        return [Cause(code, summary, fix, {"message": message})]
    return []


def _not_deployed(method: Method | None, message: str) -> Cause:
    if method is None:
        return Cause(
            "route-not-found",
            "the API has no such path and method",
            "add the route to the file, then `cgw up`",
            {"message": message},
        )
    if method.get("authorizationType") == "AWS_IAM":
        return Cause(
            "authorizer-missing",
            "the method has no authorizer yet, and is shut until it has one",
            "run `cgw authorizer`, then `cgw deploy`",
            {"authorizationType": "AWS_IAM"},
        )
    return Cause(
        "method-not-deployed",
        "the API has this route, but its stage does not serve it yet",
        "run `cgw deploy`",
        {"message": message},
    )


def _unauthorized(token: str | None, method: Method, message: str) -> Cause:
    if not token:
        return Cause("no-token", "no token was sent", "leave out `--token none`")
    claims = claims_of(token)
    if not claims:
        return Cause(
            "malformed-token",
            "what was sent is not a JWT",
            "get one: `cgw token --id`",
        )
    expiry = claims.get("exp")
    if "expired" in message or (isinstance(expiry, int) and expiry < time.time()):
        return Cause(
            "expired-token",
            "the token has expired",
            "get a new one: `cgw token`",
            {"exp": expiry},
        )
    scopes = method.get("authorizationScopes") or []
    return wrong_kind(claims, scopes) or Cause(
        "wrong-pool",
        "it is not a token of the user pool that the authorizer trusts, "
        "or its signature does not fit",
        "get one of this stack: `cgw token --forget`, then `cgw token`",
        {"iss": claims.get("iss")},
    )


def wrong_kind(claims: dict[str, Any], scopes: list[str]) -> Cause | None:
    """Return why a method with these scopes does not take such a token, if so."""
    use = claims.get("token_use")
    granted = str(claims.get("scope", "")).split()
    if use == "access" and not scopes:
        return Cause(
            "access-token-without-scopes",
            "the method asks for no scopes, so it wants the ID token",
            "send the ID token: `cgw token --id`",
            {"token_use": use},
        )
    if use == "id" and scopes:
        return Cause(
            "id-token-with-scopes",
            "the method asks for scopes, so it wants the access token",
            "send the access token: `cgw token --access`",
            {"token_use": use, "scopes": scopes},
        )
    if scopes and not set(scopes) & set(granted):
        return Cause(
            "insufficient-scope",
            "the token has none of the method's scopes; "
            "sign-in with a password gives no custom scope",
            f"sign in for one of them: `cgw token --scope {scopes[0]}`",
            {"granted": granted, "scopes": scopes},
        )
    return None
