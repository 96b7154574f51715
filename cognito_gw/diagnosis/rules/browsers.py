"""What browsers refuse of themselves: cross-origin requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.diagnosis.api import OPEN
from cognito_gw.diagnosis.rule import Finding, NotInQuestion, Unread, rule

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_scene import CallScene
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
def cors_preflight_blocked(scene: CallScene) -> Finding | None:
    """A browser asks before it sends a token to another origin, and the answer is no.

    The question is an `OPTIONS` request *without* token (the preflight). It is refused
    where the path has no method OPTIONS, where an authorizer guards it, or where the
    answer does not name the page's origin and the token's header. The browser then
    never sends the call itself. Only browsers do so: curl and Postman do not ask.
    """
    is_asked = scene.origin or scene.sent.verb == "OPTIONS"
    if not is_asked or scene.answer is None:
        raise NotInQuestion
    answer = scene.preflight
    told = answer.headers.get(_ALLOW)
    evidence = {"preflight": answer.status, "OPTIONS": _options(scene)}
    if answer.status not in _SUCCESS:
        summary = f"the CORS preflight is refused: OPTIONS is {_options(scene)}"
        return Finding(summary, evidence)
    if scene.origin and told not in ("*", scene.origin):
        return Finding(
            "the CORS preflight does not let this origin in",
            evidence | {"origin": scene.origin, "allowed": told},
        )
    return _method_not_allowed(scene, answer) or _header_not_allowed(scene, answer)


@rule(
    otherwise="the answer has CORS headers",
    fix="`api: {{cors: {{origins: [{origin}]}}}}` in the file puts them on 401 and "
    "403; on its other answers the function has to",
    elsewhere="the function must return `Access-Control-Allow-Origin` itself; for 401 "
    "and 403 set it on the gateway responses DEFAULT_4XX and UNAUTHORIZED, and deploy",
)
def cors_headers_missing(scene: CallScene) -> Finding | None:
    """The answer lacks CORS headers, so the browser does not show it to the page.

    What API Gateway answers on its own, such as 401, has none unless its *gateway
    responses* are set so. A browser then reports an error of CORS in the place of the
    401. With a proxy integration the function's answer has to bring its own.
    """
    if not scene.origin or scene.answer is None or scene.sent.verb == "OPTIONS":
        raise NotInQuestion
    told = scene.answer.headers.get(_ALLOW)
    if told in ("*", scene.origin):
        return None
    return Finding(
        f"the answer {scene.answer.status} has no CORS headers for this origin",
        {"origin": scene.origin, "Access-Control-Allow-Origin": told},
    )


def _method_not_allowed(scene: CallScene, answer: Answer) -> Finding | None:
    """Return that the call's method is not let in; some are without being asked for."""
    allowed = answer.headers.get(_METHODS, "")
    names = [each.strip() for each in allowed.split(",")]
    verb = scene.sent.verb
    if not scene.origin or verb in _SIMPLE or {"*", verb} & {*names}:
        return None
    return Finding(
        f"the CORS preflight does not let the method {verb} in",
        {"wanted": verb, "Access-Control-Allow-Methods": allowed or None},
    )


def _header_not_allowed(scene: CallScene, answer: Answer) -> Finding | None:
    """Return that the token's header is not let in, if one is asked for."""
    allowed = answer.headers.get(_HEADERS, "")
    names = [each.strip().lower() for each in allowed.split(",")]
    # A browser takes `*` for all headers but Authorization.
    wanted = scene.header.lower()
    is_any = "*" in names and wanted != "authorization"
    if not scene.token or not scene.origin or is_any or wanted in names:
        return None
    return Finding(
        f"the CORS preflight does not let the header {scene.header} in",
        {"wanted": scene.header, "Access-Control-Allow-Headers": allowed or None},
    )


def _options(scene: CallScene) -> str:
    """Return what becomes of OPTIONS requests, as far as it can be read."""
    try:
        version = scene.served
    except Unread:
        return "not known"
    method = version.match("OPTIONS", scene.sent.bare_path) if version else None
    if method is None:
        return "not there"
    return "answered" if method.guard == OPEN else method.described
