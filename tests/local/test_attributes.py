"""Attributes must be in the pool's schema and have the right type."""

from __future__ import annotations

import jwt
import pytest
from people import PASSWORD, People

SCHEMA = [
    {
        "Name": "age",
        "AttributeDataType": "Number",
        "Mutable": False,
        "NumberAttributeConstraints": {"MinValue": "0", "MaxValue": "150"},
    },
    {
        "Name": "code",
        "AttributeDataType": "String",
        "Mutable": True,
        "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "4"},
    },
]
BEGIN = "Attributes did not conform to the schema: "
# Cognito's message for each; for values out of range, no message is on record.
WRONG = [
    ("custom:tenant", "acme", f"{BEGIN}custom:tenant: Attribute does not exist in the"),
    ("nonsense", "x", f"{BEGIN}nonsense: Attribute does not exist in the schema."),
    ("sub", "1", f"{BEGIN}sub: "),
    ("email", "alice", f"{BEGIN}email: Invalid email address format."),
    ("phone_number", "0123", f"{BEGIN}phone_number: Invalid phone number format."),
    ("custom:age", "old", f"{BEGIN}custom:age: "),
    ("custom:age", "151", f"{BEGIN}custom:age: "),
    ("custom:age", "-1", f"{BEGIN}custom:age: "),
    ("custom:code", "x", f"{BEGIN}custom:code: "),
    ("custom:code", "xxxxx", f"{BEGIN}custom:code: "),
    ("email_verified", "perhaps", f"{BEGIN}email_verified: "),
]


@pytest.fixture
def people_pool(make_pool):
    return make_pool(Schema=SCHEMA)


def given(name, value):
    return {"UserAttributes": [{"Name": name, "Value": value}]}


@pytest.mark.parametrize(("attribute", "value", "message"), WRONG)
def test_an_administrator_is_refused(people_pool, refusal, attribute, value, message):
    refused = refusal(people_pool.user, "alice", **given(attribute, value))
    assert refused[:2] == (400, "InvalidParameterException")
    assert refused.message.startswith(message)


@pytest.mark.parametrize(("attribute", "value", "message"), WRONG[:2])
def test_a_sign_up_is_refused(people_pool, refusal, attribute, value, message):
    refused = refusal(
        people_pool.client.sign_up,
        ClientId=people_pool.app_client()["ClientId"],
        Username="alice",
        Password=PASSWORD,
        **given(attribute, value),
    )
    assert refused[:2] == (400, "InvalidParameterException")
    assert refused.message.startswith(message)


def test_an_immutable_attribute_can_be_set_once(people_pool, refusal):
    people_pool.user("alice", **given("custom:age", "42"))
    update = people_pool.client.admin_update_user_attributes
    key = {"UserPoolId": people_pool.id, "Username": "alice"}
    refused = refusal(update, **key, **given("custom:age", "43"))
    assert refused.message == "user.custom:age: Attribute cannot be updated.\n"
    assert refusal(update, **key, **given("custom:code", "x")).status == 400
    assert update(**key, **given("custom:code", "xyz"))


class TestAppClient:
    """An app client reads and writes only the attributes in its lists."""

    @pytest.fixture
    def people(self, make_pool):
        pool = make_pool(Schema=SCHEMA)
        lists = {"ReadAttributes": ["email"], "WriteAttributes": ["name", "custom:age"]}
        return People(pool, **lists).confirmed(nickname="Al")

    def test_reads_what_it_may(self, people):
        tokens = people.tokens()
        user = people.api.get_user(AccessToken=tokens["AccessToken"])
        assert {pair["Name"] for pair in user["UserAttributes"]} == {"email", "sub"}
        claims = jwt.decode(tokens["IdToken"], options={"verify_signature": False})
        assert "email" in claims
        assert "nickname" not in claims

    @pytest.mark.parametrize(
        ("attribute", "message"),
        [
            ("email", "A client attempted to write unauthorized attribute"),
            ("custom:age", "user.custom:age: Attribute cannot be updated.\n"),
        ],
    )
    def test_writes_what_it_may(self, people, refusal, attribute, message):
        access = people.tokens()["AccessToken"]
        update = people.api.update_user_attributes
        refused = refusal(update, AccessToken=access, **given(attribute, "7"))
        assert refused.message == message
        assert update(AccessToken=access, **given("name", "Alicia"))

    def test_an_immutable_attribute_is_set_at_sign_up(self, people):
        signed_up = {"Username": "bob", "Password": PASSWORD}
        assert people.call("sign_up", **signed_up, **given("custom:age", "42"))

    @pytest.mark.parametrize(
        ("way", "names"),
        [
            ("read", ["custom:tenant"]),
            ("write", ["custom:tenant", "name"]),
            ("write", ["email_verified", "name"]),
            ("write", ["email"]),
        ],
    )
    def test_impossible_lists_are_refused(self, make_pool, refusal, way, names):
        pool = make_pool(Schema=[{"Name": "name", "Required": True}])
        lists = {f"{way.title()}Attributes": names}
        refused = refusal(pool.app_client, **lists)
        words = f"Invalid {way} attributes specified while creating a client"
        assert refused[1:] == ("InvalidParameterException", words)


def test_a_blank_value_deletes(people_pool):
    people_pool.user("alice", **given("name", "Alice"))
    key = {"UserPoolId": people_pool.id, "Username": "alice"}
    people_pool.client.admin_update_user_attributes(**key, **given("name", ""))
    user = people_pool.client.admin_get_user(**key)
    assert "name" not in {pair["Name"] for pair in user["UserAttributes"]}


ROTATION = {"RefreshTokenRotation": {"Feature": "ENABLED"}}
LITE = {"UserPoolTier": "LITE"}


class TestPlan:
    """Features that a pool's plan lacks are refused."""

    def test_the_default(self, make_pool):
        assert make_pool().described()["UserPoolTier"] == "ESSENTIALS"

    @pytest.mark.parametrize(
        "settings", [ROTATION, {"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}]
    )
    def test_an_app_client(self, make_pool, refusal, settings):
        refused = refusal(make_pool(**LITE).app_client, **settings)
        assert refused.code == "FeatureUnavailableInTierException"

    def test_managed_login(self, make_pool, refusal, name):
        refused = refusal(make_pool(**LITE).domain, name, ManagedLoginVersion=2)
        assert refused.message == (
            "The following feature is not available for the LITE pricing tier "
            "configured: Managed Login Version 2"
        )

    def test_a_change_of_the_plan(self, make_pool, refusal):
        pool = make_pool()
        flows = {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}
        pool.app_client(**ROTATION, **flows)
        refused = refusal(pool.call, "update_user_pool", **LITE)
        assert refused.code == "TierChangeNotAllowedException"
        assert refused.message == (
            "The following features need to be disabled for the LITE pricing tier "
            "configured: Refresh Token Rotation"
        )


def test_rotation_rules_out_the_flow_that_it_replaces(make_pool, refusal):
    flows = {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]}
    refused = refusal(make_pool().app_client, **ROTATION, **flows)
    assert refused.message == (
        "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh "
        "token rotation is enabled."
    )
