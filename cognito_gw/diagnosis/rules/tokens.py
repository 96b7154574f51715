"""Causes: the token is missing, malformed, expired or from another user pool."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.api import pool_of
from cognito_gw.diagnosis.call_case import has_stray_characters
from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.oauth.tokens import claims_of, flaw_in_time, header_of, in_words

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase

_ENCRYPTED = 5  # parts of a JWE, such as a refresh token
_SKEW = 60.0  # seconds by which this clock may differ from the server's


@rule(
    401,
    otherwise="the token is in the header that the authorizer reads",
    fix="send it as `{header}`: `cgw call {path}` does; or change "
    "`api.authorizer.identity_source` in the file",
    elsewhere="send the token in the header `{header}`",
)
def wrong_header(case: CallCase) -> Finding | None:
    """The token is not in the header that the authorizer reads.

    An authorizer reads one header, its *token source*. The default is `Authorization`.
    It ignores a token anywhere else.
    """
    case.require_cognito()
    others = case.sent.token_headers
    if case.token or not others:
        return None
    return Finding(
        f"the token is in the header {others[0]}, but the authorizer reads "
        f"{case.header}",
        {"sent in": others[0], "authorizer reads": case.header},
    )


@rule(
    401,
    otherwise="a token was sent",
    fix="`cgw call {path}` sends the right one; in other programs "
    '`-H "{header}: $(cgw token --id)"`',
    elsewhere="send a token in the header `{header}`",
)
def no_token(case: CallCase) -> Finding | None:
    """The method requires a token, and the request has none, or an empty one.

    In Postman and curl, send the header `Authorization: TOKEN` or
    `Authorization: Bearer TOKEN`. Cookies and query parameters are ignored.
    """
    case.require_cognito()
    if case.token or case.sent.token_headers:
        return None
    return Finding(
        f"no token was sent in the header {case.header}",
        {"header": case.header, "sent": case.sent.header(case.header)},
    )


@rule(
    401,
    otherwise="the token is a JWT",
    fix="send the whole token, as `cgw token --id` or `--access` prints it",
)
def malformed_token(case: CallCase) -> Finding | None:
    """The token is not a JWT: it is cut off, quoted, or another kind of token.

    An ID or access token has three base64url parts, separated by dots, after an
    optional `Bearer` and one space. A refresh token has five parts: it is encrypted,
    and only serves to get new tokens.
    """
    case.require_cognito()
    token = case.token
    if not token:
        raise NotInQuestion
    if case.sent.count(case.header) > 1:
        return Finding(
            f"the request has the header {case.header} more than once",
            {"header": case.header, "times": case.sent.count(case.header)},
            "send it once: `cgw call` and `explain` add the token themselves",
        )
    if header_of(token) and claims_of(token) and not has_stray_characters(token):
        return None
    return Finding(
        f"this is not an ID or access token: {_looks_like(token)}",
        {"parts between dots": token.count(".") + 1, "characters": len(token)},
    )


@rule(
    431,
    otherwise="the headers are small enough",
    fix="make the token smaller: fewer groups or shorter group names, fewer "
    "attributes that the app client can read, fewer scopes; then `cgw token --forget`",
)
def token_too_large(case: CallCase) -> Finding | None:
    """The request's headers exceed API Gateway's limit of 10,240 bytes in total.

    A token contains each group of its user, each attribute that the app client can
    read (ID token), and each scope (access token). API Gateway responds with 431.
    """
    if not case.failed_with(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE):
        return None
    sizes = {name: len(json.dumps(value)) for name, value in case.claims.items()}
    largest = max(sizes, key=lambda name: sizes[name], default=None)
    total = sum(len(name) + len(value) for name, value in case.sent.headers)
    shown = {"headers": f"{total} bytes", "limit": "10240 bytes"}
    shown |= {"token": f"{len(case.token or '')} bytes"}
    if largest:
        shown["largest claim"] = f"{largest}: {sizes[largest]} bytes"
    return Finding("the request's headers are too large, mostly the token", shown)


@rule(
    401,
    otherwise="the token is from the authorizer's user pool",
    fix="get a token of this stack: `cgw token --forget`, then `cgw token`",
    elsewhere="sign in to the user pool that the authorizer trusts",
)
def wrong_pool(case: CallCase) -> Finding | None:
    """The token is not from a user pool that the authorizer trusts.

    Its `iss` claim ends in the ID of the user pool that issued it. The user pools of
    other stages have other IDs, and so has a user pool that was deleted and created
    again.
    """
    _, authorizer = case.secured_method
    pool_id, trusted = pool_of(case.readable_claims()), authorizer.pool_ids
    if pool_id in trusted:
        return _elsewhere(case)
    if pool_id == case.target.pool_id:
        return None
    return Finding(
        "the token is not from a user pool that the authorizer trusts",
        {"token's pool": pool_id, "authorizer's pool": ", ".join(trusted)},
    )


@rule(
    401,
    otherwise="the signature is the user pool's",
    fix="get a new token: `cgw token --forget`, then `cgw token`",
    elsewhere="sign in again, and send the token unchanged",
)
def bad_signature(case: CallCase) -> Finding | None:
    """The token's signature does not match the keys that its user pool publishes.

    The token was changed, built by hand, or signed with another key. The local AWS
    creates new keys at each start, so that tokens from before a restart are not valid.
    """
    case.require_cognito()
    case.readable_claims()
    flaw = case.flaw
    if flaw is None or flaw.code != "bad-signature":
        return None
    header = header_of(case.token or "")
    return Finding(
        f"the token's signature is not valid: {flaw.words}",
        {"alg": header.get("alg"), "kid": header.get("kid"), "found": flaw.words},
    )


@rule(
    401,
    otherwise="the token has not expired",
    fix="get a new token: `cgw token` refreshes it shortly before it expires",
    elsewhere="get a new token, with the refresh token or by signing in",
)
def expired_token(case: CallCase) -> Finding | None:
    """The token has expired: `exp` is in the past. API Gateway's message says so.

    ID and access tokens are valid for an hour, unless the app client sets another
    time (`validity`). If the evidence shows that this machine's clock is wrong,
    programs on it do not notice that a token has expired.
    """
    is_told = bool(case.answer and "expired" in case.answer.message)
    return _in_time(case, "expired-token", is_told=is_told)


@rule(
    401,
    otherwise="the token is already valid",
    fix="correct the clock of the machine that issued the token, then "
    "`cgw token --forget`",
)
def not_yet_valid(case: CallCase) -> Finding | None:
    """The token is not valid yet: `iat` or `nbf` is in the future.

    The clock of the machine that issued the token is ahead, or the server's is behind.
    """
    return _in_time(case, "not-yet-valid")


def _elsewhere(case: CallCase) -> Finding | None:
    """Return the finding for another issuer with a user pool of the same ID."""
    flaw = or_default(lambda: case.flaw, None)
    if flaw is None or flaw.code != "wrong-pool":
        return None
    return Finding(
        "the token is not from the issuer of the authorizer's user pool",
        {"token's issuer": case.claims.get("iss"), "found": flaw.words},
    )


def _in_time(case: CallCase, code: str, *, is_told: bool = False) -> Finding | None:
    case.require_cognito()
    said, now = case.readable_claims(), case.answer.at if case.answer else time.time()
    begins = {name: said.get(name) for name in ("iat", "nbf")}
    times = {key: at for key, at in begins.items() if isinstance(at, int | float)}
    latest = max(times, key=lambda key: times[key], default="iat")
    flaw = flaw_in_time(said | {"nbf": times.get(latest, 0)}, now)
    if not is_told and (flaw is None or flaw.code != code):
        return None
    name = "exp" if code == "expired-token" else latest
    words = flaw.words if flaw else "it has expired by the server's clock"
    evidence = {name: _spelled(said.get(name)), "server's clock": _spelled(now)}
    return Finding(f"the token is not valid now: {words}", evidence | _skew(now))


def _skew(now: float) -> dict[str, Any]:
    """Return how far this machine's clock differs from the server's, if it does."""
    ahead = time.time() - now
    if abs(ahead) < _SKEW:
        return {}
    side = "ahead" if ahead > 0 else "behind"
    return {"this machine's clock": f"{in_words(abs(ahead))} {side}"}


def _spelled(moment: Any) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
    except (OverflowError, OSError, TypeError, ValueError):
        return str(moment)


def _looks_like(token: str) -> str:
    if token.count(".") + 1 == _ENCRYPTED:
        return "it has five parts, as a refresh token has"
    if set(token) & set("\"'"):
        return "it contains quotation marks"
    if " " in token.strip():
        return "it contains spaces, or starts with a word other than `Bearer`"
    return "it does not have three base64url parts, separated by dots"
