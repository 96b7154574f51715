"""What is wrong between the token and the authorizer, or with the authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.diagnosis.api import pool_of
from cognito_gw.diagnosis.rule import (
    Finding,
    NotInQuestion,
    claims,
    guarded,
    if_read,
    rule,
)
from cognito_gw.diagnosis.rules.routes import DEPLOY
from cognito_gw.gateway_rules import COGNITO, IAM, OPEN, granted_scopes

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallScene


@rule(
    otherwise="the stage guards the route as the API does",
    fix="`cgw deploy`",
    elsewhere=DEPLOY,
)
def authorizer_not_deployed(scene: CallScene) -> Finding | None:
    """The API's authorizer, or what it is set to, is newer than the deployment.

    The console's *Test* button asks the newest, and callers get the deployed one. A
    method whose authorizer is not deployed is open to everybody: `Deploy API` after
    each change.
    """
    draft, live = scene.planned, scene.live
    if not draft or not live or draft.guard != COGNITO or not draft.authorizer:
        return None
    is_open = live.guard != COGNITO and (scene.got_in or scene.failed_with(403))
    is_better = not live.takes(scene.token or "") and draft.takes(scene.token or "")
    if not is_open and not is_better:
        return None
    return Finding(
        f"the authorizer of {draft.route} was changed and not deployed",
        {"deployed": live.described, "API": draft.described},
    )


@rule(
    otherwise="the method has its authorizer",
    fix="`cgw authorizer`, then `cgw deploy`",
    elsewhere="attach a Cognito authorizer to the method, and deploy the API",
)
def authorizer_missing(scene: CallScene) -> Finding | None:
    """No Cognito authorizer guards the method, and one should.

    A method with `AWS_IAM` wants a signature of AWS instead of a token, and answers
    403 to every token. One with `NONE` lets everybody in. An authorizer that was
    deleted answers 500.
    """
    live, draft = scene.method, scene.planned
    if not live or (draft and draft.guard == COGNITO and draft.authorizer):
        return None
    if live.guard == OPEN and scene.target.wants != COGNITO:
        raise NotInQuestion
    is_shut = live.guard == IAM and scene.failed_with(403)
    is_open = live.guard == OPEN and scene.target.wants == COGNITO and scene.got_in
    is_gone = live.guard == COGNITO and live.authorizer is None
    is_going = draft is not None and draft.guard == COGNITO and scene.failed_with(500)
    if not (is_shut or is_open or is_gone or is_going):
        return None
    return Finding(
        f"{live.route} has no Cognito authorizer: it is {live.described}",
        {"wanted": "a Cognito authorizer", "deployed": live.described}
        | ({"API": draft.described} if draft else {}),
    )


@rule(
    401,
    500,
    otherwise="the authorizer trusts the right user pool",
    fix="`cgw authorizer`, then `cgw deploy`",
    elsewhere="`aws apigateway update-authorizer` sets `/providerARNs`; then deploy",
)
def authorizer_wrong_pool(scene: CallScene) -> Finding | None:
    """The authorizer trusts another user pool than the one that people sign in to.

    Or one that is deleted: pools that are made anew have new ids.
    """
    _, guard = guarded(scene)
    pool_id = pool_of(scene.claims)
    trusted = ", ".join(guard.pool_ids)
    if pool_id not in guard.pool_ids and pool_id == scene.target.pool_id:
        planned = if_read(lambda: scene.planned, None)
        draft = planned.authorizer if planned else None
        if draft and pool_id in draft.pool_ids:
            raise NotInQuestion  # it only has to be deployed
        is_lost = bool(if_read(lambda: scene.lost_pools, None))
        return Finding(
            "the authorizer trusts another user pool than the one of the file",
            {"authorizer's pool": trusted, "token's pool": pool_id}
            | ({"exists": False} if is_lost else {}),
        )
    if not guard.pool_ids or len(scene.lost_pools) < len(guard.pool_ids):
        return None
    return Finding(
        "the user pool that the authorizer trusts does not exist",
        {"authorizer's pool": trusted, "exists": False, "token's pool": pool_id},
    )


@rule(
    401,
    otherwise="the authorizer takes tokens of this app client",
    fix="sign in through an app client that it fits, or remove the expression, then "
    "deploy",
)
def wrong_client(scene: CallScene) -> Finding | None:
    """The token's app client does not fit the authorizer's validation expression.

    An authorizer may have one (`identityValidationExpression`). This regular expression
    is held against `aud`, which only ID tokens have: with any, every access token is
    refused. Without one, every app client of the user pool is let in.
    """
    _, guard = guarded(scene)
    audience = claims(scene).get("aud")
    if guard.lets_in(audience):
        return None
    return Finding(
        "the app client of the token does not fit the authorizer's expression",
        {"expression": guard.pattern, "aud": audience},
    )


@rule(
    401,
    otherwise="it is no access token where an ID token is wanted",
    fix="send the ID token: `cgw token --id`; or ask for a scope in the route "
    "(`scopes:`), then `cgw up`",
    elsewhere="send the ID token, or give the method an OAuth scope, and deploy",
)
def access_token_without_scopes(scene: CallScene) -> Finding | None:
    """An access token was sent to a method without scopes, which wants the ID token.

    Which of the two a method takes is told by its *OAuth scopes* alone: none means the
    ID token, any means the access token.
    """
    method, _ = guarded(scene)
    if method.misfit(claims(scene)) != "access-token-without-scopes":
        return None
    return Finding(
        f"{method.route} asks for no scopes, so it wants the ID token",
        {"token_use": "access", "wanted": "id", "method's scopes": "none"},
    )


@rule(
    401,
    otherwise="it is no ID token where an access token is wanted",
    fix="send the access token: `cgw token --access --scope {scope}`",
    elsewhere="send an access token with the scope `{scope}`",
)
def id_token_with_scopes(scene: CallScene) -> Finding | None:
    """The ID token was sent to a method with scopes, which wants an access token.

    An ID token has no scopes. Which of the two a method takes is told by its *OAuth
    scopes* alone: none means the ID token, any means the access token.
    """
    method, _ = guarded(scene)
    if method.misfit(claims(scene)) != "id-token-with-scopes":
        return None
    return Finding(
        f"{method.route} asks for a scope, so it wants an access token",
        {
            "token_use": "id",
            "wanted": "access",
            "method's scopes": " ".join(method.scopes),
        },
    )


@rule(
    401,
    otherwise="it has a scope that the method asks for",
    fix="get a token with one: `cgw token --access --scope {scope}`",
    elsewhere="sign in by the hosted UI, or as an app client for machines, with the "
    "scope `{scope}`",
)
def insufficient_scope(scene: CallScene) -> Finding | None:
    """The access token has none of the scopes that the method asks for.

    Who signs in by the API (`USER_PASSWORD_AUTH`, `USER_SRP_AUTH`) gets
    `aws.cognito.signin.user.admin` and no other scope. Custom scopes come from the
    sign-in pages, or from `client_credentials`; the app client must allow them, and the
    request must name them. It is the full name that counts: `transactions/read`.
    """
    method, _ = guarded(scene)
    if method.misfit(claims(scene)) != "insufficient-scope":
        return None
    granted = granted_scopes(scene.claims)
    return Finding(
        "the token has none of the method's scopes",
        {"token": " ".join(granted) or "none", "method": " ".join(method.scopes)},
    )


@rule(
    otherwise="the route is guarded",
    fix="`cgw up` guards it; where it is meant to be open, `auth: none` says so",
    elsewhere="attach the authorizer to the method, and deploy; or leave it open",
)
def unauthenticated_route(scene: CallScene) -> Finding | None:
    """Everybody may call this route, without a token: is that meant.

    A method without authorizer is open to the internet.
    """
    live = scene.live
    if not live or live.guard != OPEN or live.verb == "OPTIONS":
        return None
    if scene.is_refuted(live):
        raise NotInQuestion
    if scene.target.wants == OPEN or not (scene.target.wants or scene.got_in):
        raise NotInQuestion
    return Finding(
        f"{live.route} works without a token: is that meant?",
        {"deployed": live.described, "wanted": scene.target.wants or "not known"},
    )
