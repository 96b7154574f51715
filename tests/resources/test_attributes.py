"""Attributes of users: the pool's schema is fixed, values in the file are restored."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import plan
from cognito_gw.engine.resource import Action
from cognito_gw.errors import CannotChange
from cognito_gw.resources.unmanaged import unmanaged

TENANT = {"type": "string", "min": 2, "max": 8, "mutable": False}
ATTRIBUTES = {
    "custom:tenant": TENANT,
    "custom:age": {"type": "number", "max": 150},
    "name": {"required": True},
}
BOB = {"username": "bob@example.com", "password": "Correct-Horse-1"}
VALUES = {"name": "Bob", "custom:tenant": "acme"}
NONE = {"web": {}}  # app clients


def pool_of(attributes):
    return {"user_pool": {"attributes": attributes}, "app_clients": NONE, "users": []}


@pytest.fixture
def pool(aws, find, do):
    """Return a function that finds the pool again, with other attributes in the file.

    plain moto leaves out the standard attributes that are not in the request.
    """
    do("apply", find("user pool", **pool_of(ATTRIBUTES)))
    aws.session.calls.clear()
    return lambda attributes: find("user pool", **pool_of(attributes))


def test_created_with_the_pool(aws, find, do):
    """AWS adds the prefix of custom attributes, and standard ones have a type."""
    do("apply", find("user pool", **pool_of(ATTRIBUTES)))
    assert aws.sent("CreateUserPool")["Schema"] == [
        {"Name": "name", "Mutable": True, "Required": True},
        {
            "Name": "tenant",
            "Mutable": False,
            "AttributeDataType": "String",
            "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "8"},
        },
        {
            "Name": "age",
            "Mutable": True,
            "AttributeDataType": "Number",
            "NumberAttributeConstraints": {"MaxValue": "150"},
        },
    ]


def test_more_than_one_request_takes(aws, find, do):
    """CreateUserPool takes 50 attributes, AddCustomAttributes 25."""
    many = {f"custom:a{number}": {} for number in range(50)}
    resource = find("user pool", **pool_of(many | {"name": {}, "email": {}}))
    assert do("apply", resource)[resource].word == "created"
    assert len(aws.sent("CreateUserPool")["Schema"]) == 50
    assert len(aws.sent("AddCustomAttributes")["CustomAttributes"]) == 2
    assert plan(resource, aws).action is Action.KEEP


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("name", {}, "required` is false in the file and true"),
        ("name", {"required": True, "mutable": False}, "mutable` is false in the "),
        ("name", None, "required` is false in the file and true on AWS"),
        ("custom:tenant", TENANT | {"mutable": True}, "mutable` is true in the file"),
        (
            "custom:tenant",
            TENANT | {"max": 9},
            'max` is "9" in the file and "8" on AWS',
        ),
        ("custom:tenant", {"mutable": False, "min": 2}, 'max` is "2048" in the file'),
        ("custom:age", {"type": "number"}, "max` is not set in the file and "),
        ("custom:age", {"max": 150}, 'type` is "String" in the file and "Number"'),
    ],
)
def test_fixed_at_creation(aws, pool, name, settings, told):
    """A change is an error that names the key, before any write."""
    changed = ATTRIBUTES | {name: settings}
    if settings is None:
        del changed[name]
    with pytest.raises(CannotChange) as error:
        plan(pool(changed), aws)
    assert aws.writes == []
    assert error.value.key[:3] == ("user_pool", "attributes", name)
    assert f"`user_pool.attributes.{name}.{told}" in error.value.what


def test_added_later(aws, pool, do):
    """A new custom attribute is one change, and nothing else of the pool is sent."""
    new = pool(ATTRIBUTES | {"custom:team": {"type": "boolean"}})
    step = do("apply", new)[new]
    assert list(step.changes) == ["Attributes.custom:team"]
    assert aws.writes == ["AddCustomAttributes"]
    again = pool(ATTRIBUTES | {"custom:team": {"type": "boolean"}})
    assert plan(again, aws).action is Action.KEEP


def test_a_removed_one_stays(aws, built, do):
    """AWS never removes a custom attribute; `plan` lists it."""
    do("apply", built(**pool_of(ATTRIBUTES)).pool)
    stack = built(**pool_of({"name": {"required": True}}))
    assert do("plan", stack.pool)[stack.pool].action is Action.KEEP
    kept = [found[:2] for found in unmanaged(stack, aws)]
    names = ("custom:age", "custom:tenant")
    assert kept == [("custom attribute", name) for name in names]


def test_omitted_lists_stay(aws, built, do):
    """A list of attributes, or a plan, that left the file stays and is listed."""
    lists = {"read": ["name"], "write": ["name", "custom:age"]}
    sections = pool_of(ATTRIBUTES) | {"app_clients": {"web": lists}}
    sections["user_pool"]["tier"] = "plus"
    before = built(**sections)
    do("apply", before.pool, before.clients["web"])
    stack = built(**pool_of(ATTRIBUTES))
    steps = do("plan", stack.pool, stack.clients["web"])
    assert {step.action for step in steps.values()} == {Action.KEEP}
    assert [found for found in unmanaged(stack, aws) if found[0] == "setting"] == [
        ("setting", "user_pool.tier", "plus"),
        ("setting", "app_clients.web.read", "[name]"),
        ("setting", "app_clients.web.write", "[name, custom:age]"),
    ]
    empty = pool_of(ATTRIBUTES) | {"app_clients": {"web": {"read": [], "write": []}}}
    client = built(**empty).clients["web"]
    do("apply", client)
    assert not aws.sent("UpdateUserPoolClient").keys() & {
        "ReadAttributes",
        "WriteAttributes",
    }, "omitted ones get AWS's default"


@pytest.mark.parametrize(
    ("settings", "flows"),
    [
        ({}, {"USER_SRP", "USER_PASSWORD", "REFRESH_TOKEN"}),
        ({"auth_flows": []}, {"REFRESH_TOKEN"}),
        ({"auth_flows": ["choice", "custom"]}, {"USER", "CUSTOM", "REFRESH_TOKEN"}),
        ({"auth_flows": ["srp"], "refresh_rotation": True}, {"USER_SRP"}),
    ],
)
def test_auth_flows(find, settings, flows):
    """Rotation rules out the flow that it replaces."""
    client = find("app client", **pool_of({}) | {"app_clients": {"web": settings}})
    wanted = client.desired()["ExplicitAuthFlows"]
    assert set(wanted) == {f"ALLOW_{flow}_AUTH" for flow in flows}


def test_rotation_ends(aws, find, do):
    """Without the key, rotation is turned off, in the request that allows refreshes."""
    rotating = {"web": {"refresh_rotation": {"grace_seconds": 9}}}
    do("apply", find("app client", **pool_of({}) | {"app_clients": rotating}))
    client = find("app client", **pool_of({}))
    assert do("apply", client)[client].word == "updated"
    sent = aws.sent("UpdateUserPoolClient")
    assert sent["RefreshTokenRotation"] == {"Feature": "DISABLED"}
    assert "ALLOW_REFRESH_TOKEN_AUTH" in sent["ExplicitAuthFlows"]
    assert plan(client, aws).action is Action.KEEP


class TestValues:
    """The attributes of a user in the file."""

    @pytest.fixture
    def user(self, find, do):
        """Return a function that finds the user again, with other attributes."""

        def run(values, **pool):
            sections = pool_of(ATTRIBUTES)
            sections["user_pool"] |= pool
            return find("user", **sections | {"users": [BOB | {"attributes": values}]})

        do("apply", user := run(VALUES))
        assert user["Attributes"].items() >= VALUES.items()
        return run

    def test_are_restored(self, aws, user, do):
        """Only those in the file: others are left alone."""
        key = {"UserPoolId": user(VALUES).pool.id or "", "Username": BOB["username"]}
        found = user(VALUES)
        do("refresh", found.pool)
        key["UserPoolId"] = found.pool.id
        theirs = [{"Name": "name", "Value": "M"}, {"Name": "locale", "Value": "fr"}]
        aws.cognito.admin_update_user_attributes(**key, UserAttributes=theirs)
        step = do("apply", found)[found]
        assert {name: change.after for name, change in step.changes.items()} == {
            "Attributes.name": "Bob"
        }
        sent = aws.sent("AdminUpdateUserAttributes")["UserAttributes"]
        assert sent == [{"Name": "name", "Value": "Bob"}]
        assert found["Attributes"]["locale"] == "fr"

    def test_new_addresses_are_verified(self, aws, user, do):
        """AWS takes a new address as unverified unless told otherwise."""
        do("apply", user(VALUES | {"phone_number": "+14155550123"}))
        sent = aws.sent("AdminUpdateUserAttributes")["UserAttributes"]
        assert {pair["Name"]: pair["Value"] for pair in sent} == {
            "phone_number": "+14155550123",
            "phone_number_verified": "true",
        }

    def test_immutable_ones(self, aws, user, do):
        """A change is an error that names the key."""
        changed = user(VALUES | {"custom:tenant": "other"})
        assert changed.frozen, "it is read before the first write"
        do("refresh", changed.pool)
        with pytest.raises(CannotChange) as error:
            plan(changed, aws)
        assert error.value.key == ("users", 0, "attributes", "custom:tenant")
        told = '`users[0].attributes.custom:tenant` is "other" in the file and "acme"'
        assert told in error.value.what
        assert "user remove bob@example.com" in error.value.hint
