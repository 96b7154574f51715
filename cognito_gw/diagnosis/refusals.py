"""What Cognito and API Gateway say when they refuse, and the causes that they name.

The words come from the API's exceptions, the OAuth endpoints, the sign-in pages, and
from people who quoted them; tests/recorded/cognito_refusals.json has each with its
source. Cognito's descriptions are not fixed strings, so each is matched loosely.
"""

from __future__ import annotations

import html
import re
from urllib.parse import unquote_plus

# What says most: the words of a message.
_WORDS: dict[str, tuple[str, ...]] = {
    "expired-token": (
        r"access token (has )?(been )?expired",
        r"(?<!refresh )token (is|has) expired(?!,)",
        r"jwt (is )?expired",
        r"invalid login token.*expired",
    ),
    "access-token-refused": (
        r"invalid_token(?!.*does not (contain|have))",
        r"invalid (access )?token\b",
        r"access token has been revoked",
        r"could not (verify signature for|parse) access token",
        r"globally (logged|signed) out",
        r"unsupported_?token_?type",
    ),
    "api-scope-missing": (
        r"access token does not (have|contain)",
        r"insufficient_scope",
    ),
    "grant-refused": (
        r"invalid_grant",
        r"refresh token (has been|has|is) (revoked|expired|reused|invalid)",
        r"invalid refresh token",
        r"RefreshTokenReuse",
        r"invalid (authorization )?code\b(?! (provided|received|or|for))",
        r"authorization code (has|is) (expired|invalid)",
    ),
    "pool-missing": (
        r"user ?pool (?!client)\S+ does not exist",
        r"no such user ?pool",
        r"userPoolId and accountId do not match",
        r"'?userPoolId'? failed to satisfy",
        r"invalid user ?pool ?id",
    ),
    "client-missing": (
        r"(?<!configured )\bclient( id)?( \S+)? does not exist",
        r"invalid client[ _]id",
        r"client_id is invalid",
        r"'?clientId'? failed to satisfy",
    ),
    "flow-not-enabled": (
        r"flow (is )?not enabled",
        r"unauthorized_client",
        r"not enabled for (oauth|\w+_AUTH)",
        r"refresh token rotation",
        r"only custom auth .*enabled for this client",
        r"token revocation is not enabled",
        r"auth method not supported",
        r"flow is not (supported|allowed)",
        r"unsupported_response_type",
        r"_AUTH is not (enabled|supported|allowed)",
    ),
    "scope-not-allowed": (
        r"invalid[_ ]scope",
        r"ScopeDoesNotExist",
        r"resource server \S+ does not exist",
    ),
    "client-secret-required": (
        r"secret_?hash",
        r"secret hash",
        r"verify secret\b",
        r"invalid_client(?!_?(id|metadata))",
        r"client secret",
        r"client_secret\b(?!=)",
    ),
    "callback-mismatch": (
        r"redirect[_ ]?(uri)?[_ ]?mismatch",
        r"(invalid|unregistered|missing)[ _]redirect_?uri",
        r"redirect_uri (is )?(not|invalid)",
        r"invalid[ _]logout_?uri",
    ),
    "malformed-request": (
        r"required (string )?parameter",
        r"unsupported_grant_type",
        r"validation errors? detected",
        r"fail(s|ed) to satisfy (the )?constraint",
        r"invalid (mfa type|challenge( name)?):",
        r"SRP_A is out of range",
        r"TIMESTAMP format should be",
        r"code_challenge(_method)?\b(?!=)",
        r"code_verifier\b(?!=)",
        r"grant_type\b(?!=)",
        r"is missing a required parameter",
        r"invalid attributes given",
        r"client_id is (required|missing)",
        r"parameter validation failed",
        r"\b(username|password|pool ?id) (cannot be empty|is required)",
        r"\b(client ?id|information) are required",
    ),
    "login-required": (
        r"(login|interaction|consent|account_selection)_required",
        r"no current user",
        r"user (is not authenticated|needs to be authenticated)",
        r"UserUnAuthenticated",
    ),
    "sign-in-pages-unavailable": (
        r"login pages? unavailable",
        r"managed ?login ?branding",
    ),
    "identity-provider-failed": (
        r"UnsupportedIdentityProvider",
        r"DuplicateProvider",
        r"identity ?provider",
        r"login option is not available",
        r"\bsaml",
        r"relay ?state",
        r"\berror - \d{3}\b",
        r"attribute mapping",
        r"attributes required",
        r"invalid user attributes",
        r"bad (id_?token|token response|code)",
        r"invalid provider ?name",
        r"processing authorization code",
    ),
    "user-missing": (
        r"user does not exist",
        r"username/client id combination not found",
        r"user (was )?not found",
    ),
    "user-disabled": (r"user is (disabled|not enabled)", r"user account is disabled"),
    "user-unconfirmed": (
        r"user is not confirmed",
        r"account is not confirmed",
        r"user is UNCONFIRMED",
    ),
    "user-state": (
        r"user (cannot be confirmed|is already confirmed)",
        r"current status is (?!FORCE_CHANGE)",
    ),
    "temporary-password-expired": (
        r"temporary password has expired",
        r"user account has expired",
    ),
    "password-reset-unavailable": (
        r"password cannot be reset",
        r"cannot reset password for the user",
        r"no registered/verified email",
        r"contact administrator to reset password",
    ),
    "password-reset-required": (r"PasswordResetRequired", r"password reset required"),
    "new-password-required": (r"new_password_required", r"force_change_password"),
    "mfa-required": (
        r"authenticator app",
        r"the code of",
        r"^(?!.*(delivery config|turn on)).*(_MFA\b|_OTP\b|\bMFA_)",
        r"can sign in by",
    ),
    "mfa-not-set-up": (
        r"software ?token ?mfa ?(does )?not ?(exist|found)",
        r"MFAMethodNotFound",
        r"mfa (is )?not (set ?up|enabled)",
        r"has not (set up|verified) (software token|sms|email)",
        r"delivery (config|mechanism) set",
        r"phone_number set to turn on",
    ),
    "wrong-password": (
        r"incorrect (username or password|user ?name|password)",
        r"password attempts exceeded",
    ),
    "too-many-attempts": (
        r"attempt limit exceeded",
        r"TooManyRequestsException",
        r"too many (failed|invalid|login|sign-in) attempts",
        r"TooManyFailedAttempts",
        r"rate exceeded",
        r"exceeded (the )?daily (email|sms|message)",
        r"ServiceQuotaExceeded",
    ),
    "risk-blocked": (
        r"unable to (log ?in|sign ?in|sign ?up) because of security reasons",
        r"cannot be used for security reasons",
    ),
    "password-too-weak": (
        r"password (did|does) not conform",
        r"password not long enough",
        r"password (must|does not) ",
        r"PasswordHistoryPolicyViolation",
        r"password has (previously |already )?been used",
        r"value at '(password|proposedPassword)'",
    ),
    "user-exists": (
        r"user (account )?already exists",
        r"an? (account|user) with the (given |same )?[\w ]+ (already )?exists",
        r"already found an entry for username",
        r"alias entry already exists",
    ),
    "attributes-invalid": (
        r"attributes did not conform",
        r"attribute does not exist in the schema",
        r"attribute( \S+)? is required",
        r"username should be (an? |either)",
        r"username cannot be of",
        r"invalid (email address|phone number) format",
        r"attribute value for \w+ must not be null",
        r"required attribute cannot be deleted",
    ),
    "attribute-not-writable": (
        r"attempted to (write|read) unauthorized attribute",
        r"cannot modify (the )?(non-mutable|an already provided) ",
        r"attribute cannot be updated",
    ),
    "wrong-code": (
        r"invalid (verification |confirmation )?code (provided|received)",
        r"code mismatch",
        r"software token has already been used",
        r"invalid code or auth state",
        r"confirmation code (entered )?(is not correct|has expired)",
    ),
    "session-expired": (
        r"invalid session",
        r"session (is|has) expired",
        r"session can only be used once",
        r"took too long\. please sign in again",
        r"invalid challenge transition",
    ),
    "device-unknown": (
        r"device (does not exist|is not remembered)",
        r"invalid device key",
        r"DeviceKeyExists",
    ),
    "passkey-refused": (r"WebAuthn", r"passkey"),
    "pool-configuration": (
        r"(AllowedOAuth\w+|CallbackURLs|LogoutURLs) .*(required|empty|null)",
        r"client_credentials flow",
        r"cannot use the http protocol",
        r"domain (already associated|cannot contain|is not valid)",
        r"has a domain configured",
        r"expiration times must be",
        r"deletion protection (is|must be)",
    ),
    "domain-missing": (
        r"no user pool has the domain",
        r"(ENOTFOUND|NXDOMAIN|resolve host|not known).*\.amazoncognito\.",
        r"\.amazoncognito\..*(ENOTFOUND|NXDOMAIN|resolve host|not known)",
    ),
    "sign-up-closed": (
        r"sign ?up is not permitted",
        r"login not allowed",
    ),
    "trigger-missing": (r"lambda trigger is not configured",),
    "trigger-failed": (
        r"\w failed with error",
        r"invocation failed due to",
        r"unrecognizable lambda output",
        r"invalid lambda (function )?(output|response|trigger)",
    ),
    "message-not-sent": (
        r"CodeDeliveryFailure",
        r"(sms|email) configuration",
        r"failed to send (the )?(email|sms|message)",
        r"publish with sns",
        r"auto verification not turned on",
        r"email address is not verified",
        r"(sms|email) role",
    ),
    "blocked-by-firewall": (r"waf block",),
    "not-in-plan": (
        r"FeatureUnavailableInTier",
        r"UserPoolAddOnNotEnabled",
        r"(advanced security|threat protection) .*not enabled",
        r"(unavailable|not (available|supported)) in .*\b(tier|plan)\b",
    ),
    "aws-permission-missing": (
        r"is not authorized to perform",
        r"UnrecognizedClient",
        r"security token included in the request",
        r"(unable to locate|missing|could not load) credentials",
    ),
    "cognito-failed": (
        r"something went wrong",
        r"an error was encountered with the requested page",
    ),
    # API Gateway's own answers, and the browser's.
    "route-not-found": (
        r"missing ?authentication ?token",
        r"(missing equal-?sign|key=value pair)",
        r"authorization header requires",
        r"IncompleteSignature",
    ),
    "method-not-deployed": (r"missing ?authentication ?token", r"missing equal-?sign"),
    "authorizer-denied": (r"not authorized to access this resource", r"explicit deny"),
    "authorizer-missing": (r"authorizer ?(configuration)?(error|exception)",),
    "authorizer-wrong-pool": (r"authorizer ?(configuration)?(error|exception)",),
    "lambda-timeout": (
        r"endpoint request timed out",
        r"integration_timeout",
        r"task timed out after",
    ),
    "lambda-malformed-response": (r"malformed lambda proxy response",),
    "lambda-permission-missing": (r"invalid permissions on lambda function",),
    "token-too-large": (r"request header( fields)? (or cookie )?too large",),
    "cors-preflight-blocked": (
        r"response to preflight",
        r"preflight .*(fail|block)",
        r"preflight (response|channel)",
        r"access-control-allow-(headers|methods)",
    ),
    "cors-headers-missing": (
        r"^(?!.*preflight).*(access-control-allow-origin|cors policy)",
    ),
}
# What counts where a message tells nothing: exceptions and error codes that are thrown
# for many reasons.
_NAMES: dict[str, tuple[str, ...]] = {
    "access-token-refused": (r"\bUnauthorizedException",),
    "flow-not-enabled": (r"InvalidOAuthFlow", r"UnsupportedOperation"),
    "malformed-request": (
        r"invalid_request",
        r"InvalidParameter(Exception)?\b",
        r"invalid input given",
    ),
    "identity-provider-failed": (r"access_denied",),
    "user-missing": (r"UserNotFound",),
    "user-unconfirmed": (r"UserNotConfirmed",),
    "user-state": (r"UnsupportedUserState",),
    "too-many-attempts": (r"LimitExceededException",),
    "password-too-weak": (r"InvalidPassword",),
    "user-exists": (r"UsernameExists", r"AliasExists"),
    "wrong-code": (r"CodeMismatch", r"ExpiredCode", r"EnableSoftwareTokenMFA"),
    "trigger-failed": (
        r"UserLambdaValidation",
        r"UnexpectedLambda",
        r"InvalidLambdaResponse",
    ),
    "message-not-sent": (r"InvalidSmsRole", r"InvalidEmailRole"),
    "blocked-by-firewall": (r"\bForbiddenException",),
    "pool-configuration": (
        r"InvalidUserPoolConfiguration",
        r"OperationNotEnabled",
        r"PreconditionNotMet",
        r"(Group|Terms)Exists",
        r"TierChangeNotAllowed",
        r"UserImportInProgress",
        r"UserPoolTagging",
        r"CachedCIMDURL",
    ),
    "aws-permission-missing": (r"AccessDeniedException",),
    "cognito-failed": (
        r"InternalError",
        r"InternalServerException",
        r"server_error",
        r"temporarily_unavailable",
        r"ConcurrentModification",
    ),
}
# What is said for many reasons: it counts only where nothing else is said.
_BARE: dict[str, tuple[str, ...]] = {
    "wrong-password": ("notauthorizedexception",),
    "identity-provider-failed": ("invalid state",),
    "pool-missing": ("resourcenotfoundexception",),
    "no-token": ("unauthorized",),
    "access-token-without-scopes": ("unauthorized",),
    "id-token-with-scopes": ("unauthorized",),
    "insufficient-scope": ("unauthorized",),
    "wrong-pool": ("unauthorized",),
    "api-key-missing": ("forbidden",),
    "stage-not-found": ("forbidden",),
    "api-not-found": ("forbidden",),
    "lambda-error": ("internal server error", "bad gateway"),
    "lambda-malformed-response": ("internal server error", "bad gateway"),
    "lambda-permission-missing": ("internal server error",),
    "function-missing": ("internal server error",),
    "lambda-timeout": ("gateway timeout",),
    "throttled": ("too many requests", "limit exceeded"),
    "too-many-attempts": ("too many requests",),
}
# These quote what another program said, which names no cause here.
_QUOTING = {"identity-provider-failed", "trigger-failed"}
_PATTERNS = [
    {code: re.compile("|".join(words), re.IGNORECASE) for code, words in table.items()}
    for table in (_WORDS, _NAMES)
]
CODES = tuple(dict.fromkeys([*_WORDS, *_NAMES, *_BARE]))
_LONGEST = 10_000  # characters that are read of the beginning, and of the end
# What is around the words where people paste them.
_NOISE = re.compile(
    r"^[ \t]*(at |File \"|#\d+ ).*$"  # frames of a stack
    r"|\bat [\w.$/]{1,200} ?\([^()]{0,300}\)"
    r"|\b\w{1,20}://[^\s?#\"'<>]*"  # the place of an address
    r"|[?&#](?!error|message)[\w.]{1,60}=[^&\s\"']*"  # and what else is in its query
    r"|</?[a-z][^<>]*>"
    r"|[\w.$/-]{0,80}cognito-?identity-?provider[a-z]*(\.model)?\.?",
    re.IGNORECASE | re.MULTILINE,
)
_WRAPPING = re.compile(
    r"\ban error occurred\b|\bwhen calling the \w+ operation\b|\bstatus ?code\b"
    r"|\brequest ?id\W+[\w-]+|\bx-amzn-errortype\b|\bhttps?/[\d.]+"
    r"|\b(__type|code|error|errors|exception|message|name|null|promise|reason|service"
    r"|status|type|uncaught|[1-5]\d\d)\b"
    r"|[\W_]+",
    re.IGNORECASE,
)


