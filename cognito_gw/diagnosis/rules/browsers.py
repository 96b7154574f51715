"""Causes: browsers refuse cross-origin requests (CORS)."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, Unread, or_default, rule
from cognito_gw.gateway_rules import OPEN

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase
    from cognito_gw.diagnosis.exchange import Answer

_ALLOW = "access-control-allow-origin"
_HEADERS = "access-control-allow-headers"
_CREDENTIALS = "access-control-allow-credentials"
_METHODS = "access-control-allow-methods"
_SIMPLE = ("GET", "HEAD", "POST", "OPTIONS")
_SUCCESS = range(200, 300)


@rule(
    otherwise="the CORS preflight passes",
    fix="name the page's origin in the file: `api: {{cors: {{origins: [{origin}]}}}}`, "
    "then `cgw up`",
    elsewhere="add a method OPTIONS without an authorizer that responds with CORS "
    "headers (*Enable CORS* in the console), and deploy",
)
def cors_preflight_blocked(case: CallCase) -> Finding | None:
    """The CORS preflight fails, so that the browser does not send the call.

    Before a browser sends a token to another origin, it sends an `OPTIONS` request
    *without* a token: the preflight. It fails if the path has no method OPTIONS, if the
    method has an authorizer, or if the response does not allow the page's origin, the
    method, and each header that the page sets, including the token's. If the page sends
    cookies, the response must also allow credentials, and name the origin. Only
    browsers send a preflight; curl and Postman do not.
    """
    is_asked = case.origin or case.sent.verb == "OPTIONS"
    if not is_asked or case.answer is None or _lacks_route(case):
        raise NotInQuestion
    answer = case.preflight
    told = answer.headers.get(_ALLOW)
    evidence = {"preflight": answer.status, "OPTIONS": _options(case)}
    if answer.status not in _SUCCESS:
        summary = f"the CORS preflight fails: OPTIONS is {_options(case)}"
        return Finding(summary, evidence)
    if case.origin and told not in ("*", case.origin):
        return Finding(
            "the CORS preflight does not allow this origin",
            evidence | {"origin": case.origin, "allowed": told},
            _with_others(case, ", then `cgw up`"),
        )
    return (
        _method_not_allowed(case, answer)
        or _header_not_allowed(case, answer)
        or _cookies_not_allowed(case, answer, "the CORS preflight")
    )


@rule(
    otherwise="the response has CORS headers",
    fix="`api: {{cors: {{origins: [{origin}]}}}}` in the file puts them on 401 and "
    "403; the function must put them on its own responses",
    elsewhere="the function must return `Access-Control-Allow-Origin` itself; for 401 "
    "and 403 set it on the gateway responses DEFAULT_4XX and UNAUTHORIZED, and deploy",
)
def cors_headers_missing(case: CallCase) -> Finding | None:
    """The response has no CORS headers, so that the browser hides it from the page.

    API Gateway's own responses, such as 401, only have them if its *gateway responses*
    are configured so. Otherwise the browser reports a CORS error instead of the 401.
    With a proxy integration, the function must return the headers itself.
    """
    is_asked = case.origin and case.sent.verb != "OPTIONS"
    if not is_asked or case.answer is None or _lacks_route(case):
        raise NotInQuestion
    told = case.answer.headers.get(_ALLOW)
    if told in ("*", case.origin):
        what = f"the response {case.answer.status}"
        return _cookies_not_allowed(case, case.answer, what)
    return Finding(
        f"the response {case.answer.status} has no CORS headers for this origin",
        {"origin": case.origin, "Access-Control-Allow-Origin": told},
        _with_others(
            case, " puts them on 401 and 403; the function must add them to its own"
        ),
    )


def _lacks_route(case: CallCase) -> bool:
    """Return whether the stage lacks the route, which is then the cause."""
    if case.sent.verb == "OPTIONS":
        return False
    return or_default(lambda: case.live, case) is None


def _with_others(case: CallCase, rest: str) -> str | None:
    """Return the fix for a file that already has origins."""
    others = case.target.origins
    if not (case.is_ours and others and case.origin):
        return None
    named = ", ".join(map(quote, dict.fromkeys([*others, case.origin])))
    return f"`api: {{cors: {{origins: [{named}]}}}}` in the file{rest}"


def _method_not_allowed(case: CallCase, answer: Answer) -> Finding | None:
    """Return the finding for a method that the preflight does not allow."""
    allowed = answer.headers.get(_METHODS, "")
    names = [name.strip() for name in allowed.split(",")]
    verb = case.asked_verb
    if not case.origin or verb in _SIMPLE or {"*", verb} & {*names}:
        return None
    return Finding(
        f"the CORS preflight does not allow the method {verb}",
        {"wanted": verb, "Access-Control-Allow-Methods": allowed or None},
        f"add {verb} to the path's routes in the file if it is not there; `cgw up` "
        "allows the methods of the routes"
        if case.is_ours
        else f"let OPTIONS of the path name {verb} in `{_METHODS}`, and deploy",
    )


def _header_not_allowed(case: CallCase, answer: Answer) -> Finding | None:
    """Return the finding for headers that the preflight does not allow."""
    allowed = answer.headers.get(_HEADERS, "")
    names = [name.strip().lower() for name in allowed.split(",")]
    lacking = [
        name
        for name in case.asked_headers
        # For a browser, `*` means all headers except Authorization.
        if name.lower() not in names
        and ("*" not in names or name.lower() == "authorization")
    ]
    if not case.origin or not lacking:
        return None
    words = ", ".join(lacking)
    return Finding(
        f"the CORS preflight does not allow the header{'s' * (len(lacking) > 1)} "
        f"{words}",
        {"wanted": words, "Access-Control-Allow-Headers": allowed or None},
        _allowing(case, lacking, allowed),
    )


def _cookies_not_allowed(case: CallCase, answer: Answer, what: str) -> Finding | None:
    """Return the finding for cookies that a page may not send to this API."""
    credentials, origin = (answer.headers.get(name) for name in (_CREDENTIALS, _ALLOW))
    is_allowed = credentials == "true" and origin != "*"
    if is_allowed or not case.origin or case.sent.header("Cookie") is None:
        return None
    return Finding(
        f"{what} does not allow cookies",
        {
            "Access-Control-Allow-Credentials": credentials,
            "Access-Control-Allow-Origin": origin,
        },
        "set `api.cors.credentials: true` in the file, with `origins` by name, then "
        f"`cgw up`; the function must return `{_CREDENTIALS}: true` too"
        if case.is_ours
        else f"return `{_CREDENTIALS}: true` and the page's origin instead of `*` from "
        "OPTIONS, the function and the gateway responses, and deploy",
    )


def _allowing(case: CallCase, lacking: list[str], allowed: str) -> str:
    """Return the fix for headers that the preflight does not allow."""
    words = ", ".join(lacking)
    if not case.is_ours:
        return f"let OPTIONS of the path name {words} in `{_HEADERS}`, and deploy"
    if [name.lower() for name in lacking] == [case.header.lower()]:
        return "`cgw up` allows the header of the token"
    known = [name for name in (part.strip() for part in allowed.split(",")) if name]
    every = ", ".join(map(quote, [*known, *lacking]))
    return f"`api: {{cors: {{headers: [{every}]}}}}` in the file, then `cgw up`"


def _options(case: CallCase) -> str:
    """Return how the stage handles OPTIONS requests, as far as readable."""
    try:
        version = case.served
    except Unread:
        return "not known"
    method = version.match("OPTIONS", case.sent.bare_path) if version else None
    if method is None:
        return "missing"
    return "answered" if method.authorization_type == OPEN else method.described
