"""Challenges between a correct password and the tokens are issued and checked."""

from __future__ import annotations

import json

import pytest
from people import PASSWORD, USER, App, People
from pycognito.aws_srp import AWSSRP

SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}


@pytest.fixture
def people(pool):
    return People(pool).confirmed()


class TestSrp:
    """With a third-party client."""

    def srp(self, people, password=PASSWORD, name=USER):
        return AWSSRP(name, password, people.pool.id, people.id, client=people.api)

    def test_the_right_password_signs_in(self, people):
        tokens = self.srp(people).authenticate_user()["AuthenticationResult"]
        assert tokens["AccessToken"]

    def test_a_wrong_one_does_not(self, people, refusal):
        refused = refusal(self.srp(people, "Wrong-1234").authenticate_user)
        assert refused.code == "NotAuthorizedException"
        assert refused.message == "Incorrect username or password."

    def test_does_not_reveal_which_users_exist(self, pool, refusal):
        people = People(pool, PreventUserExistenceErrors="ENABLED").confirmed()
        wrong = refusal(self.srp(people, "Wrong-1234").authenticate_user)
        nobody = self.srp(people, name="nobody@example.com")
        assert refusal(nobody.authenticate_user) == wrong

    def test_an_unknown_name_always_has_the_same_salt(self, pool):
        people = People(pool, PreventUserExistenceErrors="ENABLED")
        begin = {"AuthFlow": "USER_SRP_AUTH"}
        begin["AuthParameters"] = {"USERNAME": "nobody@example.com", "SRP_A": "abcdef"}
        salts = {
            people.call("initiate_auth", **begin)["ChallengeParameters"]["SALT"]
            for _ in range(2)
        }
        assert len(salts) == 1

    def test_a_client_that_does_not_allow_it_refuses(self, pool, refusal):
        flows = ["ALLOW_USER_PASSWORD_AUTH"]
        people = People(pool, ExplicitAuthFlows=flows).confirmed()
        refused = refusal(self.srp(people).authenticate_user)
        assert refused.message == "USER_SRP_AUTH flow not enabled for this client"

    def test_a_bad_number_is_refused(self, people, refusal):
        refused = refusal(
            people.call,
            "initiate_auth",
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": USER, "SRP_A": "0"},
        )
        assert refused.code == "InvalidParameterException"

    def test_a_client_secret_is_required(self, pool, refusal):
        people = People(pool, GenerateSecret=True).confirmed()
        with_secret = AWSSRP(
            USER,
            PASSWORD,
            pool.id,
            people.id,
            client=people.api,
            client_secret=people.client["ClientSecret"],
        )
        assert with_secret.authenticate_user()["AuthenticationResult"]["IdToken"]
        refused = refusal(self.srp(people).authenticate_user)
        assert "SECRET_HASH was not received" in refused.message

    def test_a_temporary_password_is_changed(self, pool):
        people = People(pool)
        pool.user(USER, TemporaryPassword=PASSWORD)
        srp = self.srp(people)
        tokens = srp.set_new_password_challenge("Changed-456")["AuthenticationResult"]
        assert tokens["IdToken"]
        assert people.tokens(password="Changed-456")


