"""Attributes must be in the pool's schema and have the right type."""

from __future__ import annotations

import pytest
from people import PASSWORD

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
