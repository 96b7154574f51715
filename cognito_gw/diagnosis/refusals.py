"""What Cognito says when it refuses, and the cause that the words name.

The words come from the API's exceptions, the OAuth endpoints, the sign-in pages, and
from people who quoted them; tests/recorded/cognito_refusals.json has each with its
source. Cognito's descriptions are not fixed strings, so each is matched loosely.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

_WORDS: dict[str, tuple[str, ...]] = {
    "expired-token": (
        r"access token (has )?expired",
        r"(?<!refresh )token (is|has) expired",
        r"invalid login token\. token expired",
    ),
    "access-token-refused": (
        r"invalid_token",
        r"invalid (access )?token\b",
        r"access token has been revoked",
        r"could not verify signature for access token",
        r"unsupported_?token_?type",
        r"\bUnauthorizedException",
    ),
    "api-scope-missing": (
        r"access token does not have required scopes",
        r"insufficient_scope",
    ),
    "grant-refused": (
        r"invalid_grant",
        r"refresh token (has been|has|is) (revoked|expired|reused|invalid)",
        r"invalid refresh token",
        r"RefreshTokenReuse",
        r"invalid (authorization )?code\b(?! (provided|received|or))",
    ),
    "pool-missing": (
        r"user ?pool (?!client)\S+ does not exist",
        r"^\W*ResourceNotFoundException\W*$",
        r"no such user ?pool",
    ),
    "client-missing": (
        r"(?<!configured )\bclient \S+ does not exist",
        r"invalid client[ _]id",
        r"client_id is invalid",
    ),
    "flow-not-enabled": (
        r"flow (is )?not enabled",
        r"unauthorized_client",
        r"not enabled for oauth",
        r"InvalidOAuthFlow",
        r"UnsupportedOperation",
        r"token revocation is not enabled",
        r"auth method not supported",
        r"flow is not (supported|allowed)",
        r"unsupported_response_type",
    ),
    "scope-not-allowed": (r"invalid_scope", r"ScopeDoesNotExist"),
    "client-secret-required": (
        r"secret_hash",
        r"secret hash",
        r"verify secret\b",
        r"invalid_client(?!_?(id|metadata))",
        r"client secret",
    ),
    "callback-mismatch": (
        r"redirect[_ ]?(uri)?[_ ]?mismatch",
        r"(invalid|unregistered|missing) redirect_uri",
        r"redirect_uri (is )?(not|invalid)",
    ),
    "malformed-request": (
        r"required string parameter",
        r"missing (required )?parameter",
        r"unsupported_grant_type",
        r"invalid_request(?!.*(invalid_scope|identity|provider|client_secret))",
        r"^\W*InvalidParameterException\W*$",
        r"validation errors? detected",
        r"code_challenge",
        r"is missing a required parameter(?! : client_secret)",
    ),
    "login-required": (r"login_required", r"interaction_required"),
    "sign-in-pages-unavailable": (
        r"login pages? unavailable",
        r"ManagedLoginBranding",
        r"managed login branding",
    ),
    "identity-provider-failed": (
        r"UnsupportedIdentityProvider",
        r"identity ?provider",
        r"\bsaml",
        r"access_denied",
        r"\berror - \d{3}\b",
        r"attribute mapping",
        r"attributes required",
        r"DuplicateProvider",
    ),
    "user-missing": (r"UserNotFound", r"user does not exist"),
    "user-disabled": (r"user is (disabled|not enabled)", r"user account is disabled"),
    "user-unconfirmed": (
        r"UserNotConfirmed",
        r"user is not confirmed",
        r"account is not confirmed",
    ),
    "user-state": (
        r"UnsupportedUserState",
        r"user (cannot be confirmed|is already confirmed)",
        r"current status is",
    ),
    "temporary-password-expired": (r"temporary password has expired",),
    "password-reset-unavailable": (
        r"password cannot be reset",
        r"cannot reset password for the user",
        r"no registered/verified email",
    ),
    "password-reset-required": (r"PasswordResetRequired", r"password reset required"),
    "new-password-required": (r"new_password_required", r"force_change_password"),
    "mfa-required": (
        r"authenticator app",
        r"the code of",
        r"_MFA\b",
        r"\bMFA_",
        r"_OTP\b",
        r"can sign in by",
    ),
    "mfa-not-set-up": (
        r"SoftwareTokenMFANotFound",
        r"MFAMethodNotFound",
        r"mfa (is )?not (set ?up|enabled)",
    ),
    "wrong-password": (
        r"incorrect username or password",
        r"password attempts exceeded",
        r"^\W*NotAuthorizedException\W*$",
    ),
    "too-many-attempts": (
        r"attempt limit exceeded",
        r"TooManyRequests",
        r"TooManyFailedAttempts",
        r"LimitExceededException(?!.*password attempts)",
        r"rate exceeded",
        r"exceeded daily (email|sms)",
        r"ServiceQuotaExceeded",
    ),
    "password-too-weak": (
        r"InvalidPassword",
        r"password did not conform",
        r"password not long enough",
        r"password (must|does not) ",
        r"PasswordHistoryPolicyViolation",
        r"password has (previously )?been used",
    ),
    "user-exists": (
        r"UsernameExists",
        r"AliasExists",
        r"user already exists",
        r"an account with the (given )?\w+ already exists",
        r"already found an entry for username",
    ),
    "attributes-invalid": (
        r"attributes did not conform",
        r"username should be an? ",
        r"username should be either",
        r"username cannot be of",
        r"invalid (email address|phone number) format",
        r"attribute value for \w+ must not be null",
    ),
    "attribute-not-writable": (
        r"attempted to (write|read) unauthorized attribute",
        r"cannot modify (the )?(non-mutable|an already provided) ",
    ),
    "wrong-code": (
        r"CodeMismatch",
        r"ExpiredCode",
        r"EnableSoftwareTokenMFAException",
        r"invalid (verification )?code (provided|received)",
        r"code mismatch",
        r"software token has already been used",
        r"invalid code or auth state",
    ),
    "session-expired": (
        r"invalid session",
        r"session (is|has) expired",
        r"session can only be used once",
        r"invalid challenge transition",
    ),
    "device-unknown": (r"device does not exist", r"DeviceKeyExists"),
    "passkey-refused": (r"WebAuthn", r"passkey"),
    "sign-up-closed": (r"sign ?up is not permitted",),
    "trigger-missing": (r"lambda trigger is not configured",),
    "trigger-failed": (
        r"UserLambdaValidation",
        r"UnexpectedLambda",
        r"InvalidLambdaResponse",
        r"\w+ failed with error",
        r"invocation failed due to",
        r"unrecognizable lambda output",
    ),
    "message-not-sent": (
        r"CodeDeliveryFailure",
        r"InvalidSmsRole",
        r"InvalidEmailRole",
        r"failed to send (the )?(email|sms|message)",
    ),
    "blocked-by-firewall": (r"waf block", r"\bForbiddenException"),
    "not-in-plan": (r"FeatureUnavailableInTier", r"UserPoolAddOnNotEnabled"),
    "pool-configuration": (
        r"InvalidUserPoolConfiguration",
        r"OperationNotEnabled",
        r"PreconditionNotMet",
    ),
    "aws-permission-missing": (
        r"AccessDeniedException",
        r"is not authorized to perform",
        r"UnrecognizedClient",
        r"security token included in the request",
    ),
    "cognito-failed": (
        r"InternalError",
        r"InternalServer",
        r"server_error",
        r"temporarily_unavailable",
        r"ConcurrentModification",
        r"something went wrong",
        r"an error was encountered with the requested page",
    ),
}
_PATTERNS = {
    code: re.compile("|".join(words), re.IGNORECASE | re.DOTALL)
    for code, words in _WORDS.items()
}
CODES = tuple(_WORDS)


def named_by(told: str) -> frozenset[str]:
    """Return the codes of the causes that a text names; it may be from an address."""
    spelled = unquote_plus(told).strip()
    return frozenset(code for code, words in _PATTERNS.items() if words.search(spelled))