class TestAuthenticatorApp:
    """One-time passwords by the user's own secret."""

    def test_is_set_up_during_sign_in(self, people):
        people.require_mfa()
        challenge = people.sign_in()
        assert challenge["ChallengeName"] == "MFA_SETUP"
        can = challenge["ChallengeParameters"]["MFAS_CAN_SETUP"]
        assert json.loads(can) == ["SOFTWARE_TOKEN_MFA"]
        begun = people.api.associate_software_token(Session=challenge["Session"])
        app = App(begun["SecretCode"])
        verified = people.api.verify_software_token(
            Session=begun["Session"], UserCode=app.code()
        )
        assert verified["Status"] == "SUCCESS"
        answer = people.answer(challenge | {"Session": verified["Session"]})
        assert answer["AuthenticationResult"]["AccessToken"]
        again = people.sign_in()
        assert again["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        assert people.answer(again, SOFTWARE_TOKEN_MFA_CODE=app.next_code())

    def test_set_up_cannot_be_skipped(self, people, refusal):
        people.require_mfa()
        challenge = people.sign_in()
        refused = refusal(people.answer, challenge)
        assert refused.code == "InvalidParameterException"

    def test_is_requested_from_users_who_chose_it(self, people):
        people.require_mfa("OPTIONAL")
        app = people.with_totp()
        challenge = people.sign_in()
        assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        answer = people.answer(challenge, SOFTWARE_TOKEN_MFA_CODE=app.next_code())
        assert answer["AuthenticationResult"]["IdToken"]

    def test_the_administrator_sees_the_choice(self, people):
        people.require_mfa("OPTIONAL")
        people.with_totp()
        user = people.pool.call("admin_get_user", Username=USER.upper())
        assert user["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
        assert user["PreferredMfaSetting"] == "SOFTWARE_TOKEN_MFA"

    def test_a_wrong_code_is_refused_and_may_be_corrected(self, people, refusal):
        people.require_mfa("OPTIONAL")
        app = people.with_totp()
        challenge = people.sign_in()
        refused = refusal(people.answer, challenge, SOFTWARE_TOKEN_MFA_CODE="000000")
        assert refused.code == "CodeMismatchException"
        assert people.answer(challenge, SOFTWARE_TOKEN_MFA_CODE=app.next_code())

    def test_a_code_works_once(self, people, refusal):
        people.require_mfa("OPTIONAL")
        app = people.with_totp()
        code = app.next_code()
        people.answer(people.sign_in(), SOFTWARE_TOKEN_MFA_CODE=code)
        refused = refusal(people.answer, people.sign_in(), SOFTWARE_TOKEN_MFA_CODE=code)
        assert refused.code == "ExpiredCodeException"

    def test_guessing_ends_the_sign_in(self, people, refusal):
        people.require_mfa("OPTIONAL")
        app = people.with_totp()
        challenge = people.sign_in()
        for _ in range(5):
            refusal(people.answer, challenge, SOFTWARE_TOKEN_MFA_CODE="000000")
        refused = refusal(
            people.answer, challenge, SOFTWARE_TOKEN_MFA_CODE=app.next_code()
        )
        assert refused.code == "NotAuthorizedException"

    def test_a_wrong_first_code_does_not_set_up_the_app(self, people, refusal):
        access = people.tokens()["AccessToken"]
        people.api.associate_software_token(AccessToken=access)
        refused = refusal(
            people.api.verify_software_token, AccessToken=access, UserCode="000000"
        )
        assert refused.code == "EnableSoftwareTokenMFAException"
        refused = refusal(
            people.api.set_user_mfa_preference,
            AccessToken=access,
            SoftwareTokenMfaSettings={"Enabled": True},
        )
        assert refused.code == "InvalidParameterException"

    def test_each_user_has_a_separate_secret(self, people):
        secrets = {
            people.api.associate_software_token(
                AccessToken=people.tokens()["AccessToken"]
            )["SecretCode"]
            for _ in range(2)
        }
        assert len(secrets) == 2


class TestMessages:
    """Codes that AWS would send."""

    def test_a_code_by_mail_signs_in(self, people, mailed, refusal):
        mail = {"Message": "Code {####}", "Subject": "Code"}
        people.require_mfa("OPTIONAL", EmailMfaConfiguration=mail)
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username=USER,
            EmailMfaSettings={"Enabled": True, "PreferredMfa": True},
        )
        challenge = people.sign_in()
        assert challenge["ChallengeName"] == "EMAIL_OTP"
        parameters = challenge["ChallengeParameters"]
        assert parameters["CODE_DELIVERY_DESTINATION"] == "a***@e***"
        refused = refusal(people.answer, challenge, EMAIL_OTP_CODE="x")
        assert refused.code == "CodeMismatchException"
        answer = people.answer(challenge, EMAIL_OTP_CODE=mailed(USER))
        assert answer["AuthenticationResult"]["IdToken"]

    def test_a_user_with_two_factors_chooses_one(self, pool, mailed):
        people = People(pool).confirmed(phone_number="+15555550123")
        people.require_mfa("OPTIONAL", SmsMfaConfiguration={"SmsConfiguration": SMS})
        people.with_totp()
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username=USER,
            SMSMfaSettings={"Enabled": True},
            SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": False},
        )
        challenge = people.sign_in()
        assert challenge["ChallengeName"] == "SELECT_MFA_TYPE"
        offered = json.loads(challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"])
        assert set(offered) == {"SOFTWARE_TOKEN_MFA", "SMS_MFA"}
        challenge = people.answer(challenge, ANSWER="SMS_MFA")
        assert challenge["ChallengeName"] == "SMS_MFA"
        answer = people.answer(challenge, SMS_MFA_CODE=mailed("+15555550123"))
        assert answer["AuthenticationResult"]["IdToken"]


class TestChoice:
    """USER_AUTH lets users choose the first factor."""

    def begin(self, people, **parameters):
        return people.call(
            "initiate_auth",
            AuthFlow="USER_AUTH",
            AuthParameters={"USERNAME": USER} | parameters,
        )

    def test_offers_what_the_pool_allows(self, people):
        challenge = self.begin(people)
        assert challenge["ChallengeName"] == "SELECT_CHALLENGE"
        assert challenge["AvailableChallenges"] == ["PASSWORD", "PASSWORD_SRP"]
        answer = people.answer(challenge, ANSWER="PASSWORD", PASSWORD=PASSWORD)
        assert answer["AuthenticationResult"]["IdToken"]

    def test_takes_the_preferred(self, people):
        preferred = {"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD}
        assert self.begin(people, **preferred)["AuthenticationResult"]["IdToken"]

    def test_a_wrong_password_is_refused(self, people, refusal):
        challenge = self.begin(people)
        refused = refusal(
            people.answer, challenge, ANSWER="PASSWORD", PASSWORD="Wrong-1234"
        )
        assert refused.message == "Incorrect username or password."

    def test_a_factor_that_is_not_offered_is_refused(self, people, refusal):
        refused = refusal(people.answer, self.begin(people), ANSWER="EMAIL_OTP")
        assert refused.code == "InvalidParameterException"

    def test_a_code_by_mail_instead_of_a_password(self, make_pool, mailed):
        factors = {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}
        pool = make_pool(
            UsernameAttributes=["email"], Policies={"SignInPolicy": factors}
        )
        people = People(pool).confirmed()
        challenge = self.begin(people, PREFERRED_CHALLENGE="EMAIL_OTP")
        assert challenge["ChallengeName"] == "EMAIL_OTP"
        answer = people.answer(challenge, EMAIL_OTP_CODE=mailed(USER))
        assert answer["AuthenticationResult"]["IdToken"]


def test_a_session_is_valid_for_one_challenge(people, refusal):
    people.require_mfa("OPTIONAL")
    people.with_totp()
    challenge = people.sign_in()
    refused = refusal(
        people.answer, challenge, "NEW_PASSWORD_REQUIRED", NEW_PASSWORD="Changed-456"
    )
    assert refused == (400, "NotAuthorizedException", "Invalid session for the user.")


def test_a_session_is_valid_for_one_client(people, refusal):
    people.require_mfa("OPTIONAL")
    app = people.with_totp()
    challenge = people.sign_in()
    other = People(people.pool)
    refused = refusal(other.answer, challenge, SOFTWARE_TOKEN_MFA_CODE=app.next_code())
    assert refused.message == "Invalid session for the user."
