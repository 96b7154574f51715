"""What Cognito and API Gateway say: causes that words name, and what is so here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, Rule, if_read
from cognito_gw.diagnosis.rules import authorizers, browsers, functions, routes, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.diagnosis.call_case import CallScene
    from cognito_gw.diagnosis.sign_in_case import SignInScene

    Shown = dict[str, Any]

_STACK = "this stack"
_NAMES = ("AWS", "Cognito")


def _nothing(_: SignInScene) -> Shown:
    return {}


def _told(
    code: str,
    text: str,
    fix: str,
    here: Callable[[SignInScene], Shown] = _nothing,
) -> Rule[SignInScene]:
    """Return a rule for words that name a cause; `here` reads what is so here."""

    def find(scene: SignInScene) -> Finding:
        if not scene.attempt.names(code):
            raise NotInQuestion  # what is not said is not ruled out
        summary = text.partition("\n")[0].rstrip(".")
        shown = {"told": scene.attempt.told} | if_read(lambda: here(scene), {})
        return Finding(_within_sentence(summary), shown)

    find.__doc__ = text
    return Rule(code, (), "Cognito did not say so", fix, None, find)


def _within_sentence(summary: str) -> str:
    """Return it as it is written after a colon: names keep their capitals."""
    if summary.startswith(_NAMES):
        return summary
    return summary[:1].lower() + summary[1:]


def _of_call(rule: Rule[CallScene]) -> Rule[SignInScene]:
    """Return a rule for words that tell of a call, of which nothing else is known."""
    fix = "`cgw explain PATH` sends the call, and shows whether this is the cause"
    is_of_routes = rule.code in ("route-not-found", "method-not-deployed")
    return _told(rule.code, rule.text, fix, _routes if is_of_routes else _nothing)


def _routes(scene: SignInScene) -> Shown:
    routes = ", ".join(scene.attempt.routes)
    return {_STACK: f"routes: {routes}"} if routes else {}


def _pool(scene: SignInScene) -> Shown:
    name = scene.pool.get("Name", scene.pool_id)
    return {_STACK: f"the user pool {name} exists: {scene.pool_id}"}


def _sign_up(scene: SignInScene) -> Shown:
    settings = scene.pool.get("AdminCreateUserConfig") or {}
    is_closed = settings.get("AllowAdminCreateUserOnly", False)
    return {_STACK: "sign-up is closed" if is_closed else "sign-up is open"}


def _policy(scene: SignInScene) -> Shown:
    policy = (scene.pool.get("Policies") or {}).get("PasswordPolicy") or {}
    wanted = [
        name.removeprefix("Require").lower()
        for name, value in policy.items()
        if name.startswith("Require") and value
    ]
    length = f"at least {policy.get('MinimumLength', 8)} characters"
    return {"password policy": ", ".join([length, *wanted])}


def _attributes(scene: SignInScene) -> Shown:
    schema = scene.pool.get("SchemaAttributes") or []
    needed = [each["Name"] for each in schema if each.get("Required")]
    names = scene.pool.get("UsernameAttributes") or []
    return {
        "required attributes": ", ".join(needed) or "none",
        "sign-in names": ", ".join(names) or "any username",
    }


def _writable(scene: SignInScene) -> Shown:
    client = scene.client
    allowed = client.setting("WriteAttributes") if client else []
    return {"app client may write": ", ".join(allowed) or "every standard attribute"}


def _triggers(scene: SignInScene) -> Shown:
    triggers = scene.pool.get("LambdaConfig") or {}
    return {_STACK: f"triggers: {', '.join(sorted(triggers)) or 'none'}"}


def _user(scene: SignInScene) -> Shown:
    if not scene.attempt.user or scene.user is None:
        return {}
    status = scene.user.get("UserStatus")
    return {_STACK: f"the user {scene.attempt.user} is {status}"}


def _factors(scene: SignInScene) -> Shown:
    return {_STACK: f"MFA is {scene.pool.get('MfaConfiguration', 'OFF')}"}


def _providers(scene: SignInScene) -> Shown:
    client = scene.client
    names = client.setting("SupportedIdentityProviders") if client else []
    return {"app client's identity providers": ", ".join(names) or "none"}


_AGAIN = "sign in again: `cgw token --forget`, then `cgw token`"

EXPIRED_TOKEN = _told(
    "expired-token",
    "The access token has expired.\n\n"
    "Cognito's own API and userInfo check its time, as API Gateway does.",
    "get new tokens with the refresh token, or sign in again: `cgw token` does both",
)
TOLD = (
    _told(
        "access-token-refused",
        "Cognito does not accept the access token.\n\n"
        "It was revoked (sign-out everywhere, `revoke`), belongs to another user pool, "
        "or is an ID token. userInfo says `invalid_token`.",
        _AGAIN,
    ),
    _told(
        "api-scope-missing",
        "The access token lacks the scope that the endpoint requires.\n\n"
        "Cognito's API takes tokens with `aws.cognito.signin.user.admin`; userInfo "
        "those with `openid`. A sign-in through the pages must ask for it.",
        "ask for the scope: `cgw token --scope aws.cognito.signin.user.admin`, or "
        "`openid` for userInfo",
    ),
    _told(
        "grant-refused",
        "The authorization code or refresh token is no longer valid.\n\n"
        "A code works once, for five minutes, with the same `redirect_uri` and PKCE "
        "verifier. A refresh token ends when it expires, is revoked, is replaced by "
        "rotation, or when its user is disabled or deleted.",
        _AGAIN,
    ),
    _told(
        "pool-missing",
        "The user pool does not exist in this account and Region.\n\n"
        "A pool that was deleted and created again has another ID.",
        "use the ID that `cgw outputs` prints, and its Region",
        _pool,
    ),
    _told(
        "login-required",
        "Nobody is signed in at the pages, and the request forbids asking.\n\n"
        "`prompt=none` signs in from the pages' cookie only.",
        "send the user to the sign-in page without `prompt=none`",
    ),
    _told(
        "sign-in-pages-unavailable",
        "The managed login pages have no style for this app client.\n\n"
        "A domain with managed login serves an app client once it has a branding.",
        "`cgw domain` creates the branding",
    ),
    _told(
        "identity-provider-failed",
        "The external identity provider refused, or is not set up for the app client.\n"
        "\nIts error follows Cognito's words. `access_denied` also means that the user "
        "canceled.",
        "check the provider's settings and attribute mapping in the user pool, and the "
        "app client's list of providers",
        _providers,
    ),
    _told(
        "user-state",
        "The user is in a state that does not allow this.\n\n"
        "For example, a confirmed user cannot be confirmed again.",
        "look at the user: `cgw user list`",
        _user,
    ),
    _told(
        "temporary-password-expired",
        "The temporary password has expired.\n\n"
        "It is valid for seven days unless the password policy says otherwise.",
        "set another: `cgw user password {user}`",
        _user,
    ),
    _told(
        "password-reset-unavailable",
        "The user cannot reset the password in this state.\n\n"
        "A reset requires a confirmed user with a verified email address or phone "
        "number. A user with a temporary password signs in with it first.",
        "set the password: `cgw user password {user}`",
        _user,
    ),
    _told(
        "mfa-not-set-up",
        "The user, or the user pool, has no such second factor.",
        "turn the factor on in the user pool (`user_pool.mfa`), then let the user set "
        "it up: `cgw token` does in a terminal",
        _factors,
    ),
    _told(
        "too-many-attempts",
        "There were too many requests or failed attempts.\n\n"
        "Cognito limits attempts by user, and requests by account and Region. Without "
        "SES it sends 50 emails a day.",
        "wait, up to 15 minutes after failed attempts; Service Quotas raises quotas",
    ),
    _told(
        "risk-blocked",
        "Cognito's threat protection blocked the sign-in or the password.\n\n"
        "It blocks sign-ins that it rates as a risk, and passwords that are known to "
        "be compromised.",
        "look at the user's events in the console, and at the user pool's threat "
        "protection; choose another password",
    ),
    _told(
        "password-too-weak",
        "The password does not meet the user pool's policy.",
        "choose a password that meets `user_pool.password_policy`",
        _policy,
    ),
    _told(
        "user-exists",
        "There is already a user with this name, email address or phone number.",
        "sign in as that user, or choose another name: `cgw user list` shows them",
        _user,
    ),
    _told(
        "attributes-invalid",
        "The user's attributes do not fit the user pool.\n\n"
        "Required attributes and the kind of username (`sign_in_with`) are fixed when "
        "the pool is created.",
        "send every required attribute, and a username of the right kind",
        _attributes,
    ),
    _told(
        "attribute-not-writable",
        "The app client may not read or write this attribute.",
        "allow the attribute in the app client's settings, or do not send it",
        _writable,
    ),
    _told(
        "wrong-code",
        "The code is wrong or has expired.\n\n"
        "Each code works once; a newer one replaces it. Codes of an authenticator app "
        "depend on the clock.",
        "use the newest code; ask for another one if necessary",
    ),
    _told(
        "session-expired",
        "The session of the sign-in has ended, or was used already.\n\n"
        "Each answer to a challenge must send the session of the answer before it, "
        "within three minutes unless the app client says otherwise.",
        "start the sign-in again",
    ),
    _told(
        "device-unknown",
        "The user pool does not remember this device, or has it already.",
        "forget the device key in the app, and sign in again",
    ),
    _told(
        "passkey-refused",
        "The passkey does not fit the user pool.\n\n"
        "Passkeys require the relying party ID of the pool, which is its domain or a "
        "name of yours, and a page of that origin.",
        "compare the page's origin with the relying party ID in the user pool",
    ),
    _told(
        "sign-up-closed",
        "Users cannot sign themselves up in this user pool.",
        "create the user: `cgw user add`; or set `user_pool.self_sign_up: true`",
        _sign_up,
    ),
    _told(
        "trigger-missing",
        "The flow requires Lambda triggers that the user pool does not have.\n\n"
        "`CUSTOM_AUTH` requires three: define, create and verify the challenge.",
        "use another flow, such as USER_SRP_AUTH, or configure the triggers",
        _triggers,
    ),
    _told(
        "trigger-failed",
        "A Lambda trigger of the user pool failed or refused.\n\n"
        "Cognito quotes its error. The function must answer within 5 seconds, return "
        "the event, and let Cognito invoke it.",
        "look at the log of the trigger's function in CloudWatch Logs",
        _triggers,
    ),
    _told(
        "message-not-sent",
        "Cognito could not send the email or text message.\n\n"
        "Its role for SNS, or its permission for SES, is wrong or missing, or the "
        "account is still in the sandbox.",
        "check the user pool's message settings in the console",
    ),
    _told(
        "blocked-by-firewall",
        "AWS WAF blocked the request.",
        "look at the web ACL that is associated with the user pool",
    ),
    _told(
        "not-in-plan",
        "The user pool's feature plan does not include this.",
        "change the plan of the user pool, or turn the feature off",
    ),
    _told(
        "pool-configuration",
        "The user pool, its domain or an app client cannot be set up or used like this."
        "\n\nCognito's message names the setting. The check of the file knows most of "
        "these rules, so `cgw plan` says which ones a file breaks.",
        "compare the user pool with the file: `cgw status`",
        _pool,
    ),
    _told(
        "authorizer-denied",
        "A Lambda authorizer or a policy of the API denies the call.\n\n"
        "API Gateway says `User is not authorized to access this resource`. A Cognito "
        "authorizer never does; it answers `Unauthorized`.",
        "look at the policy that the Lambda authorizer returns, and at the API's "
        "resource policy",
    ),
    _told(
        "aws-permission-missing",
        "AWS credentials are missing, invalid, or not allowed to do this.\n\n"
        "Operations whose names begin with `Admin` require them; apps of users call "
        "the others.",
        "`cgw policy` prints the permissions; `cgw doctor` checks the credentials",
    ),
    _told(
        "malformed-request",
        "The request lacks a parameter, or has one that Cognito does not know.\n\n"
        "`/oauth2/authorize` requires `client_id`, `response_type` and `redirect_uri`; "
        "`/oauth2/token` a form body with `grant_type`. PKCE requires "
        "`code_challenge_method=S256`.",
        "compare the request with the link that `cgw open --no-browser` prints",
    ),
    _told(
        "cognito-failed",
        "Cognito failed, or is busy.\n\n"
        "The error page of the sign-in pages also says so when it does not show the "
        "reason; the address of the page has more.",
        "try again; give `cgw explain` the whole address of the error page",
    ),
)
OF_CALLS = tuple(
    _of_call(rule)
    for rule in (
        tokens.no_token,
        authorizers.access_token_without_scopes,
        authorizers.id_token_with_scopes,
        authorizers.insufficient_scope,
        tokens.wrong_pool,
        tokens.token_too_large,
        routes.route_not_found,
        routes.method_not_deployed,
        routes.api_key_missing,
        routes.stage_not_found,
        routes.api_not_found,
        authorizers.authorizer_missing,
        authorizers.authorizer_wrong_pool,
        functions.lambda_error,
        functions.lambda_malformed_response,
        functions.lambda_permission_missing,
        functions.function_missing,
        functions.lambda_timeout,
        functions.throttled,
        browsers.cors_preflight_blocked,
        browsers.cors_headers_missing,
    )
)
