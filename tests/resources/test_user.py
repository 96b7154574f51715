"""Users: the initial password is set once, and groups follow the file."""

from __future__ import annotations

import pytest

from cognito_gw.config.model import PasswordPolicy
from cognito_gw.config.rules import weaknesses
from cognito_gw.config.variables import Password
from cognito_gw.engine.reconcile import apply, plan
from cognito_gw.engine.resource import Change
from cognito_gw.errors import UsageError
from cognito_gw.resources.user import generate_password

ALICE, BOB = "alice@example.com", "bob@example.com"


def _status(aws, user):
    key = {"UserPoolId": user.pool.id, "Username": user.username}
    return aws.cognito.admin_get_user(**key)["UserStatus"]


@pytest.fixture
def alice(find, do):
    """An existing user."""
    user = find("user", ALICE)
    do("apply", user)
    return user


class TestPassword:
    """The file contains the initial password; later ones belong to the user."""

    def test_set_for_good(self, aws, alice):
        """A new user can sign in immediately with the file's password."""
        assert _status(aws, alice) == "CONFIRMED"
        sent = aws.sent("AdminSetUserPassword")
        assert (sent["Password"], sent["Permanent"]) == ("Correct-Horse-1", True)

    def test_set_once(self, aws, alice, find, do):
        """A password that the user has changed is not reset."""
        aws.cognito.admin_set_user_password(
            UserPoolId=alice.pool.id,
            Username=ALICE,
            Password="Her-own-choice-1",
            Permanent=True,
        )
        aws.session.calls.clear()
        do("apply", find("user", ALICE))
        assert aws.writes == []

    def test_interrupted_before_the_password(self, aws, find, do):
        """A user left without a password gets it in the next apply."""
        user = find("user", ALICE)
        do("apply", user.pool, *user.groups)
        aws.cognito.admin_create_user(
            UserPoolId=user.pool.id, Username=ALICE, MessageAction="SUPPRESS"
        )
        step = apply(user, aws)
        assert step.changes["UserStatus"] == Change(
            "FORCE_CHANGE_PASSWORD", "CONFIRMED"
        )
        assert _status(aws, user) == "CONFIRMED"
        assert user["Groups"] == ["readers"]

    def test_no_mail(self, aws, alice):
        """No invitation is sent, and the address is marked as verified."""
        sent = aws.sent("AdminCreateUser")
        assert sent["MessageAction"] == "SUPPRESS"
        assert sent["UserAttributes"] == [
            {"Name": "email", "Value": alice.username},
            {"Name": "email_verified", "Value": "true"},
        ]

    def test_temporary(self, aws, alice, find, do):
        """A temporary password is set at creation and changed at the first sign-in."""
        user = find("user", BOB)
        user.password, user.is_temporary = Password("Temporary-1"), True
        do("apply", user)
        assert _status(aws, user) == "FORCE_CHANGE_PASSWORD"
        assert aws.sent("AdminCreateUser")["TemporaryPassword"] == "Temporary-1"
        assert aws.sent("AdminSetUserPassword")["Username"] == alice.username

    def test_missing_variable(self, aws, find, do):
        """If the password's variable is unset, the user is not created."""
        user = find("user", ALICE)
        user.password = Password(None, missing="ALICE_PASSWORD")
        step = do("apply", user)[user]
        assert isinstance(step.error, UsageError)
        assert "ALICE_PASSWORD" in step.error.what
        assert "AdminCreateUser" not in aws.writes

    def test_missing_variable_of_a_finished_user(self, alice, find, do):
        """The variable is not required if the user already exists."""
        user = find("user", ALICE)
        user.password = Password(None, missing="ALICE_PASSWORD")
        assert do("apply", user)[user].word == "unchanged"
        assert alice.id == user.id

    def test_never_shown(self, alice):
        """No output about a user contains the password."""
        shown = f"{alice!r} {alice.step} {alice.desired()}"
        assert "Correct-Horse-1" not in shown


class TestGeneratedPassword:
    """A user without a password gets a generated one, which is shown once."""

    def test_announced_once(self, aws, find, do):
        """It is shown when the user is created, and by no later apply."""
        bob = find("user", BOB)
        do("apply", bob)
        password = aws.sent("AdminSetUserPassword")["Password"]
        assert aws.announced == [
            f"user `{BOB}`: generated password, shown this once: {password}"
        ]
        do("apply", find("user", BOB))
        assert len(aws.announced) == 1

    def test_announced_before_it_is_set(self, aws, find, do):
        """It is shown first: after a crash it would be lost."""
        seen = []
        bob = find("user", BOB)
        aws.announce = lambda _: seen.append("AdminSetUserPassword" in aws.writes)
        do("apply", bob)
        assert seen == [False]

    def test_announced_before_a_temporary_one_is_set(self, aws, find, do):
        """Also if the user is created with it."""
        seen = []
        bob = find("user", BOB)
        bob.is_temporary = True
        aws.announce = lambda _: seen.append("AdminCreateUser" in aws.writes)
        do("apply", bob)
        assert seen == [False]

    def test_plan_announces_none(self, aws, find, do):
        """A plan generates no password."""
        do("plan", find("user", BOB))
        assert aws.announced == []

    @pytest.mark.parametrize("length", [6, 8, 20, 50, 99])
    def test_meets_any_policy(self, length):
        """It has the length and the character classes that a policy can require."""
        policy = PasswordPolicy(min_length=length)
        made = {generate_password(length) for _ in range(50)}
        assert [weaknesses(password, policy) for password in made] == [[]] * 50
        assert min(len(password) for password in made) >= 20


class TestGroups:
    """Groups follow the file if it lists any."""

    def test_joined(self, aws, find, do):
        """A user joins groups in the file and leaves others."""
        do("apply", find("user", ALICE))
        users = [{"username": ALICE, "password": "x", "groups": ["writers"]}]
        user = find("user", ALICE, users=users)
        assert do("apply", user)[user].error is None
        assert user["Groups"] == ["writers"]
        assert aws.sent("AdminRemoveUserFromGroup")["GroupName"] == "readers"

    @pytest.mark.parametrize(
        ("groups", "changes"),
        [(None, {}), ([], {"Groups": Change(["readers"], [])})],
    )
    def test_unspoken(self, aws, alice, find, groups, changes):
        """Without `groups`, they stay unchanged; an empty list removes all."""
        user = find("user", ALICE, users=[{"username": ALICE, "groups": groups}])
        user.pool.live = alice.pool.live
        assert plan(user, aws).changes == changes


@pytest.mark.parametrize(
    ("username", "names"),
    [
        ("a@example.com", ["email", "email_verified"]),
        ("+4912345", ["phone_number", "phone_number_verified"]),
        ("bob", []),
        ("bob@home", []),
        ("+bob", []),
    ],
)
def test_attributes(aws, find, do, username, names):
    """An email address or phone number as user name is a verified attribute."""
    users = [{"username": username, "password": "Correct-Horse-1"}]
    kind = {"user_pool": {"sign_in_with": []}, "users": users}
    do("apply", find("user", username, **kind))
    sent = aws.sent("AdminCreateUser")["UserAttributes"]
    assert [attribute["Name"] for attribute in sent] == names


def test_further_attributes(aws, find, do):
    """They are set together with the address, and take precedence over it."""
    user = find("user", BOB)
    user.attributes = {"name": "Bob", "email_verified": "false"}
    do("apply", user)
    sent = aws.sent("AdminCreateUser")["UserAttributes"]
    assert {attribute["Name"]: attribute["Value"] for attribute in sent} == {
        "email": BOB,
        "email_verified": "false",
        "name": "Bob",
    }
