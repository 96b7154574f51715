"""Causes: the API, stage or route does not exist, or is not deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.diagnosis.rule import Finding, Unread, or_default, rule
from cognito_gw.gateway_rules import IAM
from cognito_gw.text import near

if TYPE_CHECKING:
    from cognito_gw.diagnosis.api import Version
    from cognito_gw.diagnosis.call_case import CallCase

_UP = "`cgw up`"
DEPLOY = (
    "`aws apigateway create-deployment --rest-api-id {api_id} --stage-name {stage}`"
)


@rule(
    403,
    404,
    otherwise="the API exists",
    fix=_UP,
    elsewhere="`aws apigateway get-rest-apis` lists the APIs of a Region",
)
def api_not_found(case: CallCase) -> Finding | None:
    """The account has no REST API with this ID in this Region.

    The address of a deleted API still responds, with `Forbidden`. An HTTP API
    (version 2) is not a REST API.
    """
    if case.stages is not None:
        return None
    return Finding(
        f"the account has no REST API {case.target.api_id} in {case.aws.region}",
        {"api": case.target.api_id, "region": case.aws.region},
    )


@rule(
    403,
    404,
    otherwise="the stage exists",
    fix="`cgw deploy` creates the stage in the file; or call a stage that exists",
    elsewhere=DEPLOY,
)
def stage_not_found(case: CallCase) -> Finding | None:
    """The API has no stage with this name.

    The stage is the first part of the path: `/dev/transactions` is the path
    `/transactions` of the stage `dev`. Names are case-sensitive.
    """
    stages, name = case.stages, case.target.stage
    if stages is None or name in stages:
        return None
    there = ", ".join(sorted(stages)) or "none"
    return Finding(
        f"the API has no stage `{name}`; it has: {there}",
        {"called": name, "there is": there},
    )


@rule(
    403,
    404,
    otherwise="the API has this path and method",
    fix="call a route that exists, or add it to `api.routes`, then `cgw up`",
    elsewhere="call a route that exists",
)
def route_not_found(case: CallCase) -> Finding | None:
    """The API does not have this path, or the path does not have this method.

    API Gateway then expects a signed AWS request. It responds `Missing Authentication
    Token`, or, if a token was sent, `Invalid key=value pair (missing equal-sign) in
    Authorization header`. Neither message is about the token. Paths are
    case-sensitive; the stage is not part of the path.
    """
    draft = case.draft
    # If the response shows it, the draft is enough.
    live = or_default(lambda: case.served, draft) if case.has_no_route else case.served
    sent, path = case.sent.verb, case.sent.bare_path
    if not draft or not live or sent == "OPTIONS":
        return None
    if case.planned or live.match(sent, path):
        return None
    verbs = live.verbs(path) or draft.verbs(path)
    if verbs:
        summary = f"{path} has no method {sent}; it has: {', '.join(verbs)}"
        return Finding(summary, {"called": sent, "there is": ", ".join(verbs)})
    near = _near(f"{sent} {path}", live)
    return Finding(
        f"the API has no path {path}" + _advice(case, near),
        {"called": f"{sent} {path}", "there is": ", ".join(near) or "nothing"},
    )


@rule(
    403,
    404,
    otherwise="the stage serves the API's current version",
    fix="`cgw deploy`",
    elsewhere=DEPLOY,
)
def method_not_deployed(case: CallCase) -> Finding | None:
    """The API has the method, but the stage does not serve it yet.

    The method was added after the last deployment. A stage serves a snapshot of the
    API. Later changes, including those in the console, take effect with the next
    deployment.
    """
    try:
        is_served = case.served is None or case.live is not None
    except Unread:  # the response shows it, unless the method is AWS_IAM
        planned = case.planned
        if not (case.has_no_route and planned and planned.authorization_type != IAM):
            raise
        is_served = False
    if is_served or not case.planned:
        return None
    return Finding(
        f"the API has {case.planned.route}, but the stage `{case.target.stage}` "
        "does not serve it yet",
        {"API": case.planned.route, "stage": "no such route"},
    )


@rule(
    403,
    otherwise="the method requires no API key",
    fix="send the key: `cgw call {path} -H 'x-api-key: …'`; or do not "
    "require one, and deploy",
)
def api_key_missing(case: CallCase) -> Finding | None:
    """The method requires an API key, and the request has no valid one.

    The key goes in the header `x-api-key`, in addition to the token. It must be
    enabled, and be in a usage plan that includes this stage. API Gateway responds
    `Forbidden`.
    """
    method = case.method
    if method is None or not method.needs_key or case.has_no_route:
        return None
    key = case.sent.header("x-api-key")
    summary = "no API key was sent" if key is None else "the API key is not valid here"
    return Finding(
        f"{method.route} requires an API key: {summary}",
        {"x-api-key": "not sent" if key is None else "sent", "required": True},
    )


def _near(route: str, version: Version) -> list[str]:
    """Return the routes most similar to this one."""
    routes = [method.route for method in version.methods if method.verb != "OPTIONS"]
    return near(route, routes, 3, cutoff=0.5) or routes[:5]


def _advice(case: CallCase, near: list[str]) -> str:
    path = case.sent.bare_path
    if path.startswith(f"/{case.target.stage}/"):
        return ": it contains the stage twice"
    return f"; did you mean {near[0]}?" if near else ""
