"""Users named on the command line: each operation acts once and reports its effect."""

from __future__ import annotations

import pytest

from cognito_gw.config.variables import Password
from cognito_gw.engine.reconcile import refresh
from cognito_gw.engine.resource import Action
from cognito_gw.resources.user import (
    Person,
    attributes_of,
    groups_of,
    is_called,
    sign_in_name,
    users_of,
)

DORA = "dora@example.com"
PASSWORD = Password("Correct-Horse-1")


@pytest.fixture
def stack(built, do):
    """A stack whose pool and groups exist."""
    stack = built()
    do("apply", *stack.groups.values())
    return stack


@pytest.fixture
def dora(aws, stack):
    """A user who is not in the file."""
    policy = stack.config.user_pool.password_policy
    dora = Person(stack.pool, DORA, ["readers"], (), policy, PASSWORD)
    assert dora.create(aws) is Action.CREATE
    aws.session.calls.clear()
    return dora


def test_a_user_is_made_as_the_file_would_make_one(aws, stack, dora):
    """Confirmed, with a verified address, and in its groups."""
    assert (dora["UserStatus"], dora["Groups"]) == ("CONFIRMED", ["readers"])
    assert attributes_of(dora.live)["email_verified"] == "true"
    assert [sign_in_name(stack.pool, each) for each in users_of(stack.pool, aws)] == [
        DORA
    ]


@pytest.mark.parametrize(
    ("verb", "operation", "after"),
    [("disable", "AdminDisableUser", False), ("enable", "AdminEnableUser", True)],
)
def test_disable_and_enable_once(aws, dora, verb, operation, after):
    """A second call changes nothing."""
    key = {"UserPoolId": dora.pool.id, "Username": DORA}
    call = "enable" if verb == "disable" else "disable"
    getattr(aws.cognito, f"admin_{call}_user")(**key)
    refresh(dora, aws)
    aws.session.calls.clear()
    do = getattr(dora, verb)
    assert [do(aws), do(aws)] == [Action.UPDATE, Action.KEEP]
    assert aws.writes == [operation]
    assert dora["Enabled"] is after


def test_confirmed_once(aws, dora):
    """After self-sign-up; for confirmed users no call is made."""
    assert dora.confirm(aws) is Action.KEEP
    assert aws.calls == []
    dora.live["UserStatus"] = "UNCONFIRMED"
    assert dora.unconfirmable is None
    assert dora.confirm(aws) is Action.UPDATE
    assert aws.writes == ["AdminConfirmSignUp"]
    assert dora["UserStatus"] == "CONFIRMED"


def test_a_user_who_never_signed_up_cannot_be_confirmed(aws, dora):
    """The error shows the state, and how to set a password."""
    dora.is_temporary = True
    dora.give_password(aws)
    assert "FORCE_CHANGE_PASSWORD" in dora.unconfirmable.what
    assert "`cgw user password`" in dora.unconfirmable.hint


def test_groups_are_changed_by_the_difference(aws, dora):
    """Unchanged groups need no call."""
    assert dora.regroup(aws, ["readers"]) is Action.KEEP
    assert aws.calls == []
    assert dora.regroup(aws, {"writers"}) is Action.UPDATE
    assert aws.writes == ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"]
    assert dora["Groups"] == ["writers"]


@pytest.mark.parametrize("is_temporary", [True, False])
def test_a_password_is_for_good_or_for_once(aws, dora, is_temporary):
    """The user's state shows which."""
    dora.password, dora.is_temporary = Password("Other-horse-2"), is_temporary
    assert dora.give_password(aws) is Action.UPDATE
    expected = "FORCE_CHANGE_PASSWORD" if is_temporary else "CONFIRMED"
    assert dora["UserStatus"] == expected
    assert aws.sent("AdminSetUserPassword")["Permanent"] is not is_temporary


def test_removed_even_if_someone_else_was_quicker(aws, stack, dora):
    """It counts as removed."""
    assert [dora.delete(aws), dora.delete(aws)] == [Action.DELETE] * 2
    assert dora.live is None
    assert users_of(stack.pool, aws) == []


def test_all_users_and_groups_are_listed_whatever_their_number(aws, stack):
    """AWS returns 60 per page; they are sorted by sign-in name."""
    names = [f"u{number:02}@example.com" for number in range(61)]
    key = {"UserPoolId": stack.pool.id}
    for name in reversed(names):
        aws.cognito.admin_create_user(
            **key, Username=name, UserAttributes=[{"Name": "email", "Value": name}]
        )
        aws.cognito.create_group(**key, GroupName=name.partition("@")[0])
    listed = users_of(stack.pool, aws)
    assert [sign_in_name(stack.pool, each) for each in listed] == names
    assert len(groups_of(stack.pool, aws)) == 63


@pytest.mark.parametrize(
    ("settings", "name", "is_by_mail"),
    [
        ({"UsernameAttributes": ["email"]}, "Al@x.de", True),
        ({"UsernameAttributes": ["phone_number", "email"]}, "Al@x.de", True),
        ({"UsernameAttributes": ["phone_number"]}, "u-1", False),
        ({"AliasAttributes": ["email"]}, "u-1", True),
        ({}, "u-1", False),
    ],
)
def test_users_are_called_as_they_sign_in(stack, settings, name, is_by_mail):
    """By email address if the pool accepts it, and always by user name."""
    attributes = [{"Name": "email", "Value": "Al@x.de"}]
    user = {"Username": "u-1", "Attributes": attributes}
    stack.pool.live = settings
    assert sign_in_name(stack.pool, user) == name
    assert is_called(stack.pool, user, ["else", "U-1"])
    assert is_called(stack.pool, user, ["al@X.de"]) is is_by_mail