def named_by(told: str) -> frozenset[str]:
    """Return the codes of the causes that a text names, however it was pasted."""
    words = _words_in(told)
    for table in _PATTERNS:
        found = {code for code, pattern in table.items() if pattern.search(words)}
        if found:
            return frozenset(found & _QUOTING or found)
    bare = _bare(words)
    return frozenset(
        code for code, all_ in _BARE.items() if bare in map(_bare, all_) and bare
    )


def _words_in(told: str) -> str:
    """Return what is said in a text, on one line and without what is around it."""
    if len(told) > 2 * _LONGEST:
        told = f"{told[:_LONGEST]}\n{told[-_LONGEST:]}"
    plain = re.sub(r"\\+", r"\\", told)
    plain = re.sub(r"\\u0027", "'", re.sub(r"\\[nrt]", "\n", plain))
    plain = re.sub(r"\\", " ", re.sub(r"\\([\"/])", r"\1", plain))
    plain = html.unescape(unquote_plus(_NOISE.sub(" ", plain)))
    return " ".join(_NOISE.sub(" ", plain).replace("\u2019", "'").split())


def _bare(words: str) -> str:
    """Return what is left of words without what wraps them, each once."""
    return " ".join(dict.fromkeys(_WRAPPING.sub(" ", words).lower().split()))
