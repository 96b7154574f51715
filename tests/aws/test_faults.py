"""The messages for AWS errors."""

from __future__ import annotations

import socket

import pytest
from botocore import exceptions
from fakes import refusal

from cognito_gw.aws.clients import Aws, local_session
from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.aws.errors import ABSENT, absent_is_none, as_cgw_error, is_lost
from cognito_gw.errors import AwsRefused, Missing

CALLER = "User: arn:aws:iam::1:user/bob is not authorized to perform: "


def test_a_local_aws_that_stopped_is_named(environment):
    """Immediately, and not as a network problem; no proxy is asked."""
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    environment.setenv("NO_PROXY", "")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    naps = []
    session = local_session(None, AccessKey("AKIA", "secret"))
    aws = Aws(session, endpoint_url=url, sleep=naps.append)
    for call in (aws.logs.describe_log_groups, aws.sts.get_caller_identity):
        with pytest.raises(AwsRefused, match="the local AWS stopped") as error:
            call()
        assert "`cgw up`" in error.value.hint
    assert naps == []


@pytest.mark.parametrize(
    ("error", "what", "hint", "reason"),
    [
        (
            refusal("AccessDenied", f"{CALLER}iam:CreateRole on resource: x"),
            "the caller may not do iam:CreateRole",
            "cgw policy",
            "the action is the one that AWS names",
        ),
        (
            refusal("AccessDeniedException", "no", "CreateUserPool"),
            "the caller may not do CreateUserPool",
            "cgw policy",
            "where AWS names no action it is the call",
        ),
        (
            refusal("AccessDeniedException", f"{CALLER}cognito-idp:TagResource"),
            "cognito-idp:TagResource",
            "cgw policy",
            "a service with a hyphen",
        ),
        (
            refusal("ExpiredToken"),
            "the AWS credentials have expired",
            "aws sso login",
            "of STS",
        ),
        (
            refusal("ExpiredTokenException"),
            "the AWS credentials have expired",
            "aws sso login",
            "of other services",
        ),
        (
            refusal("InvalidClientTokenId"),
            "does not accept these credentials",
            "Region is enabled",
            "a key of another account, or a region that is off",
        ),
        (
            refusal("UnrecognizedClientException"),
            "does not accept these credentials",
            "Region is enabled",
            "as Cognito says it",
        ),
        (
            refusal("SignatureDoesNotMatch"),
            "does not accept these credentials",
            "profile",
            "a wrong secret key",
        ),
        (
            refusal("Throttling", "Rate exceeded", "CreateRole"),
            "CreateRole: Throttling: Rate exceeded",
            "rerun the command",
            "IAM's throttling",
        ),
        (
            refusal("TooManyRequestsException", "Too Many Requests", "DeleteRestApi"),
            "DeleteRestApi: TooManyRequestsException",
            "rerun the command",
            "API Gateway's throttling",
        ),
        (
            refusal("LimitExceededException", "full"),
            "LimitExceededException: full",
            "Service Quotas",
            "a quota",
        ),
        (
            refusal(
                "InvalidParameterException",
                "Domain already associated with another user pool.",
            ),
            "the domain prefix is taken",
            "choose another `domain:`",
            "a prefix of another account",
        ),
        (
            refusal("InvalidPasswordException", "too short", "AdminSetUserPassword"),
            "AdminSetUserPassword: InvalidPasswordException: too short",
            "user_pool.password_policy",
            "a weak password",
        ),
        (
            refusal("500", "Internal Server Error", "UpdateMethod", 500),
            "UpdateMethod: the endpoint answered HTTP 500",
            "emulator",
            "a page of HTML instead of an error",
        ),
        (
            refusal("ConflictException", "already", "PutMethod"),
            "PutMethod: ConflictException: already",
            None,
            "anything else is told in AWS's words",
        ),
        (
            exceptions.NoCredentialsError(),
            "no AWS credentials were found",
            "cgw --local",
            "nothing is configured",
        ),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="x"),
            "no AWS credentials were found",
            "aws configure",
            "half is configured",
        ),
        (
            exceptions.UnauthorizedSSOTokenError(),
            "SSO session has expired",
            "aws sso login",
            "an old kind of SSO session",
        ),
        (
            exceptions.SSOTokenLoadError(error_msg="no token"),
            "SSO session has expired",
            "aws sso login",
            "no SSO session",
        ),
        (
            exceptions.TokenRetrievalError(provider="sso", error_msg="expired"),
            "SSO session has expired",
            "aws sso login",
            "a new kind of SSO session",
        ),
        (
            exceptions.ProfileNotFound(profile="work"),
            "work",
            "list-profiles",
            "an unknown profile",
        ),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://x.moon-1.aws"),
            "https://x.moon-1.aws",
            "region",
            "a region that does not exist",
        ),
        (
            exceptions.EndpointConnectionError(endpoint_url="http://localhost:4566/"),
            "localhost:4566",
            "`cgw local env`",
            "of this machine, where no proxy is in between",
        ),
        (
            exceptions.ConnectTimeoutError(endpoint_url="https://x.aws"),
            "https://x.aws",
            "HTTPS_PROXY",
            "a network without a way out",
        ),
        (
            exceptions.ParamValidationError(report="Missing parameter"),
            "Missing parameter",
            None,
            "what botocore itself refuses",
        ),
    ],
)
def test_words(error, what, hint, reason):
    """Each message says what happened and what to do, with exit code 1."""
    known = as_cgw_error(error)
    assert isinstance(known, AwsRefused), reason
    assert what in known.what, reason
    assert known.exit_code == 1
    if hint is None:
        assert known.hint is None, reason
    else:
        assert hint in known.hint, reason


def test_ours_stay():
    """Our own errors stay the same."""
    mine = Missing("x")
    assert as_cgw_error(mine) is mine


@pytest.mark.parametrize("bug", [KeyError("x"), AttributeError(), KeyboardInterrupt()])
def test_bugs(bug):
    """Other exceptions have no message for the user."""
    assert as_cgw_error(bug) is None


@pytest.mark.parametrize("code", sorted(ABSENT))
def test_absent(code):
    """Each of AWS's errors for a missing object counts as absent."""
    with absent_is_none():
        raise refusal(code)


@pytest.mark.parametrize(
    ("code", "status", "may_be_done"),
    [
        ("InternalFailure", 500, True),
        ("BadGateway", 502, True),
        ("ServiceUnavailable", 503, True),
        ("GatewayTimeout", 504, True),
        ("Throttling", 503, False),
        ("500", 500, False),  # of an emulator that lacks the operation
        ("ValidationException", 400, False),
    ],
)
def test_a_failed_server_may_have_carried_out_the_call(code, status, may_be_done):
    """The caller then reads before it writes again."""
    assert is_lost(refusal(code, "", "CreateUserPool", status)) is may_be_done


@pytest.mark.parametrize("code", ["AccessDeniedException", "Throttling", "500", ""])
def test_not_absent(code):
    """No other error counts as absent."""
    error = refusal(code)
    with pytest.raises(type(error)), absent_is_none():
        raise error


def test_a_profile_that_may_be_meant_is_named(environment, tmp_path):
    """From the AWS configuration files."""
    (tmp_path / "config").write_text("[profile work]\n[profile home]\n")
    environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    known = as_cgw_error(exceptions.ProfileNotFound(profile="wrok"))
    assert known.hint == (
        "did you mean `work`? `aws configure list-profiles` lists them"
    )
