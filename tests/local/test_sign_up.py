"""Users sign up, verify their addresses, and reset forgotten passwords."""

from __future__ import annotations

import pytest
from people import OTHER, PASSWORD, USER, People

BY_MAIL = {
    "UsernameAttributes": ["email"],
    "AutoVerifiedAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}
HIDING = {"PreventUserExistenceErrors": "ENABLED"}
NOBODY = "nobody@example.com"


@pytest.fixture
def people(make_pool):
    return People(make_pool(**BY_MAIL))


@pytest.fixture
def make_people(make_pool):
    """Return a function that creates pools with given settings."""

    def make(client=None, **settings):
        return People(make_pool(**BY_MAIL | settings), **client or {})

    return make


def sign_up(people, name=USER, password=PASSWORD, **attributes):
    given = [{"Name": key, "Value": attributes[key]} for key in attributes]
    return people.call(
        "sign_up", Username=name, Password=password, UserAttributes=given
    )


def confirm(people, code, name=USER):
    return people.call("confirm_sign_up", Username=name, ConfirmationCode=code)


class TestSignUp:
    """A new user must confirm by a code."""

    def test_returns_the_delivery_details(self, people):
        made = sign_up(people)
        assert made["UserConfirmed"] is False
        assert made["UserSub"]
        assert made["CodeDeliveryDetails"] == {
            "AttributeName": "email",
            "DeliveryMedium": "EMAIL",
            "Destination": "a***@e***",
        }

    def test_the_code_confirms_the_user(self, people, mailed, refusal):
        sign_up(people)
        assert refusal(people.sign_in).code == "UserNotConfirmedException"
        confirm(people, mailed(USER))
        user = people.api.get_user(AccessToken=people.tokens()["AccessToken"])
        attributes = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
        assert attributes["email_verified"] == "true"

    def test_the_administrator_sees_it(self, people):
        made = sign_up(people)
        user = people.pool.call("admin_get_user", Username=USER)
        assert user["UserStatus"] == "UNCONFIRMED"
        assert user["Username"] == made["UserSub"]

    def test_the_administrator_confirms_once(self, people, refusal):
        sign_up(people)
        people.pool.call("admin_confirm_sign_up", Username=USER)
        assert people.tokens()
        refused = refusal(people.pool.call, "admin_confirm_sign_up", Username=USER)
        assert refused.code == "NotAuthorizedException"

    def test_a_wrong_code_is_refused(self, people, mailed, refusal):
        sign_up(people)
        code = mailed(USER)
        wrong = f"{(int(code) + 1) % 10**6:06}"
        assert refusal(confirm, people, wrong).code == "CodeMismatchException"
        assert refusal(people.sign_in).code == "UserNotConfirmedException"
        confirm(people, code)

    def test_a_code_works_once(self, people, mailed, refusal):
        sign_up(people)
        confirm(people, mailed(USER))
        refused = refusal(confirm, people, mailed(USER))
        assert refused.code == "NotAuthorizedException"
        assert "Current status is CONFIRMED" in refused.message

    def test_guesses_are_limited(self, people, mailed, refusal):
        sign_up(people)
        for _ in range(5):
            refusal(confirm, people, "x")
        refused = refusal(confirm, people, mailed(USER))
        assert refused.code == "LimitExceededException"

    def test_a_new_code_replaces_the_old(self, people, mailed, refusal):
        sign_up(people)
        old = mailed(USER)
        people.call("resend_confirmation_code", Username=USER)
        new = mailed(USER)
        if old != new:  # once in a million they are equal
            assert refusal(confirm, people, old).code == "CodeMismatchException"
        confirm(people, new)
        refused = refusal(people.call, "resend_confirmation_code", Username=USER)
        assert refused.message == "User is already confirmed."

    def test_a_name_is_taken_once(self, people, refusal):
        sign_up(people)
        for name in (USER, USER.upper()):
            refused = refusal(sign_up, people, name)
            assert refused.code == "UsernameExistsException"

    @pytest.mark.parametrize(
        ("name", "password", "said"),
        [
            ("alice", PASSWORD, "Username should be an email."),
            (USER, "short", "Password not long enough"),
            (USER, "password", "Password must have numeric characters"),
        ],
    )
    def test_refuses(self, make_people, refusal, name, password, said):
        policy = {"MinimumLength": 8, "RequireNumbers": True}
        people = make_people(Policies={"PasswordPolicy": policy})
        assert said in refusal(sign_up, people, name, password).message

    def test_can_be_turned_off(self, make_people, refusal):
        people = make_people(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
        refused = refusal(sign_up, people)
        assert refused.message == "SignUp is not permitted for this user pool"

    def test_required_attributes_must_be_given(self, make_people, refusal):
        people = make_people(Schema=[{"Name": "family_name", "Required": True}])
        refused = refusal(sign_up, people)
        assert refused.message == (
            "Attributes did not conform to the schema: name.familyName: The attribute "
            "name.familyName is required\n"
        )
        assert sign_up(people, family_name="Liddell")["UserSub"]

    def test_users_cannot_verify_themselves(self, people, refusal):
        refused = refusal(sign_up, people, email_verified="true")
        assert refused.code == "NotAuthorizedException"

    def test_by_user_name_the_address_is_an_attribute(self, make_pool, mailed):
        people = People(make_pool(AutoVerifiedAttributes=["email"]))
        sign_up(people, "alice", email=USER)
        confirm(people, mailed(USER), "alice")
        assert people.tokens(name="alice")

    def test_without_an_address_no_code_is_sent(self, make_pool):
        people = People(make_pool(AutoVerifiedAttributes=["email"]))
        assert "CodeDeliveryDetails" not in sign_up(people, "alice")

    def test_a_client_with_a_secret_requires_its_hash(self, make_people, refusal):
        people = make_people({"GenerateSecret": True})
        assert "SECRET_HASH was not received" in refusal(sign_up, people).message


class TestForgotPassword:
    """A code sets a new password."""

    def forget(self, people, name=USER):
        return people.call("forgot_password", Username=name)

    def reset(self, people, code, password=OTHER, name=USER):
        return people.call(
            "confirm_forgot_password",
            Username=name,
            ConfirmationCode=code,
            Password=password,
        )

    def test_the_code_sets_a_new_password(self, people, mailed, refusal):
        people.confirmed()
        sent = self.forget(people)["CodeDeliveryDetails"]
        assert sent["Destination"] == "a***@e***"
        self.reset(people, mailed(USER))
        assert people.tokens(password=OTHER)
        assert refusal(people.sign_in).code == "NotAuthorizedException"

    def test_a_code_works_once(self, people, mailed, refusal):
        people.confirmed()
        self.forget(people)
        self.reset(people, mailed(USER))
        refused = refusal(self.reset, people, mailed(USER), "Another-789")
        assert refused.code == "ExpiredCodeException"

    def test_a_wrong_code_changes_nothing(self, people, refusal):
        people.confirmed()
        self.forget(people)
        assert refusal(self.reset, people, "x").code == "CodeMismatchException"
        assert people.tokens()

    def test_a_code_is_required(self, people, refusal):
        people.confirmed()
        assert refusal(self.reset, people, "123456").code == "ExpiredCodeException"

    def test_the_sign_up_code_is_refused(self, people, mailed, refusal):
        sign_up(people)
        code = mailed(USER)
        people.pool.call("admin_confirm_sign_up", Username=USER)
        assert refusal(self.reset, people, code).code == "ExpiredCodeException"

    def test_the_password_must_match_the_policy(self, people, mailed, refusal):
        people.confirmed()
        self.forget(people)
        refused = refusal(self.reset, people, mailed(USER), "short")
        assert refused.code == "InvalidPasswordException"
        self.reset(people, mailed(USER))  # the code is still valid

    def test_an_unverified_address_gets_no_code(self, people, refusal):
        people.confirmed(email_verified="false")
        refused = refusal(self.forget, people)
        assert "no registered/verified email" in refused.message

    def test_a_temporary_password_cannot_be_reset(self, people, refusal):
        people.pool.user(USER, TemporaryPassword=PASSWORD)
        assert refusal(self.forget, people).code == "NotAuthorizedException"

    def test_only_an_administrator_may_reset(self, make_people, refusal):
        ways = {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}
        people = make_people(AccountRecoverySetting=ways).confirmed()
        refused = refusal(self.forget, people)
        assert refused.message == "Contact administrator to reset password."

    def test_an_administrator_can_require_a_reset(self, people, mailed, refusal):
        people.confirmed()
        people.pool.call("admin_reset_user_password", Username=USER)
        assert refusal(people.sign_in).code == "PasswordResetRequiredException"
        self.reset(people, mailed(USER))
        assert people.tokens(password=OTHER)


class TestHiding:
    """A client with PreventUserExistenceErrors does not reveal which users exist."""

    def test_forgetting(self, make_people):
        people = make_people(HIDING)
        sent = people.call("forgot_password", Username=NOBODY)["CodeDeliveryDetails"]
        assert sent["Destination"] == "n***@e***"

    def test_resending(self, make_people):
        people = make_people(HIDING)
        answer = people.call("resend_confirmation_code", Username=NOBODY)
        assert answer["CodeDeliveryDetails"]

    def test_confirming(self, make_people, refusal):
        people = make_people(HIDING)
        refused = refusal(confirm, people, "123456", NOBODY)
        assert refused.code == "ExpiredCodeException"

    def test_otherwise_it_reveals_unknown_users(self, people, refusal):
        for operation in ("forgot_password", "resend_confirmation_code"):
            refused = refusal(people.call, operation, Username=NOBODY)
            assert refused.code == "UserNotFoundException"


class TestProfile:
    """Signed-in users change their own accounts."""

    @pytest.fixture
    def alice(self, people):
        return people.confirmed()

    def test_changes_the_password(self, alice, refusal):
        access = alice.tokens()["AccessToken"]
        change = {"AccessToken": access, "ProposedPassword": OTHER}
        refused = refusal(alice.api.change_password, PreviousPassword=OTHER, **change)
        assert refused.message == "Incorrect username or password."
        alice.api.change_password(PreviousPassword=PASSWORD, **change)
        assert alice.tokens(password=OTHER)

    def test_a_new_address_is_verified_again(self, alice, mailed):
        access = alice.tokens()["AccessToken"]
        new = {"Name": "email", "Value": "alice@example.org"}
        sent = alice.api.update_user_attributes(
            AccessToken=access, UserAttributes=[new]
        )["CodeDeliveryDetailsList"]
        assert sent[0]["AttributeName"] == "email"
        assert self.attribute(alice, access, "email_verified") == "false"
        alice.api.verify_user_attribute(
            AccessToken=access, AttributeName="email", Code=mailed("alice@example.org")
        )
        assert self.attribute(alice, access, "email_verified") == "true"

    def test_attributes_are_set_and_deleted(self, alice):
        access = alice.tokens()["AccessToken"]
        nickname = {"Name": "nickname", "Value": "Al"}
        alice.api.update_user_attributes(AccessToken=access, UserAttributes=[nickname])
        assert self.attribute(alice, access, "nickname") == "Al"
        alice.api.delete_user_attributes(
            AccessToken=access, UserAttributeNames=["nickname"]
        )
        assert self.attribute(alice, access, "nickname") is None

    @pytest.mark.parametrize("attribute", ["sub", "email_verified", "custom:nothing"])
    def test_protected_attributes_are_refused(self, alice, refusal, attribute):
        access = alice.tokens()["AccessToken"]
        refused = refusal(
            alice.api.update_user_attributes,
            AccessToken=access,
            UserAttributes=[{"Name": attribute, "Value": "x"}],
        )
        assert refused.code == "NotAuthorizedException"

    def test_deletes_the_user(self, alice, refusal):
        access = alice.tokens()["AccessToken"]
        alice.api.delete_user(AccessToken=access)
        refused = refusal(alice.pool.call, "admin_get_user", Username=USER)
        assert refused.code == "UserNotFoundException"
        assert refusal(alice.api.get_user, AccessToken=access).status == 400

    def attribute(self, alice, access, name):
        user = alice.api.get_user(AccessToken=access)
        given = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
        return given.get(name)
