"""Cognito answers as AWS does where moto does not."""

from __future__ import annotations

import re

import pytest

SIGN_IN_BY_MAIL = {
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}


def test_a_policy_demands_only_what_it_says(make_pool):
    policy = {"PasswordPolicy": {"MinimumLength": 6}}
    pool = make_pool(Policies=policy)
    pool.user("alice", TemporaryPassword="simple")
    assert pool.described()["Policies"]["PasswordPolicy"]["RequireSymbols"] is False


@pytest.mark.parametrize("length", [99, 256])
def test_a_password_may_be_long(make_pool, length):
    pool = make_pool()
    pool.user("alice")
    password = "Aa1-" * 64
    pool.call("admin_set_user_password", Username="alice", Password=password[:length])


def test_a_pool_id_has_the_form_of_aws(pool):
    assert re.fullmatch(r"eu-west-1_[a-zA-Z0-9]{9}", pool.id)
    assert pool.arn.endswith(f":userpool/{pool.id}")
    assert pool.described()["Arn"] == pool.arn


def test_a_pool_with_a_custom_attribute_has_the_standard_ones_too(make_pool):
    schema = [{"Name": "team", "AttributeDataType": "String"}]
    pool = make_pool(Schema=schema)
    names = {attribute["Name"] for attribute in pool.described()["SchemaAttributes"]}
    assert {"custom:team", "email", "sub"} <= names


