"""The table of rules: one for each cause, the most likely first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.diagnosis.rules import (
    authorizers,
    browsers,
    clients,
    functions,
    refusals,
    routes,
    tokens,
    users,
)

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase
    from cognito_gw.diagnosis.rule import Rule
    from cognito_gw.diagnosis.sign_in_case import SignInCase

# What is wrong on the way comes before what is wrong at its end: a token that is never
# looked at need not be good.
CALL_RULES: tuple[Rule[CallCase], ...] = (
    browsers.cors_preflight_blocked,
    routes.api_not_found,
    routes.stage_not_found,
    routes.route_not_found,
    routes.method_not_deployed,
    tokens.token_too_large,
    tokens.wrong_header,
    tokens.no_token,
    tokens.malformed_token,
    authorizers.authorizer_not_deployed,
    authorizers.authorizer_missing,
    authorizers.authorizer_wrong_pool,
    tokens.wrong_pool,
    tokens.bad_signature,
    tokens.expired_token,
    tokens.not_yet_valid,
    authorizers.wrong_client,
    authorizers.access_token_without_scopes,
    authorizers.id_token_with_scopes,
    authorizers.insufficient_scope,
    routes.api_key_missing,
    functions.throttled,
    functions.function_missing,
    functions.lambda_permission_missing,
    functions.lambda_timeout,
    functions.lambda_access_denied,
    functions.lambda_error,
    functions.lambda_malformed_response,
    browsers.cors_headers_missing,
    authorizers.unauthenticated_route,
)
# The causes that only words name are in the order of `refusals.yaml`.
_EXPIRED_TOKEN, *_TOLD = refusals.told_rules()
SIGN_IN_RULES: tuple[Rule[SignInCase], ...] = (
    _EXPIRED_TOKEN,
    clients.client_missing,
    clients.domain_missing,
    clients.flow_not_enabled,
    clients.scope_not_allowed,
    clients.client_secret_required,
    clients.callback_mismatch,
    users.user_missing,
    users.user_disabled,
    users.user_unconfirmed,
    users.password_reset_required,
    users.new_password_required,
    users.mfa_required,
    users.wrong_password,
    *_TOLD,
)
# For words alone, which may also be those of a call.
TOLD_RULES = (*SIGN_IN_RULES, *refusals.told_of_calls(CALL_RULES))
