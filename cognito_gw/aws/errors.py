"""What the errors of AWS mean, and messages for them."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from cognito_gw.aws.botocore_files import profile_regions
from cognito_gw.errors import AwsRefused, CgwError
from cognito_gw.text import LOOPBACK, guess

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = frozenset(
    {
        "NoSuchEntity",
        "NotFoundException",
        "ResourceNotFoundException",
        "UserNotFoundException",
    }
)
_LONGEST = 300  # characters of a quoted response
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_STALE = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEY = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
)
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
# Quotas, where a retry changes nothing. botocore retries the first as throttling.
_QUOTA_REACHED = frozenset(
    {
        "LimitExceededException",
        "LimitExceeded",  # IAM's
        "CodeStorageExceededException",
        "ServiceQuotaExceededException",
    }
)
_CONCURRENT = frozenset({"ConcurrentModification", "ConcurrentModificationException"})
_CONCURRENT_WORDS = "concurrent modification"  # of API Gateway's ConflictException
# The request may have arrived, only the response did not.
_LOST = (ConnectionClosedError, ReadTimeoutError, ResponseStreamingError)
_FAILURES = (500, 502, 503, 504)  # the server may have begun
_TAKEN = frozenset(
    {
        "ConflictException",
        "EntityAlreadyExists",
        "GroupExistsException",
        "ManagedLoginBrandingExistsException",
        "ResourceAlreadyExistsException",
        "ResourceConflictException",
        "UsernameExistsException",
    }
)
_SIGN_IN_AGAIN = "sign in again: `aws sso login`, with `--profile` if you use one"
_DOMAIN_TAKEN = "already associated with another user pool"  # or with this one
# For resource servers, authorizers and domains AWS has no code.
_TAKEN_WORDS = ("already exists", "must be unique", "already has a domain")
_ADVICE = {
    "FeatureUnavailableInTierException": "`user_pool.tier` sets the feature plan",
    "TierChangeNotAllowedException": "the pool changes before what is in it: "
    "turn these off with the present `user_pool.tier` and `cgw up`, then change it",
    "InvalidPasswordException": "choose one that meets user_pool.password_policy",
    "TooManyRequestsException": "AWS is throttling: rerun the command in a minute",
    "Throttling": "AWS is throttling: rerun the command in a minute",
}
_ATTEMPTS_LIMIT = "attempt limit exceeded"  # for the codes and passwords of one user
# The quota that each operation can reach.
_QUOTAS = {
    "CreateAuthorizer": "authorizers per API",
    "CreateDeployment": "deployments per API",
    "CreateFunction": "function and layer storage",
    "CreateGroup": "groups per user pool",
    "CreateLogGroup": "log groups",
    "CreateManagedLoginBranding": "managed login styles per user pool",
    "CreateResource": "resources per API",
    "CreateResourceServer": "resource servers per user pool",
    "CreateRestApi": "REST APIs",
    "CreateRole": "IAM roles",
    "CreateStage": "stages per API",
    "CreateUserPool": "user pools",
    "CreateUserPoolClient": "app clients per user pool",
    "CreateUserPoolDomain": "user pool domains",
    "PutRolePolicy": "the size of a role's policies",
    "UpdateFunctionCode": "function and layer storage",
}


def code_of(error: ClientError) -> str:
    """Return the AWS error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return the message of AWS, as one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())


@contextmanager
def absent_is_none() -> Iterator[None]:
    """Suppress the errors by which AWS says that a resource does not exist."""
    try:
        yield
    except ClientError as error:
        if not is_absent(error):
            raise


def is_absent(error: BaseException) -> bool:
    """Whether AWS says that a resource does not exist."""
    return isinstance(error, ClientError) and code_of(error) in ABSENT


def is_of_the_caller(error: Exception) -> bool:
    """Whether a call failed because of its credentials or their permissions."""
    if isinstance(error, ClientError):
        return code_of(error) in _DENIED | _STALE | _UNKNOWN_KEY
    return isinstance(error, _NO_CREDENTIALS)


