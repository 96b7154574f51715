"""What browsers refuse of themselves: cross-origin requests."""

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
_METHODS = "access-control-allow-methods"
_SIMPLE = ("GET", "HEAD", "POST", "OPTIONS")
_SUCCESS = range(200, 300)


@rule(
    otherwise="the CORS preflight passes",
    fix="name the page's origin in the file: `api: {{cors: {{origins: [{origin}]}}}}`, "
    "then `cgw up`",
    elsewhere="give the path a method OPTIONS without authorizer that answers with "
    "CORS headers (*Enable CORS* in the console), and deploy",
)
def cors_preflight_blocked(case: CallCase) -> Finding | None:
    """A browser asks before it sends a token to another origin, and the answer is no.

    The question is an `OPTIONS` request *without* token (the preflight). It is refused
    where the path has no method OPTIONS, where an authorizer guards it, or where the
    answer does not name the page's origin, the method, and each header that the page
    sets, the token's among them. The browser then never sends the call itself. Only
    browsers do so: curl and Postman do not ask.
    """
    is_asked = case.origin or case.sent.verb == "OPTIONS"
    if not is_asked or case.answer is None or _lacks_route(case):
        raise NotInQuestion
    answer = case.preflight
    told = answer.headers.get(_ALLOW)
    evidence = {"preflight": answer.status, "OPTIONS": _options(case)}
    if answer.status not in _SUCCESS:
        summary = f"the CORS preflight is refused: OPTIONS is {_options(case)}"
        return Finding(summary, evidence)
    if case.origin and told not in ("*", case.origin):
        return Finding(
            "the CORS preflight does not let this origin in",
            evidence | {"origin": case.origin, "allowed": told},
            _with_others(case, ", then `cgw up`"),
        )
    return _method_not_allowed(case, answer) or _header_not_allowed(case, answer)


@rule(
    otherwise="the answer has CORS headers",
    fix="`api: {{cors: {{origins: [{origin}]}}}}` in the file puts them on 401 and "
    "403; on its other answers the function has to",
    elsewhere="the function must return `Access-Control-Allow-Origin` itself; for 401 "
    "and 403 set it on the gateway responses DEFAULT_4XX and UNAUTHORIZED, and deploy",
)
def cors_headers_missing(case: CallCase) -> Finding | None:
    """The answer lacks CORS headers, so the browser does not show it to the page.

    What API Gateway answers on its own, such as 401, has none unless its *gateway
    responses* are set so. A browser then reports an error of CORS in the place of the
    401. With a proxy integration the function's answer has to bring its own.
    """
    is_asked = case.origin and case.sent.verb != "OPTIONS"
    if not is_asked or case.answer is None or _lacks_route(case):
        raise NotInQuestion
    told = case.answer.headers.get(_ALLOW)
    if told in ("*", case.origin):
        return None
    return Finding(
        f"the answer {case.answer.status} has no CORS headers for this origin",
        {"origin": case.origin, "Access-Control-Allow-Origin": told},
        _with_others(case, " puts them on 401 and 403; on others the function has to"),
    )


def _lacks_route(case: CallCase) -> bool:
    """Whether the stage has no such route: that is the cause, and not its CORS."""
    if case.sent.verb == "OPTIONS":
        return False
    return or_default(lambda: case.live, case) is None


def _with_others(case: CallCase, rest: str) -> str | None:
    """Return the fix for a file that names origins: those stay."""
    others = case.target.origins
    if not (case.is_ours and others and case.origin):
        return None
    named = ", ".join(map(quote, dict.fromkeys([*others, case.origin])))
    return f"`api: {{cors: {{origins: [{named}]}}}}` in the file{rest}"


def _method_not_allowed(case: CallCase, answer: Answer) -> Finding | None:
    """Return that the call's method is not let in; some are without being asked for."""
    allowed = answer.headers.get(_METHODS, "")
    names = [each.strip() for each in allowed.split(",")]
    verb = case.asked_verb
    if not case.origin or verb in _SIMPLE or {"*", verb} & {*names}:
        return None
    return Finding(
        f"the CORS preflight does not let the method {verb} in",
        {"wanted": verb, "Access-Control-Allow-Methods": allowed or None},
        f"add {verb} to the path's routes in the file if it is not there; `cgw up` "
        "allows the methods of the routes"
        if case.is_ours
        else f"let OPTIONS of the path name {verb} in `{_METHODS}`, and deploy",
    )


def _header_not_allowed(case: CallCase, answer: Answer) -> Finding | None:
    """Return which of the page's headers are not let in."""
    allowed = answer.headers.get(_HEADERS, "")
    names = [each.strip().lower() for each in allowed.split(",")]
    lacking = [
        name
        for name in case.asked_headers
        # A browser takes `*` for all headers but Authorization.
        if name.lower() not in names
        and ("*" not in names or name.lower() == "authorization")
    ]
    if not case.origin or not lacking:
        return None
    words = ", ".join(lacking)
    return Finding(
        f"the CORS preflight does not let the header{'s' * (len(lacking) > 1)} "
        f"{words} in",
        {"wanted": words, "Access-Control-Allow-Headers": allowed or None},
        _allowing(case, lacking, allowed),
    )


def _allowing(case: CallCase, lacking: list[str], allowed: str) -> str:
    """Return the fix for headers; cgw's preflight allows the token's, and some more."""
    words = ", ".join(lacking)
    if not case.is_ours:
        return f"let OPTIONS of the path name {words} in `{_HEADERS}`, and deploy"
    if [each.lower() for each in lacking] == [case.header.lower()]:
        return "`cgw up` allows the header of the token"
    return f"do not send {words} from the page: it may set {allowed or 'no header'}"


def _options(case: CallCase) -> str:
    """Return what becomes of OPTIONS requests, as far as it can be read."""
    try:
        version = case.served
    except Unread:
        return "not known"
    method = version.match("OPTIONS", case.sent.bare_path) if version else None
    if method is None:
        return "not there"
    return "answered" if method.authorization_type == OPEN else method.described
