"""Cognito refuses what AWS refuses, with AWS's messages."""

from __future__ import annotations

import pytest


def delete_with_domain(pool):
    pool.domain(pool.name)
    pool.call("delete_user_pool")


def delete_protected(pool):
    pool.call("update_user_pool", DeletionProtection="ACTIVE")
    pool.call("delete_user_pool")


def take_a_taken_prefix(pool):
    pool.domain(pool.name)
    type(pool)(pool.client, pool.name).domain(pool.name)


def take_a_second_prefix(pool):
    pool.domain(pool.name)
    pool.domain(f"{pool.name}-2")


def same_user_in_other_case(pool):
    pool.user("alice@example.com")
    pool.user("Alice@Example.com")


def confirm_whom_an_administrator_made(pool):
    pool.user("alice@example.com")
    pool.call("admin_confirm_sign_up", Username="alice@example.com")


def second_branding(pool):
    client = pool.app_client()["ClientId"]
    for _ in range(2):
        pool.call(
            "create_managed_login_branding",
            ClientId=client,
            UseCognitoProvidedValues=True,
        )


REFUSALS = {
    "delete a pool with a domain": (
        delete_with_domain,
        "InvalidParameterException",
        "User pool cannot be deleted. It has a domain configured",
    ),
    "delete a protected pool": (
        delete_protected,
        "InvalidParameterException",
        "The user pool cannot be deleted because deletion protection is activated.",
    ),
    "a taken domain prefix": (
        take_a_taken_prefix,
        "InvalidParameterException",
        "Domain already associated with another user pool",
    ),
    "a second domain prefix": (
        take_a_second_prefix,
        "InvalidParameterException",
        "User pool already has a domain configured",
    ),
    "a reserved word in the prefix": (
        lambda pool: pool.domain(f"my-cognito-{pool.name}"),
        "InvalidParameterException",
        "Domain cannot contain reserved word: cognito",
    ),
    "an ill-formed prefix": (
        lambda pool: pool.domain("My Domain"),
        "InvalidParameterException",
        "1 validation error detected: Value 'My Domain' at 'domain' failed",
    ),
    "a scope of an absent resource server": (
        lambda pool: pool.oauth_client(AllowedOAuthScopes=["api/read"]),
        "ScopeDoesNotExistException",
        "Invalid scope requested: api/read",
    ),
    "an http callback to another machine": (
        lambda pool: pool.oauth_client(CallbackURLs=["http://example.com/"]),
        "InvalidParameterException",
        "http://example.com/ cannot use the HTTP protocol.",
    ),
    "the code flow without a callback": (
        lambda pool: pool.oauth_client(CallbackURLs=[]),
        "InvalidOAuthFlowException",
        "CallbackUrls can not be empty when code flow or implicit flow is selected",
    ),
    "client credentials beside the code flow": (
        lambda pool: pool.oauth_client("code", "client_credentials"),
        "InvalidOAuthFlowException",
        "client_credentials flow can not be selected along with code flow",
    ),
    "client credentials without a secret": (
        lambda pool: pool.machine_client(),
        "InvalidOAuthFlowException",
        "client_credentials flow can not be selected if client does not have a client",
    ),
    "client credentials for a user's scope": (
        lambda pool: pool.machine_client(
            GenerateSecret=True, AllowedOAuthScopes=["openid"]
        ),
        "InvalidOAuthFlowException",
        "openid is not supported with client_credentials flow",
    ),
    "pages of more than 60 pools": (
        lambda pool: pool.client.list_user_pools(MaxResults=61),
        "InvalidParameterException",
        "1 validation error detected: Value '61' at 'maxResults' failed",
    ),
    "the same user in other case": (
        same_user_in_other_case,
        "UsernameExistsException",
        "User account already exists",
    ),
    "to confirm who did not sign up": (
        confirm_whom_an_administrator_made,
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD",
    ),
    "a short temporary password": (
        lambda pool: pool.user("a@example.com", TemporaryPassword="Aa1!"),
        "InvalidPasswordException",
        "Password did not conform with policy: Password not long enough",
    ),
    "a second branding of a client": (
        second_branding,
        "ManagedLoginBrandingExistsException",
        "Managed login branding already exists",
    ),
    "an absent branding": (
        lambda pool: pool.call(
            "describe_managed_login_branding_by_client",
            ClientId=pool.app_client()["ClientId"],
        ),
        "ResourceNotFoundException",
        "Managed login branding does not exist",
    ),
    "an absent resource server": (
        lambda pool: pool.call("delete_resource_server", Identifier="none"),
        "ResourceNotFoundException",
        "Resource server none does not exist.",
    ),
    "tags of an absent pool": (
        lambda pool: pool.client.list_tags_for_resource(ResourceArn=f"{pool.arn}x"),
        "ResourceNotFoundException",
        "User pool",
    ),
    "MFA off and configured": (
        lambda pool: pool.call(
            "set_user_pool_mfa_config",
            SoftwareTokenMfaConfiguration={"Enabled": True},
        ),
        "InvalidParameterException",
        "Invalid MFA configuration given",
    ),
}


@pytest.mark.parametrize(
    ("call", "code", "message"), REFUSALS.values(), ids=REFUSALS.keys()
)
def test_refuses_what_aws_refuses(pool, refusal, call, code, message):
    refused = refusal(call, pool)
    assert (refused.status, refused.code) == (400, code)
    assert refused.message.startswith(message)


def test_refuses_a_client_of_an_absent_pool(aws, refusal):
    refused = refusal(
        aws("cognito-idp").list_resource_servers,
        UserPoolId="eu-west-1_none",
        MaxResults=1,
    )
    assert refused.code == "ResourceNotFoundException"
    assert refused.message == "User pool eu-west-1_none does not exist."


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("AA11!!AA", "lowercase characters"),
        ("aa11!!aa", "uppercase characters"),
        ("aaAA!!aa", "numeric characters"),
        ("aaAA11aa", "symbol characters"),
    ],
)
def test_a_password_must_have_what_the_policy_demands(pool, refusal, password, missing):
    user = pool.user("a@example.com")["User"]["Username"]
    refused = refusal(
        pool.call, "admin_set_user_password", Username=user, Password=password
    )
    expected = f"Password did not conform with policy: Password must have {missing}"
    assert refused == (400, "InvalidPasswordException", expected)