def test_updating_a_pool_keeps_what_creation_fixed_and_resets_the_rest(make_pool, name):
    policy = {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}}
    pool = make_pool(
        **SIGN_IN_BY_MAIL,
        Policies=policy,
        AutoVerifiedAttributes=["email"],
        Schema=[{"Name": "team", "AttributeDataType": "String"}],
    )
    pool.call("update_user_pool", DeletionProtection="INACTIVE")
    after = pool.described()
    assert after.items() >= SIGN_IN_BY_MAIL.items()
    assert after["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert after["SchemaAttributes"] == pool.made["SchemaAttributes"]
    assert not after.get("AutoVerifiedAttributes")
    assert after["Name"] == name


def test_mfa_settings_are_read_as_they_were_set(pool):
    totp = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    pool.call("set_user_pool_mfa_config", MfaConfiguration="OPTIONAL", **totp)
    assert pool.call("get_user_pool_mfa_config")["MfaConfiguration"] == "OPTIONAL"
    pool.call("update_user_pool", DeletionProtection="INACTIVE")
    assert pool.described()["MfaConfiguration"] == "OPTIONAL"
    pool.call("set_user_pool_mfa_config")
    assert pool.described()["MfaConfiguration"] == "OFF"


def test_tags_a_pool(make_pool):
    pool = make_pool(UserPoolTags={"a": "1"})
    pool.client.tag_resource(ResourceArn=pool.arn, Tags={"b": "2"})
    pool.client.untag_resource(ResourceArn=pool.arn, TagKeys=["a"])
    tags = pool.client.list_tags_for_resource(ResourceArn=pool.arn)["Tags"]
    assert tags == pool.described()["UserPoolTags"] == {"b": "2"}


def test_a_domain_returns_its_account_and_pages(pool):
    made = pool.domain(pool.name, ManagedLoginVersion=2)
    assert made["ManagedLoginVersion"] == 2
    describe = pool.client.describe_user_pool_domain
    description = describe(Domain=pool.name)["DomainDescription"]
    assert description["AWSAccountId"] == "123456789012"
    assert description["ManagedLoginVersion"] == 2
    assert description["Version"]
    pool.call("update_user_pool_domain", Domain=pool.name, ManagedLoginVersion=1)
    description = describe(Domain=pool.name)["DomainDescription"]
    assert description["ManagedLoginVersion"] == 1


def test_an_absent_domain_has_an_empty_description(pool):
    answer = pool.client.describe_user_pool_domain(Domain=pool.name)
    assert answer["DomainDescription"] == {}


def test_updating_a_client_resets_what_is_omitted(pool):
    made = pool.oauth_client(GenerateSecret=True, RefreshTokenValidity=5)
    assert made["CreationDate"] <= made["LastModifiedDate"]
    updated = pool.call(
        "update_user_pool_client",
        ClientId=made["ClientId"],
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
    )["UserPoolClient"]
    assert updated["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]
    assert updated["RefreshTokenValidity"] == 30
    assert updated["AllowedOAuthFlowsUserPoolClient"] is False
    assert "CallbackURLs" not in updated
    kept = ("ClientId", "ClientName", "ClientSecret", "CreationDate")
    assert [updated[field] for field in kept] == [made[field] for field in kept]


def test_a_machine_client_needs_a_secret_and_a_custom_scope(pool):
    made = pool.machine_client(GenerateSecret=True)
    assert made["AllowedOAuthFlows"] == ["client_credentials"]


def test_updates_and_deletes_a_resource_server(pool):
    pool.server("read")
    scopes = [{"ScopeName": "write", "ScopeDescription": "Write"}]
    server = {"Identifier": "api", "Name": "new", "Scopes": scopes}
    pool.call("update_resource_server", **server)
    read = pool.call("describe_resource_server", Identifier="api")["ResourceServer"]
    assert read == server | {"UserPoolId": pool.id}
    pool.call("delete_resource_server", Identifier="api")
    servers = pool.call("list_resource_servers", MaxResults=1)["ResourceServers"]
    assert servers == []


def test_a_client_has_one_branding(pool, refusal):
    client = pool.app_client()["ClientId"]
    made = pool.call(
        "create_managed_login_branding", ClientId=client, UseCognitoProvidedValues=True
    )["ManagedLoginBranding"]
    branding = {"ManagedLoginBrandingId": made["ManagedLoginBrandingId"]}
    settings = {"components": {"form": {"borderRadius": 8.0}}}
    pool.call("update_managed_login_branding", Settings=settings, **branding)
    read = pool.call("describe_managed_login_branding_by_client", ClientId=client)
    assert read["ManagedLoginBranding"]["Settings"] == settings
    assert "UseCognitoProvidedValues" not in read["ManagedLoginBranding"]
    pool.call("delete_managed_login_branding", **branding)
    refused = refusal(pool.call, "describe_managed_login_branding", **branding)
    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize("way", ["other case", "sub"])
def test_an_administrator_finds_users_in_any_case_and_by_sub(pool, way):
    made = pool.user("alice@example.com")["User"]
    name = "Alice@Example.COM" if way == "other case" else made["Username"]
    pool.call("create_group", GroupName="readers")
    group = {"Username": name, "GroupName": "readers"}
    pool.call("admin_add_user_to_group", **group)
    listed = pool.call("admin_list_groups_for_user", Username=name)["Groups"]
    assert [group["GroupName"] for group in listed] == ["readers"]
    pool.call("admin_remove_user_from_group", **group)
    pool.call("admin_disable_user", Username=name)
    assert pool.call("admin_get_user", Username=name)["Enabled"] is False
    pool.call("admin_enable_user", Username=name)
    pool.call("admin_set_user_password", Username=name, Password="Secret-123")
    pool.call("admin_delete_user", Username=name)
    assert pool.call("list_users")["Users"] == []


def test_the_lists_of_a_client_come_back_sorted(pool):
    """Read on AWS in 2026: cdk-real-drift, UserPoolClient.Client.callbackurls."""
    urls = ["https://z.example/", "https://a.example/", "https://m.example/"]
    settings = {
        "CallbackURLs": urls,
        "LogoutURLs": urls,
        "AllowedOAuthFlows": ["implicit", "code"],
        "AllowedOAuthScopes": ["profile", "email", "openid"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "AllowedOAuthFlowsUserPoolClient": True,
    }
    made = pool.call("create_user_pool_client", ClientName="s", **settings)
    key = {"ClientId": made["UserPoolClient"]["ClientId"]}
    read = pool.call("describe_user_pool_client", **key)
    written = pool.call("update_user_pool_client", **key, **settings)
    for answer in (made, read, written):
        client = answer["UserPoolClient"]
        for name in settings.keys() - {"AllowedOAuthFlowsUserPoolClient"}:
            assert client[name] == sorted(settings[name])