def is_lost(error: BaseException) -> bool:
    """Whether AWS may have carried out the call, and only the response is missing."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        # A 500 without an AWS code comes from an emulator that lacks the operation.
        return status in _FAILURES and code_of(error) not in THROTTLED | {"500"}
    return isinstance(error, _LOST)


def is_quota(error: ClientError) -> bool:
    """Whether a quota is reached: a retry changes nothing."""
    return code_of(error) in _QUOTA_REACHED


def is_concurrent(error: ClientError) -> bool:
    """Whether AWS did nothing because it was busy with another change.

    Parallel writes of one cgw process conflict, too: it need not be another process.
    """
    return code_of(error) in _CONCURRENT or _CONCURRENT_WORDS in message_of(error)


def is_domain_taken(error: ClientError) -> bool:
    """Whether a domain prefix belongs to a user pool, which may be this one."""
    return _DOMAIN_TAKEN in message_of(error)


def is_taken(error: BaseException) -> bool:
    """Whether AWS refused because a concurrent call created or changes the same."""
    if not isinstance(error, ClientError) or is_concurrent(error):
        return False
    words = message_of(error)
    return code_of(error) in _TAKEN or any(phrase in words for phrase in _TAKEN_WORDS)


class Lacking(AwsRefused, KeyError):
    """Raised for a documented field that a response lacks."""

    def __str__(self) -> str:
        """Return the message, and not the missing key as KeyError does."""
        return self.what


def lacking(what: str, key: str) -> Lacking:
    """Return the error for a response that lacks a documented field."""
    return Lacking(
        f"{what} lacks `{key}`",
        hint="AWS always sends it; is the endpoint an emulator?",
    )


def as_cgw_error(error: BaseException) -> CgwError | None:
    """Return the error with a message for users; None for a bug of cgw."""
    if isinstance(error, CgwError):
        return error
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, BotoCoreError):
        return _unreachable(error)
    if isinstance(error, ResponseParserError):
        words = " ".join(str(error).split())[:_LONGEST]
        return AwsRefused(f"a response of the endpoint cannot be parsed: {words}")
    return None


def _refused(error: ClientError) -> CgwError:
    code, words = code_of(error), message_of(error)
    call = error.operation_name
    if code in _DENIED:
        return _denied(error)
    if code in _STALE:
        return AwsRefused("the AWS credentials have expired", hint=_SIGN_IN_AGAIN)
    if code in _UNKNOWN_KEY:
        return AwsRefused(
            f"AWS does not accept these credentials ({code})",
            hint="check the profile, and that the Region is enabled in your account",
        )
    if (special := _special(error)) is not None:
        return special
    if code.isdigit():  # an HTML page with a status instead of an AWS error code
        return AwsRefused(
            f"{call}: the endpoint answered HTTP {code} without an AWS error",
            hint="an emulator may lack this operation; `cgw --local` has it",
        )
    return AwsRefused(f"{call}: {code}: {words}", hint=_ADVICE.get(code))


def _denied(error: ClientError) -> AwsRefused:
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", message_of(error))
    what = named.group(1) if named else error.operation_name
    return AwsRefused(
        f"the caller may not do {what}: {message_of(error)}",
        hint="`cgw policy` prints the IAM policy that this file needs",
    )


def _special(error: ClientError) -> CgwError | None:
    """Return the error for a refusal with a message of ours; None for others."""
    if is_domain_taken(error):
        return AwsRefused(
            "the domain prefix is taken: it must be unique in the Region",
            hint="choose another `domain:`, or omit it for a generated one",
        )
    if is_quota(error):
        return _over_quota(error)
    if is_concurrent(error):
        return AwsRefused(
            f"{error.operation_name}: {code_of(error)}: {message_of(error)}",
            hint="another process keeps changing this resource: wait until it ends, "
            "then rerun the command",
        )
    return None


def _over_quota(error: ClientError) -> AwsRefused:
    call, words = error.operation_name, message_of(error)
    said = f"{call}: {code_of(error)}: {words}"
    if _ATTEMPTS_LIMIT in words.lower():
        return AwsRefused(said, hint="wait some minutes before the next attempt")
    what = _QUOTAS.get(call)
    return AwsRefused(
        f"the AWS quota for {what} is reached: {said}" if what else said,
        hint="an AWS quota is reached: delete resources that you no longer need, or "
        "request an increase in Service Quotas",
    )


def _unreachable(error: BotoCoreError) -> CgwError:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return AwsRefused(
            "no AWS credentials were found",
            hint="`aws configure` or `aws sso login`; or try `cgw --local`, "
            "which needs no account",
        )
    if isinstance(error, SSOError | TokenRetrievalError):
        return AwsRefused("the AWS SSO session has expired", hint=_SIGN_IN_AGAIN)
    if isinstance(error, ProfileNotFound):
        return _no_profile(error)
    if isinstance(error, BotoConnectionError):
        return AwsRefused(
            str(error),
            hint=_stopped_here(error)
            or _region_guess(str(error))
            or "check the network and the region; behind a proxy set HTTPS_PROXY",
        )
    return AwsRefused(str(error))


def _no_profile(error: ProfileNotFound) -> AwsRefused:
    meant = guess(error.kwargs["profile"], profile_regions(os.environ))
    hint = "`aws configure list-profiles` lists them"
    return AwsRefused(str(error), hint=f"{meant} {hint}".lstrip())


def _stopped_here(error: BotoConnectionError) -> str | None:
    """Return a hint when the unreachable endpoint is on this machine."""
    host = urlsplit(str(error.kwargs.get("endpoint_url", ""))).hostname
    if host not in LOOPBACK:
        return None
    return (
        "no server runs at this AWS_ENDPOINT_URL; after a restart of the "
        "local AWS, `cgw local env` prints its new one"
    )


def _region_guess(words: str) -> str | None:
    """Return a hint when the unreachable endpoint is in an unknown Region."""
    import boto3

    found = re.search(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws", words)
    known = boto3.Session().get_available_regions("cognito-idp")
    if found is None or found[1] in known:
        return None
    what = f"`{found[1]}` is not a known Region with Cognito"
    meant = guess(found[1], known)
    return f"{what}: {meant}" if meant else what
