"""What is wrong with the token itself."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.api import pool_of
from cognito_gw.diagnosis.call_case import has_stray_characters
from cognito_gw.diagnosis.rule import (
    Finding,
    NotInQuestion,
    or_default,
    rule,
)
from cognito_gw.oauth.tokens import claims_of, flaw_in_time, header_of, in_words

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase

_ENCRYPTED = 5  # parts of a JWE, such as a refresh token
_SKEW = 60.0  # seconds by which our clock may differ from the server's


@rule(
    401,
    otherwise="the token is in the header that the authorizer reads",
    fix="send it as `{header}`: `cgw call {path}` does; or change "
    "`api.authorizer.identity_source` in the file",
    elsewhere="send the token in the header `{header}`",
)
def wrong_header(case: CallCase) -> Finding | None:
    """The token is in another header than the one that the authorizer reads.

    An authorizer reads one header, its *token source*: `Authorization`, unless it was
    given another name. A token anywhere else counts as none.
    """
    case.require_cognito()
    others = case.sent.token_headers
    if case.token or not others:
        return None
    return Finding(
        f"the token is in the header {others[0]}, and the authorizer reads "
        f"{case.header}",
        {"sent in": others[0], "authorizer reads": case.header},
    )


@rule(
    401,
    otherwise="a token was sent",
    fix="`cgw call {path}` sends the right one; for other programs "
    '`-H "{header}: $(cgw token --id)"`',
    elsewhere="send a token in the header `{header}`",
)
def no_token(case: CallCase) -> Finding | None:
    """The method wants a token, and the request has none, or an empty one.

    In Postman and curl it is the header `Authorization: TOKEN`, or
    `Authorization: Bearer TOKEN`; a cookie or a query parameter is not looked at.
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
    """What was sent is no JWT: it was cut off, quoted, or is another kind of token.

    An ID or access token is three parts in base64url between dots, and nothing around
    them but perhaps `Bearer ` and one blank. A refresh token has five parts: it is
    encrypted, and only good for getting new tokens.
    """
    case.require_cognito()
    token = case.token
    if not token:
        raise NotInQuestion
    if case.sent.count(case.header) > 1:
        return Finding(
            f"the header {case.header} is there more than once",
            {"header": case.header, "times": case.sent.count(case.header)},
            "send it once: `cgw call` and `explain` put the token there themselves",
        )
    if header_of(token) and claims_of(token) and not has_stray_characters(token):
        return None
    return Finding(
        f"what was sent is no ID or access token: {_looks_like(token)}",
        {"parts between dots": token.count(".") + 1, "characters": len(token)},
    )


@rule(
    431,
    otherwise="the headers are small enough",
    fix="make the token smaller: fewer groups or shorter names of groups, fewer "
    "attributes that the app client may read, fewer scopes; then `cgw token --forget`",
)
def token_too_large(case: CallCase) -> Finding | None:
    """The request's headers are larger than API Gateway takes: 10,240 bytes in all.

    A token carries every group of its user, every attribute that the app client may
    read (ID token), and every scope (access token). API Gateway answers 431.
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
    otherwise="it is a token of the authorizer's user pool",
    fix="get one of this stack: `cgw token --forget`, then `cgw token`",
    elsewhere="sign in to the user pool that the authorizer trusts",
)
def wrong_pool(case: CallCase) -> Finding | None:
    """The token is from another user pool than the authorizer trusts.

    Its `iss` claim ends in the id of the pool that issued it. Stages of one product, or
    a pool that was made anew, have different ids: a token of one is worth nothing to
    the other.
    """
    _, authorizer = case.secured_method
    pool_id, trusted = pool_of(case.readable_claims()), authorizer.pool_ids
    if pool_id in trusted:
        return _elsewhere(case)
    if pool_id == case.target.pool_id:
        return None
    return Finding(
        "the token is from another user pool than the authorizer trusts",
        {"token's pool": pool_id, "authorizer's pool": ", ".join(trusted)},
    )


@rule(
    401,
    otherwise="its signature is the user pool's",
    fix="get a new one: `cgw token --forget`, then `cgw token`",
    elsewhere="sign in again, and send the token as it comes",
)
def bad_signature(case: CallCase) -> Finding | None:
    """The token's signature does not fit the keys that its user pool publishes.

    It was changed on the way, put together by hand, or signed by somebody else. Locally
    the keys are made anew at each start, so tokens from before a restart end here.
    """
    case.require_cognito()
    case.readable_claims()
    flaw = case.flaw
    if flaw is None or flaw.code != "bad-signature":
        return None
    header = header_of(case.token or "")
    return Finding(
        f"the token is not as its user pool signed it: {flaw.words}",
        {"alg": header.get("alg"), "kid": header.get("kid"), "found": flaw.words},
    )


@rule(
    401,
    otherwise="it has not expired",
    fix="get a new one: `cgw token` does, on its own, once the old one is near its end",
    elsewhere="get a new one, with the refresh token or by signing in",
)
def expired_token(case: CallCase) -> Finding | None:
    """The token's time is over: `exp` is past. API Gateway says so in its answer.

    ID and access tokens last an hour unless the app client says otherwise
    (`validity`). When the evidence shows that this machine's clock is wrong, programs
    here will also send tokens that are over without knowing it.
    """
    is_told = bool(case.answer and "expired" in case.answer.message)
    return _in_time(case, "expired-token", is_told=is_told)


@rule(
    401,
    otherwise="its time has come",
    fix="put the clock of whoever made the token right, then `cgw token --forget`",
)
def not_yet_valid(case: CallCase) -> Finding | None:
    """The token is from the future: `iat` or `nbf` is still to come.

    Clocks differ: that of the machine that made the token is ahead, or the server's is
    behind.
    """
    return _in_time(case, "not-yet-valid")


def _elsewhere(case: CallCase) -> Finding | None:
    """Return that the issuer is another one, with a pool of the same id."""
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
    words = flaw.words if flaw else "by the server's clock it has expired"
    evidence = {name: _spelled(said.get(name)), "server's clock": _spelled(now)}
    return Finding(f"the token's time is wrong: {words}", evidence | _skew(now))


def _skew(now: float) -> dict[str, Any]:
    """Return our clock's time where it differs from the server's."""
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
        return "there are quotation marks in it"
    if " " in token.strip():
        return "there are blanks in it, or a word other than `Bearer` before it"
    return "it is not three parts of base64url between dots"
