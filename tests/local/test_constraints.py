"""The local AWS enforces service models with AWS's messages."""

# ruff: noqa: E501 - sentences of AWS

from __future__ import annotations

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from cognito_gw.local.constraints import matches, refusal


def shape(service, name):
    description = Loader().load_service_model(service, "service-2")
    return ServiceModel(description).shape_for(name)


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "Grüße-東京-1€", True),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "a\N{NO-BREAK SPACE}b", False),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "a b", False),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Ämter und Städte: 1/2", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a\tb", False),
        (r"[\w\s+=,.@-]+", "Café", False),
        (r"[\u0020-\u00FF]+", "Café", True),
        (r"[a-z]+", "abc\n", False),
    ],
)
def test_patterns_are_those_of_java(pattern, text, is_match):
    assert matches(pattern, text) is is_match


@pytest.mark.parametrize(
    ("service", "name", "params", "said"),
    [
        (
            "cognito-idp",
            "CreateUserPoolRequest",
            {},
            (
                "1 validation error detected: Value null at 'poolName' failed to satisfy "
                "constraint: Member must not be null"
            ),
        ),
        (
            "cognito-idp",
            "CreateUserPoolRequest",
            {"PoolName": "a/", "MfaConfiguration": "YES"},
            (
                "2 validation errors detected: Value 'a/' at 'poolName' failed to satisfy "
                r"constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+"
                "; Value 'YES' at 'mfaConfiguration' failed to satisfy constraint: Member "
                "must satisfy enum value set: [OFF, ON, OPTIONAL]"
            ),
        ),
        (
            "cognito-idp",
            "CreateUserPoolClientRequest",
            {"UserPoolId": "eu_1", "ClientName": "a", "ExplicitAuthFlows": ["X"]},
            (
                "1 validation error detected: Value '[X]' at 'explicitAuthFlows' failed to "
                "satisfy constraint: Member must satisfy constraint: [Member must satisfy "
                "enum value set: ["
            ),
        ),
        (
            "lambda",
            "CreateFunctionRequest",
            {"FunctionName": "f", "Role": "r", "Code": {}, "Timeout": 0},
            "2 validation errors detected: Value 'r' at 'role' failed",
        ),
        (
            "iam",
            "CreateRoleRequest",
            {"RoleName": "x" * 65, "AssumeRolePolicyDocument": "{}"},
            (
                f"1 validation error detected: Value '{'x' * 65}' at 'roleName' failed to "
                "satisfy constraint: Member must have length less than or equal to 64"
            ),
        ),
        (
            "logs",
            "CreateLogGroupRequest",
            {"logGroupName": "a b"},
            (
                "1 validation error detected: Value 'a b' at 'logGroupName' failed to "
                r"satisfy constraint: Member must satisfy regular expression pattern: [\."
            ),
        ),
    ],
)
def test_every_violation_is_reported(service, name, params, said):
    assert str(refusal(params, shape(service, name))).startswith(said)


@pytest.mark.parametrize(
    ("service", "name", "params"),
    [
        (
            "cognito-idp",
            "SignUpRequest",
            {"ClientId": "a", "Username": "hunter 2", "Password": " hunter2"},
        ),
        (
            "cognito-idp",
            "ChangePasswordRequest",
            {"ProposedPassword": "hunter2 ", "AccessToken": "hunter2 "},
        ),
        (
            "lambda",
            "CreateFunctionRequest",
            {
                "FunctionName": "f",
                "Role": "arn:aws:iam::123456789012:role/r",
                "Code": {},
                "Environment": {"Variables": {"1": "hunter2"}},
            },
        ),
    ],
)
def test_no_secret_is_repeated(service, name, params):
    said = refusal(params, shape(service, name))
    assert said
    assert "hunter" not in said


def test_values_within_the_limits_are_accepted():
    params = {"PoolName": "shop", "UserPoolTags": {"team": "a & b"}}
    assert refusal(params, shape("cognito-idp", "CreateUserPoolRequest")) is None
