"""Causes: the authorizer, or a token that does not fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.diagnosis.api import pool_of
from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.diagnosis.rules.routes import DEPLOY
from cognito_gw.gateway_rules import COGNITO, IAM, OPEN, granted_scopes, token_mismatch

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase


@rule(
    otherwise="the stage secures the route as the API does",
    fix="`cgw deploy`",
    elsewhere=DEPLOY,
)
def authorizer_not_deployed(case: CallCase) -> Finding | None:
    """The API's authorizer changed after the last deployment.

    The console's *Test* button uses the current authorizer, but callers get the
    deployed one. A method whose authorizer is not deployed is open to everyone: deploy
    the API after each change.
    """
    draft, live = case.planned, case.live
    if (
        not draft
        or not live
        or draft.authorization_type != COGNITO
        or not draft.authorizer
    ):
        return None
    is_open = live.authorization_type != COGNITO and (
        case.got_in or case.failed_with(403)
    )
    is_better = not live.takes(case.token or "") and draft.takes(case.token or "")
    if not is_open and not is_better:
        return None
    return Finding(
        f"the authorizer of {draft.route} was changed but not deployed",
        {"deployed": live.described, "API": draft.described},
    )


@rule(
    otherwise="the method has its authorizer",
    fix="`cgw authorizer`, then `cgw deploy`",
    elsewhere="attach a Cognito authorizer to the method, and deploy the API",
)
def authorizer_missing(case: CallCase) -> Finding | None:
    """The method has no Cognito authorizer, and should have one.

    A method with `AWS_IAM` requires an AWS signature instead of a token, and responds
    with 403 to every token. A method with `NONE` is open to everyone. With a deleted
    authorizer, API Gateway responds with 500.
    """
    live, draft = case.method, case.planned
    if not live or (draft and draft.authorization_type == COGNITO and draft.authorizer):
        return None
    if live.authorization_type == OPEN and case.target.wants != COGNITO:
        raise NotInQuestion
    is_shut = live.authorization_type == IAM and case.failed_with(403)
    is_open = (
        live.authorization_type == OPEN and case.target.wants == COGNITO and case.got_in
    )
    is_gone = live.authorization_type == COGNITO and live.authorizer is None
    is_going = (
        draft is not None
        and draft.authorization_type == COGNITO
        and case.failed_with(500)
    )
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
def authorizer_wrong_pool(case: CallCase) -> Finding | None:
    """The authorizer does not trust the user pool in which users sign in.

    Or it trusts a deleted one: a user pool that is created again has a new ID.
    """
    _, authorizer = case.secured_method
    pool_id = pool_of(case.claims)
    trusted = ", ".join(authorizer.pool_ids)
    if pool_id not in authorizer.pool_ids and pool_id == case.target.pool_id:
        planned = or_default(lambda: case.planned, None)
        draft = planned.authorizer if planned else None
        if draft and pool_id in draft.pool_ids:
            raise NotInQuestion  # deploying the API is enough
        is_lost = bool(or_default(lambda: case.lost_pools, None))
        return Finding(
            "the authorizer does not trust the file's user pool",
            {"authorizer's pool": trusted, "token's pool": pool_id}
            | ({"exists": False} if is_lost else {}),
        )
    if not authorizer.pool_ids or len(case.lost_pools) < len(authorizer.pool_ids):
        return None
    return Finding(
        "the user pool that the authorizer trusts does not exist",
        {"authorizer's pool": trusted, "exists": False, "token's pool": pool_id},
    )


@rule(
    401,
    otherwise="the authorizer accepts tokens of this app client",
    fix="sign in through an app client that it matches, or remove the expression, then "
    "deploy",
)
def wrong_client(case: CallCase) -> Finding | None:
    """The token's app client does not match the authorizer's validation expression.

    An authorizer can have a regular expression for `aud`
    (`identityValidationExpression`). Only ID tokens have this claim, so that every
    access token is refused. Without an expression, the authorizer accepts every app
    client of the user pool.
    """
    _, authorizer = case.secured_method
    audience = case.readable_claims().get("aud")
    if authorizer.lets_in(audience):
        return None
    return Finding(
        "the token's app client does not match the authorizer's expression",
        {"expression": authorizer.pattern, "aud": audience},
    )


@rule(
    401,
    otherwise="it is not an access token where an ID token is required",
    fix="send the ID token: `cgw token --id`; or add a scope to the route "
    "(`scopes:`), then `cgw up`",
    elsewhere="send the ID token, or give the method an OAuth scope, and deploy",
)
def access_token_without_scopes(case: CallCase) -> Finding | None:
    """An access token was sent to a method without scopes, which requires the ID token.

    Only the method's *OAuth scopes* decide: with scopes it requires an access token,
    without scopes the ID token.
    """
    method, _ = case.secured_method
    if (
        token_mismatch(case.readable_claims(), method.scopes)
        != "access-token-without-scopes"
    ):
        return None
    return Finding(
        f"{method.route} has no scopes, so it requires the ID token",
        {"token_use": "access", "wanted": "id", "method's scopes": "none"},
    )


@rule(
    401,
    otherwise="it is not an ID token where an access token is required",
    fix="send the access token: `cgw token --access --scope {scope}`",
    elsewhere="send an access token with the scope `{scope}`",
)
def id_token_with_scopes(case: CallCase) -> Finding | None:
    """The ID token was sent to a method with scopes, which requires an access token.

    An ID token has no scopes. Only the method's *OAuth scopes* decide: with scopes it
    requires an access token, without scopes the ID token.
    """
    method, _ = case.secured_method
    if token_mismatch(case.readable_claims(), method.scopes) != "id-token-with-scopes":
        return None
    return Finding(
        f"{method.route} has scopes, so it requires an access token",
        {
            "token_use": "id",
            "wanted": "access",
            "method's scopes": " ".join(method.scopes),
        },
    )


@rule(
    401,
    otherwise="the token has one of the method's scopes",
    fix="get a token with one: `cgw token --access --scope {scope}`",
    elsewhere="sign in at the hosted UI, or with client credentials, with the scope "
    "`{scope}`",
)
def insufficient_scope(case: CallCase) -> Finding | None:
    """The access token has none of the method's scopes.

    A sign-in through the API (`USER_PASSWORD_AUTH`, `USER_SRP_AUTH`) only gets the
    scope `aws.cognito.signin.user.admin`. Custom scopes come from the sign-in pages, or
    from `client_credentials`. The app client must allow them, and the request must
    include them by their full name, such as `transactions/read`.
    """
    method, _ = case.secured_method
    if token_mismatch(case.readable_claims(), method.scopes) != "insufficient-scope":
        return None
    granted = granted_scopes(case.claims)
    return Finding(
        "the token has none of the method's scopes",
        {"token": " ".join(granted) or "none", "method": " ".join(method.scopes)},
    )


@rule(
    otherwise="the route requires a token",
    fix="`cgw up` secures it; if it is meant to be open, set `auth: none`",
    elsewhere="attach the authorizer to the method, and deploy; or leave it open",
)
def unauthenticated_route(case: CallCase) -> Finding | None:
    """Anyone can call this route without a token.

    A method without an authorizer is open to the internet.
    """
    live = case.live
    if not live or live.authorization_type != OPEN or live.verb == "OPTIONS":
        return None
    if case.is_refuted(live):
        raise NotInQuestion
    if case.target.wants == OPEN or not (case.target.wants or case.got_in):
        raise NotInQuestion
    return Finding(
        f"anyone can call {live.route} without a token: is that intended?",
        {"deployed": live.described, "wanted": case.target.wants or "not known"},
    )
