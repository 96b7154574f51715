"""The local Cognito is as strict as Cognito: no user gets another user's data."""

from __future__ import annotations

import json
import re
import uuid
from types import SimpleNamespace

import jwt
import pytest
from botocore.exceptions import ClientError
from browsing import CALLBACK, App, Browser
from local import conftest as local
from people import EVERY_FLOW, OTHER, PASSWORD, People, UserPool
from people import App as Authenticator
from pycognito.aws_srp import AWSSRP

from cognito_gw.local import moto_store
from cognito_gw.local.cognito import Cognito, directory
from cognito_gw.local.cognito.challenges import Lockout
from cognito_gw.local.cognito.tokens import Keys
from cognito_gw.local.dispatch import SERVICES
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.events import Activity
from cognito_gw.local.operations import Call

aws, local_url, mailed, make_pool, name, refusal = (
    local.aws,
    local.local_url,
    local.mailed,
    local.make_pool,
    local.name,
    local.refusal,
)

ALICE, MALLORY = "alice@example.com", "mallory@example.com"
NOBODY = "nobody@example.com"
PHONE = "+15555550123"
WRONG = "Wrong-1234"
HIDING = {"PreventUserExistenceErrors": "ENABLED"}
BY_MAIL = {
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "AutoVerifiedAttributes": ["email"],
}
BY_ALIAS = {
    "AliasAttributes": ["email", "phone_number", "preferred_username"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "AutoVerifiedAttributes": ["email"],
}
BY_MESSAGE = {"EmailMfaConfiguration": {"Message": "{####}", "Subject": "Code"}}
BY_OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "aws.cognito.signin.user.admin"],
    "CallbackURLs": [CALLBACK],
    "SupportedIdentityProviders": ["COGNITO"],
}
REFUSED_FACTOR = (
    "Only PASSWORD and WEB_AUTHN (if configured) can be enabled as an auth factor if "
    "MFA is enabled"
)
UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


def passwordless(*factors, **settings):
    """Settings of a pool whose users can sign in with a code."""
    policy = {"AllowedFirstAuthFactors": ["PASSWORD", *factors]}
    return settings | {"Policies": {"SignInPolicy": policy}}


def pairs(**attributes):
    return [{"Name": key, "Value": value} for key, value in attributes.items()]


def update(people, token, **attributes):
    return people.api.update_user_attributes(
        AccessToken=token, UserAttributes=pairs(**attributes)
    )


def verify(people, token, code, attribute="email"):
    return people.api.verify_user_attribute(
        AccessToken=token, AttributeName=attribute, Code=code
    )


def attributes_of(people, username):
    user = people.pool.call("admin_get_user", Username=username)
    return {each["Name"]: each["Value"] for each in user["UserAttributes"]}


def sub_of(people, **which):
    return claims(people.tokens(**which)["AccessToken"])["sub"]


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def begin_srp(people, username):
    parameters = {"USERNAME": username, "SRP_A": "abcdef"}
    return people.call(
        "initiate_auth", AuthFlow="USER_SRP_AUTH", AuthParameters=parameters
    )


def choose(people, username, **parameters):
    parameters = {"USERNAME": username} | parameters
    return people.call("initiate_auth", AuthFlow="USER_AUTH", AuthParameters=parameters)


def wrong_code(code):
    return f"{(int(code) + 1) % 10**6:06}"


class TestAddressAsUserName:
    """An address used as the user name belongs to one user, verified or not."""

    @pytest.fixture
    def people(self, make_pool):
        return People(make_pool(**BY_MAIL)).confirmed(ALICE).confirmed(MALLORY)

    def test_a_user_does_not_take_it_and_an_administrator_does_not_give_it(
        self, people, refusal
    ):
        token = people.tokens(name=MALLORY)["AccessToken"]
        before = sub_of(people, name=ALICE)
        for taken in (ALICE, ALICE.upper(), "Alice@Example.com"):
            assert refusal(update, people, token, email=taken) == (
                400,
                "AliasExistsException",
                "An account with the email already exists.",
            )
        assert sub_of(people, name=ALICE) == before
        for more in ({}, {"email_verified": "true"}):
            refused = refusal(
                people.pool.call,
                "admin_update_user_attributes",
                Username=MALLORY,
                UserAttributes=pairs(email=ALICE, **more),
            )
            assert refused.code == "AliasExistsException"

    def test_a_first_password_does_not_bring_it(self, people, refusal):
        people.pool.user("carol@example.com", TemporaryPassword=PASSWORD)
        challenge = people.sign_in(name="carol@example.com")
        answer = {"NEW_PASSWORD": OTHER, "userAttributes.email": ALICE}
        refused = refusal(
            people.answer, challenge, USERNAME="carol@example.com", **answer
        )
        assert refused.code == "AliasExistsException"

    def test_no_second_user_has_it(self, make_pool, refusal):
        both = BY_MAIL | {"UsernameAttributes": ["email", "phone_number"]}
        people = People(make_pool(**both)).confirmed(ALICE)
        refused = refusal(
            people.call,
            "sign_up",
            Username=PHONE,
            Password=PASSWORD,
            UserAttributes=pairs(email=ALICE),
        )
        assert refused.code == "UsernameExistsException"
        assert refused.message == "An account with the given email already exists."
        for force in (False, True):
            refused = refusal(
                people.pool.user,
                PHONE,
                UserAttributes=pairs(email=ALICE),
                ForceAliasCreation=force,
            )
            assert refused.code == "UsernameExistsException"

    def test_ones_own_may_be_set_again(self, people):
        token = people.tokens(name=ALICE)["AccessToken"]
        update(people, token, email=ALICE)
        people.pool.call(
            "admin_update_user_attributes",
            Username=ALICE,
            UserAttributes=pairs(email=ALICE, email_verified="true"),
        )
        assert attributes_of(people, ALICE)["email_verified"] == "true"

    def test_where_case_counts_two_addresses_are_two_users(self, make_pool):
        people = People(make_pool(UsernameAttributes=["email"]))
        people.confirmed(ALICE).confirmed("Alice@example.com", OTHER)
        subs = {
            sub_of(people, name=ALICE),
            sub_of(people, name="Alice@example.com", password=OTHER),
        }
        assert len(subs) == 2


class TestAlias:
    """An address used as an alias belongs to the one user that verified it."""

    @pytest.fixture
    def people(self, make_pool):
        people = People(make_pool(**BY_ALIAS))
        people.confirmed("alice", email=ALICE).confirmed("mallory", email=MALLORY)
        return people

    @pytest.fixture
    def mallory(self, people):
        return people.tokens(name="mallory")["AccessToken"]

    def test_it_is_verified_once(self, people, mallory, mailed, refusal):
        owner = sub_of(people, name=ALICE)
        update(people, mallory, email=ALICE)
        refused = refusal(verify, people, mallory, mailed(ALICE))
        assert refused.code == "AliasExistsException"
        assert attributes_of(people, "mallory")["email_verified"] == "false"
        assert sub_of(people, name=ALICE) == owner

    def test_signing_up_confirms_it_once(self, people, mailed, refusal):
        owner = sub_of(people, name=ALICE)
        new = {"Username": "eve", "Password": OTHER}
        people.call("sign_up", UserAttributes=pairs(email=ALICE), **new)
        code = {"Username": "eve", "ConfirmationCode": mailed(ALICE)}
        refused = refusal(people.call, "confirm_sign_up", **code)
        assert refused.code == "AliasExistsException"
        assert refusal(people.sign_in, OTHER, "eve").code == "UserNotConfirmedException"
        assert sub_of(people, name=ALICE) == owner

    def test_a_user_can_take_the_alias_after_the_warning(self, people, mailed, refusal):
        """The same code works; the former owner loses the alias and is notified."""
        new = {"Username": "eve", "Password": OTHER}
        people.call("sign_up", UserAttributes=pairs(email=ALICE), **new)
        code = {"Username": "eve", "ConfirmationCode": mailed(ALICE)}
        refusal(people.call, "confirm_sign_up", **code)
        people.call("confirm_sign_up", ForceAliasCreation=True, **code)
        assert attributes_of(people, "alice")["email_verified"] == "false"
        owner = claims(people.tokens(name=ALICE, password=OTHER)["AccessToken"])
        assert owner["username"] == "eve"
        assert people.tokens(name="alice")

    def test_an_administrator_moves_it(self, people, refusal):
        verified = pairs(email=ALICE, email_verified="true")
        refused = refusal(people.pool.user, "eve", UserAttributes=verified)
        assert refused.code == "UsernameExistsException"
        people.pool.call(
            "admin_update_user_attributes", Username="mallory", UserAttributes=verified
        )
        assert attributes_of(people, "alice")["email_verified"] == "false"
        people.pool.user("eve", UserAttributes=verified, ForceAliasCreation=True)
        assert attributes_of(people, "mallory")["email_verified"] == "false"

    def test_a_preferred_name_is_not_the_name_of_another_user(
        self, people, mallory, refusal
    ):
        update(
            people,
            people.tokens(name="alice")["AccessToken"],
            preferred_username="nick",
        )
        for taken in ("alice", "ALICE", "nick"):
            new = pairs(preferred_username=taken)
            refused = refusal(update, people, mallory, preferred_username=taken)
            assert refused.code == "AliasExistsException"
            refused = refusal(
                people.pool.call,
                "admin_update_user_attributes",
                Username="mallory",
                UserAttributes=new,
            )
            assert refused.code == "AliasExistsException"
            assert sub_of(people, name=taken) == sub_of(people, name="alice")
        for taken, code in (
            ("nick", "UsernameExistsException"),
            ("NICK", "UsernameExistsException"),
            (ALICE, "InvalidParameterException"),
            (PHONE, "InvalidParameterException"),
        ):
            refused = refusal(people.call, "sign_up", Username=taken, Password=PASSWORD)
            assert refused.code == code
            assert refusal(people.pool.user, taken).code == code

    def test_an_unverified_address_cannot_sign_in(self, people, mallory, refusal):
        update(people, mallory, email="new@example.com")
        refused = refusal(people.sign_in, name="new@example.com")
        assert refused.code == "UserNotFoundException"


class TestVerification:
    """A code proves only the address that received it, for one purpose."""

    @pytest.fixture
    def make_people(self, make_pool):
        def make(**settings):
            settings = {"AutoVerifiedAttributes": ["email"]} | settings
            return People(make_pool(**settings)).confirmed("alice", email=ALICE)

        return make

    def test_not_another_address(self, make_people, mailed, refusal):
        """Even if the pool sends no code of its own accord for the new address."""
        people = make_people(AutoVerifiedAttributes=[])
        token = people.tokens(name="alice")["AccessToken"]
        people.api.get_user_attribute_verification_code(
            AccessToken=token, AttributeName="email"
        )
        update(people, token, email="victim@example.com")
        refused = refusal(verify, people, token, mailed(ALICE))
        assert refused.code == "ExpiredCodeException"
        assert attributes_of(people, "alice")["email_verified"] == "false"

    def test_not_an_address_by_a_code_to_reset(self, make_people, mailed, refusal):
        people = make_people(AutoVerifiedAttributes=[])
        token = people.tokens(name="alice")["AccessToken"]
        people.call("forgot_password", Username="alice")
        update(people, token, email="victim@example.com")
        refused = refusal(
            people.call,
            "confirm_forgot_password",
            Username="alice",
            ConfirmationCode=mailed(ALICE),
            Password=OTHER,
        )
        assert refused.code == "ExpiredCodeException"
        assert attributes_of(people, "alice")["email_verified"] == "false"

    def test_not_another_attribute(self, make_people, mailed, refusal):
        people = make_people()
        token = people.tokens(name="alice")["AccessToken"]
        update(people, token, email="new@example.com", phone_number=PHONE)
        code = mailed("new@example.com")
        refused = refusal(verify, people, token, code, "phone_number")
        assert refused.code == "ExpiredCodeException"
        verify(people, token, code)
        assert attributes_of(people, "alice")["phone_number_verified"] == "false"

    def test_not_another_purpose(self, make_people, mailed, refusal):
        people = make_people()
        new = {"Username": "bob", "Password": PASSWORD}
        people.call("sign_up", UserAttributes=pairs(email="bob@example.com"), **new)
        people.pool.call("admin_confirm_sign_up", Username="bob")
        token = people.tokens(name="bob")["AccessToken"]
        refused = refusal(verify, people, token, mailed("bob@example.com"))
        assert refused.code == "ExpiredCodeException"

    def test_a_second_factor_is_not_another_one(self, make_pool, mailed, refusal):
        """A code sent by email does not count as the one sent by text message."""
        sms = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/s"}}
        people = People(make_pool())
        people.confirmed("alice", email=ALICE, phone_number=PHONE)
        people.require_mfa(
            "OPTIONAL",
            SmsMfaConfiguration=sms,
            EmailMfaConfiguration={"Message": "{####}", "Subject": "Code"},
        )
        both = {"Enabled": True, "PreferredMfa": False}
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username="alice",
            SMSMfaSettings=both,
            EmailMfaSettings=both,
        )

        def challenged(factor):
            challenge = people.sign_in(name="alice")
            return people.answer(challenge, USERNAME="alice", ANSWER=factor)

        by_text = challenged("SMS_MFA")
        challenged("EMAIL_OTP")
        answer = {"USERNAME": "alice", "SMS_MFA_CODE": mailed(ALICE)}
        refused = refusal(people.answer, by_text, **answer)
        assert refused.code == "CodeMismatchException"

    def test_an_address_may_have_to_be_verified_first(self, make_pool, mailed, refusal):
        late = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
        pool = make_pool(**BY_MAIL, UserAttributeUpdateSettings=late)
        people = People(pool).confirmed(ALICE).confirmed(MALLORY)
        token = people.tokens(name=ALICE)["AccessToken"]
        update(people, token, email="new@example.com")
        assert attributes_of(people, ALICE)["email"] == ALICE
        assert attributes_of(people, ALICE)["email_verified"] == "true"
        assert refusal(people.sign_in, name="new@example.com").status == 400
        verify(people, token, mailed("new@example.com"))
        assert people.tokens(name="new@example.com")
        refused = refusal(update, people, token, email=MALLORY)
        assert refused.code == "AliasExistsException"

    def test_an_administrator_verifies_only_explicitly(self, make_people):
        people = make_people()
        people.pool.call(
            "admin_update_user_attributes",
            Username="alice",
            UserAttributes=pairs(email="new@example.com"),
        )
        assert attributes_of(people, "alice")["email_verified"] == "false"

    def test_a_deleted_address_leaves_no_proof(self, make_people):
        people = make_people()
        token = people.tokens(name="alice")["AccessToken"]
        people.api.delete_user_attributes(
            AccessToken=token, UserAttributeNames=["email"]
        )
        assert "email_verified" not in attributes_of(people, "alice")

    def test_signing_up_proves_nothing_by_itself(self, make_people):
        """The attribute and claim show it, also after an administrator confirms."""
        people = make_people()
        new = {"Username": "bob", "Password": PASSWORD}
        people.call("sign_up", UserAttributes=pairs(email="bob@example.com"), **new)
        people.pool.call("admin_confirm_sign_up", Username="bob")
        assert attributes_of(people, "bob")["email_verified"] == "false"
        assert claims(people.tokens(name="bob")["IdToken"])["email_verified"] is False


class TestSub:
    """The sub identifies a user and never belongs to another."""

    @pytest.fixture
    def people(self, make_pool):
        return People(make_pool()).confirmed("alice").confirmed("mallory")

    def test_it_is_neither_set_nor_deleted_nor_chosen_as_a_name(self, people, refusal):
        victim = sub_of(people, name="alice")
        token = people.tokens(name="mallory")["AccessToken"]
        assert refusal(update, people, token, sub=victim).status == 400
        for operation, change in (
            ("admin_update_user_attributes", {"UserAttributes": pairs(sub=victim)}),
            ("admin_delete_user_attributes", {"UserAttributeNames": ["sub"]}),
        ):
            refused = refusal(people.pool.call, operation, Username="mallory", **change)
            assert refused.code == "InvalidParameterException"
        assert attributes_of(people, "mallory")["sub"]
        assert sub_of(people, name="mallory") != victim
        refused = refusal(people.call, "sign_up", Username=victim, Password=PASSWORD)
        assert refused.code == "UsernameExistsException"


def deleted_by_administrator(people, _):
    people.pool.call("admin_delete_user", Username="alice")
    people.confirmed("alice", email=ALICE)


def deleted_by_the_user(people, token):
    people.api.delete_user(AccessToken=token)
    people.confirmed("alice", email=ALICE)


def disabled_and_enabled(people, _):
    people.pool.call("admin_disable_user", Username="alice")
    people.pool.call("admin_enable_user", Username="alice")


def disabled(people, _):
    people.pool.call("admin_disable_user", Username="alice")


class Holder:
    """A client that signed in as Alice and keeps everything it received."""

    def __init__(self, people, app):
        self.people, self.app = people, app
        self.tokens = people.tokens(name="alice")
        self.browser = Browser(app.base)
        self.browser.open("/oauth2/authorize", **app.request())
        arrival = self.browser.send(username="alice", password=PASSWORD)
        self.oauth = app.redeem(arrival.query["code"]).json()
        self.code = self.browser.open("/oauth2/authorize", **app.request()).query[
            "code"
        ]
        self.srp = AWSSRP(
            "alice", PASSWORD, people.pool.id, people.id, client=people.api
        )
        begun = people.call(
            "initiate_auth",
            AuthFlow="USER_SRP_AUTH",
            AuthParameters=self.srp.get_auth_params(),
        )
        self.proof = self.srp.process_challenge(
            begun["ChallengeParameters"], {"USERNAME": "alice"}
        )

    def refresh(self):
        self.people.call(
            "initiate_auth",
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": self.tokens["RefreshToken"]},
        )

    def exchange(self):
        self.people.call(
            "get_tokens_from_refresh_token", RefreshToken=self.tokens["RefreshToken"]
        )

    def refresh_by_oauth(self):
        token = self.oauth["refresh_token"]
        answer = self.app.token("refresh_token", refresh_token=token)
        assert answer.json() == {"error": "invalid_grant"}
        raise Refused

    def get_user(self):
        self.people.api.get_user(AccessToken=self.tokens["AccessToken"])

    def change_password(self):
        self.people.api.change_password(
            AccessToken=self.tokens["AccessToken"],
            PreviousPassword=PASSWORD,
            ProposedPassword=OTHER,
        )

    def delete(self):
        self.people.api.delete_user(AccessToken=self.tokens["AccessToken"])

    def sign_out_everywhere(self):
        self.people.api.global_sign_out(AccessToken=self.tokens["AccessToken"])

    def user_info(self):
        answer = self.app.user_info(self.oauth["access_token"])
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
        raise Refused

    def use_the_browser(self):
        page = self.browser.open("/oauth2/authorize", **self.app.request())
        assert page is self.browser, "it went back to the app"
        assert page.page == "login"
        assert "alice" not in page.text
        raise Refused

    def redeem_the_code(self):
        assert self.app.redeem(self.code).json() == {"error": "invalid_grant"}
        raise Refused

    def prove_the_old_password(self):
        self.people.call(
            "respond_to_auth_challenge",
            ChallengeName="PASSWORD_VERIFIER",
            ChallengeResponses=self.proof,
        )


GONE = "User does not exist."


class Refused(Exception):
    """Raised when an endpoint refuses a request."""


HELD = [name for name in vars(Holder) if not name.startswith("_")]


class TestSessionsEnd:
    """What one user received is useless to a later user of the same name."""

    @pytest.fixture
    def make_site(self, aws, local_url):
        def make(name):
            pool = UserPool(aws("cognito-idp"), name)
            pool.domain(name)
            people = People(pool, **BY_OAUTH).confirmed("alice", email=ALICE)
            return people, App(local_url, name, people.client)

        return make

    @pytest.mark.parametrize(
        ("end", "said"),
        [
            (
                deleted_by_administrator,
                dict.fromkeys(("refresh", "exchange", "get_user"), GONE),
            ),
            (deleted_by_the_user, {}),
            (disabled, {}),
            (
                disabled_and_enabled,
                {
                    "refresh": "Refresh Token has been revoked",
                    "get_user": "Access Token has been revoked",
                },
            ),
        ],
        ids=["deleted by an administrator", "deleted", "disabled", "enabled again"],
    )
    def test_with_the_user(self, make_site, name, end, said):
        people, app = make_site(name)
        holder = Holder(people, app)
        end(people, holder.tokens["AccessToken"])
        messages, worked = {}, []
        for what in HELD:
            try:
                getattr(holder, what)()
            except (ClientError, Refused) as error:
                messages[what] = str(error)
            else:
                worked.append(what)
        assert worked == []
        for what, message in said.items():
            assert messages[what].endswith(message)
        if end is disabled_and_enabled:
            assert people.tokens(name="alice")

    def test_a_first_password_is_set_once(self, make_site, name, refusal):
        """Of two sign-ins with the temporary password, only the first sets another."""
        people, _ = make_site(name)
        people.pool.user("carol", TemporaryPassword=PASSWORD)
        one, two = (people.sign_in(name="carol") for _ in range(2))
        people.answer(one, USERNAME="carol", NEW_PASSWORD=OTHER)
        new = {"USERNAME": "carol", "NEW_PASSWORD": "Stolen-789"}
        assert refusal(people.answer, two, **new).code == "NotAuthorizedException"
        assert people.tokens(name="carol", password=OTHER)

    def test_a_first_password_is_not_set_for_the_next_of_the_name(
        self, make_site, name, refusal
    ):
        people, _ = make_site(name)
        people.pool.user("carol", TemporaryPassword=PASSWORD)
        old = people.sign_in(name="carol")
        people.pool.call("admin_delete_user", Username="carol")
        people.pool.user("carol", TemporaryPassword="Another-987")
        new = {"USERNAME": "carol", "NEW_PASSWORD": "Stolen-789"}
        assert refusal(people.answer, old, **new).code == "NotAuthorizedException"

    def test_a_second_factor_is_not_set_up_for_the_next_of_the_name(
        self, make_site, name, refusal
    ):
        people, _ = make_site(name)
        people.require_mfa()
        old = people.sign_in(name="alice")
        deleted_by_administrator(people, None)
        refused = refusal(people.api.associate_software_token, Session=old["Session"])
        assert refused.status == 400

    def test_srp_proves_the_password_of_now(self, make_site, name, refusal):
        people, app = make_site(name)
        holder = Holder(people, app)
        people.pool.call(
            "admin_set_user_password", Username="alice", Password=OTHER, Permanent=True
        )
        refused = refusal(holder.prove_the_old_password)
        assert refused.message == "Incorrect username or password."

    def test_a_reset_holds_up_the_tokens_until_it_is_done(
        self, make_site, name, refusal
    ):
        people, app = make_site(name)
        holder = Holder(people, app)
        people.pool.call("admin_reset_user_password", Username="alice")
        for call in (holder.refresh, holder.exchange, holder.get_user):
            assert refusal(call).code == "PasswordResetRequiredException"
        for call in (holder.use_the_browser, holder.redeem_the_code):
            with pytest.raises(Refused):
                call()


class TestOneTimeFactor:
    """A code alone does not sign in a user that needs two factors."""

    @pytest.fixture
    def people(self, make_pool):
        pool = make_pool(**passwordless("EMAIL_OTP", "SMS_OTP"))
        return People(pool).confirmed(
            "alice", email=ALICE, phone_number=PHONE, phone_number_verified="true"
        )

    def with_totp(self, people):
        access = people.tokens(name="alice")["AccessToken"]
        begun = people.api.associate_software_token(AccessToken=access)
        app = Authenticator(begun["SecretCode"])
        people.api.verify_software_token(AccessToken=access, UserCode=app.last_code())
        people.api.set_user_mfa_preference(
            AccessToken=access,
            SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
        )

    def test_it_is_not_offered_after_mfa_is_set_up(self, people, refusal):
        people.require_mfa("OPTIONAL")
        self.with_totp(people)
        for factor in ("EMAIL_OTP", "SMS_OTP"):
            challenge = choose(people, "alice", PREFERRED_CHALLENGE=factor)
            assert challenge["ChallengeName"] == "SELECT_CHALLENGE"
            assert challenge["AvailableChallenges"] == ["PASSWORD", "PASSWORD_SRP"]
            answer = {"USERNAME": "alice", "ANSWER": factor}
            assert refusal(people.answer, challenge, **answer).status == 400
        password = {"ANSWER": "PASSWORD", "PASSWORD": PASSWORD, "USERNAME": "alice"}
        following = people.answer(challenge, **password)
        assert following["ChallengeName"] == "SOFTWARE_TOKEN_MFA"

    def test_it_does_not_outrun_the_second(self, people, mailed, refusal):
        """It is offered without MFA; after MFA setup, such a code is refused."""
        offered = choose(people, "alice")["AvailableChallenges"]
        assert offered == ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"]
        people.require_mfa("OPTIONAL")
        challenge = choose(people, "alice", PREFERRED_CHALLENGE="EMAIL_OTP")
        self.with_totp(people)
        answer = {"USERNAME": "alice", "EMAIL_OTP_CODE": mailed(ALICE)}
        assert refusal(people.answer, challenge, **answer).status == 400

    def test_as_the_second_factor_it_signs_in(self, people, mailed):
        people.require_mfa("OPTIONAL", **BY_MESSAGE)
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username="alice",
            EmailMfaSettings={"Enabled": True, "PreferredMfa": True},
        )
        challenge = people.sign_in(name="alice")
        answer = {"USERNAME": "alice", "EMAIL_OTP_CODE": mailed(ALICE)}
        assert people.answer(challenge, **answer)["AuthenticationResult"]

    def test_a_pool_does_not_require_mfa_beside_it(self, people, make_pool, refusal):
        said = (
            400,
            "InvalidParameterException",
            REFUSED_FACTOR,
        )
        assert refusal(people.require_mfa) == said
        strict = People(make_pool()).require_mfa()
        policies = passwordless("EMAIL_OTP")["Policies"]
        refused = refusal(strict.pool.call, "update_user_pool", Policies=policies)
        assert refused == said


@pytest.fixture(scope="class", params=["mail", "name", "address", "alias"])
def site(request, aws):
    """A pool of each kind with a user; the user's name, and an unused name."""
    factors = passwordless("EMAIL_OTP")
    kind = {"mail": BY_MAIL, "alias": BY_ALIAS}.get(request.param, {})
    pool = UserPool(aws("cognito-idp"), "any", **kind | factors)
    people = People(pool, **HIDING)
    name = {"alias": str(uuid.uuid4()), "name": "alice"}.get(request.param, ALICE)
    people.confirmed(name, email=ALICE)
    if request.param == "name":
        return SimpleNamespace(people=people, user=name, nobody="anna")
    return SimpleNamespace(people=people, user=ALICE, nobody="anna@example.org")


class TestWhoExists:
    """A client that hides user existence answers alike for known and unknown names."""

    def shape(self, text):
        """Return the parts of a text that depend on whether the user exists."""
        if UUID4.fullmatch(text):
            return "uuid"
        return re.sub(r"[0-9a-f]{20,}|[A-Za-z0-9+/=]{100,}", "~", text)

    def test_srp_begins_alike(self, site):
        known, unknown = (
            begin_srp(site.people, each)["ChallengeParameters"]
            for each in (site.user, site.nobody)
        )
        assert known.keys() == unknown.keys()
        for key in ("USER_ID_FOR_SRP", "USERNAME"):
            made_up, real = unknown[key], known[key]
            assert self.shape(made_up) == self.shape(real).replace(
                site.user, site.nobody
            )
        assert unknown["USERNAME"] == unknown["USER_ID_FOR_SRP"]
        assert len(unknown["SECRET_BLOCK"]) == len(known["SECRET_BLOCK"])

    def test_made_up_values_are_stable(self, site):
        """Across calls, clients, and upper or lower case."""
        other = People(site.people.pool, **HIDING)
        names = [site.nobody, site.nobody]
        settings = site.people.pool.described()
        if not settings.get("UsernameConfiguration", {}).get("CaseSensitive", True):
            names.append(site.nobody.upper())
        told = {
            tuple(
                begin_srp(people, name)["ChallengeParameters"][key]
                for key in ("USER_ID_FOR_SRP", "SALT")
            )
            for people in (site.people, other)
            for name in names
        }
        assert len(told) == 1

    def test_it_differs_from_name_to_name_and_from_pool_to_pool(self, make_pool):
        one, two = (People(make_pool(**BY_MAIL), **HIDING) for _ in range(2))
        told = [
            begin_srp(people, name)["ChallengeParameters"]
            for people in (one, two)
            for name in (ALICE, MALLORY)
        ]
        for key in ("USER_ID_FOR_SRP", "SALT"):
            assert len({each[key] for each in told}) == 4

    def test_a_made_up_id_is_taken_as_a_name(self, site):
        """Just like a real user's ID."""
        for name in (site.user, site.nobody):
            user_id = begin_srp(site.people, name)["ChallengeParameters"]
            again = begin_srp(site.people, user_id["USER_ID_FOR_SRP"])
            for key in ("USER_ID_FOR_SRP", "SALT"):
                assert again["ChallengeParameters"][key] == user_id[key]

    @pytest.mark.parametrize("preferred", [None, "EMAIL_OTP"])
    def test_a_choice_is_offered_alike(self, site, refusal, preferred):
        """The steps after it too: a code that no user can receive."""
        outcomes = []
        for name in (site.user, site.nobody):
            parameters = {"PREFERRED_CHALLENGE": preferred} if preferred else {}
            challenge = choose(site.people, name, **parameters)
            seen = [challenge["ChallengeName"], challenge.get("AvailableChallenges")]
            if preferred is None:
                answer = {"USERNAME": name, "ANSWER": "EMAIL_OTP"}
                challenge = site.people.answer(challenge, **answer)
            parameters = challenge["ChallengeParameters"]
            seen += [challenge["ChallengeName"], sorted(parameters)]
            seen.append(
                re.sub(r"[a-z]\*", "?*", parameters["CODE_DELIVERY_DESTINATION"])
            )
            for _ in range(2):
                code = {"USERNAME": name, "EMAIL_OTP_CODE": "nonsense"}
                seen.append(refusal(site.people.answer, challenge, **code))
            outcomes.append(seen)
        assert outcomes[0] == outcomes[1]

    def test_a_challenge_is_answered_alike(self, site, refusal):
        """Under the name, the ID, and another user's name."""
        outcomes = []
        for name in (site.user, site.nobody):
            own = begin_srp(site.people, name)["ChallengeParameters"]
            others = ("zoe", "zoe@example.com", str(uuid.uuid4()))
            outcomes.append(
                [
                    refusal(
                        site.people.call,
                        "respond_to_auth_challenge",
                        ChallengeName="PASSWORD_VERIFIER",
                        ChallengeResponses={
                            "USERNAME": given,
                            "PASSWORD_CLAIM_SECRET_BLOCK": own["SECRET_BLOCK"],
                            "PASSWORD_CLAIM_SIGNATURE": "d3Jvbmc=",
                            "TIMESTAMP": "Fri Nov 27 10:00:00 UTC 2026",
                        },
                    )
                    for given in (name, own["USERNAME"], *others)
                ]
            )
        assert outcomes[0] == outcomes[1]

    def test_a_code_does_not_reveal_the_state_of_a_user(self, make_pool):
        pool = make_pool(**BY_MAIL | passwordless("EMAIL_OTP"))
        people = People(pool, **HIDING).confirmed(ALICE)
        pool.call("admin_disable_user", Username=ALICE)
        people.call("sign_up", Username=MALLORY, Password=PASSWORD)
        pool.call(
            "admin_update_user_attributes",
            Username=MALLORY,
            UserAttributes=pairs(email_verified="true"),
        )
        challenges = [
            choose(people, username, PREFERRED_CHALLENGE="EMAIL_OTP")
            for username in (ALICE, MALLORY, "anna@example.org")
        ]
        for challenge in challenges:
            assert challenge["ChallengeName"] == "EMAIL_OTP"
            parameters = challenge["ChallengeParameters"]
            assert parameters.keys() == challenges[-1]["ChallengeParameters"].keys()

    def test_forgetting_does_not_reveal_the_state_of_a_user(self, make_pool):
        """Users that get no code see the same answer as users that do not exist."""
        pool = make_pool(**BY_MAIL)
        people = People(pool, **HIDING)
        pool.user("amy@example.org", TemporaryPassword=PASSWORD)
        people.confirmed("abe@example.org", email_verified="false")
        people.confirmed("ann@example.org")
        pool.call("admin_disable_user", Username="ann@example.org")
        sent = {
            json.dumps(
                people.call("forgot_password", Username=f"{name}@example.org")[
                    "CodeDeliveryDetails"
                ]
            )
            for name in ("amy", "abe", "ann", "anna")
        }
        assert len(sent) == 1

    def test_codes_treat_a_disabled_user_as_unknown(self, make_pool, refusal):
        people = People(make_pool(**BY_MAIL), **HIDING).confirmed(ALICE)
        people.pool.call("admin_disable_user", Username=ALICE)
        people.call("resend_confirmation_code", Username=ALICE)
        new = {"ConfirmationCode": "123456", "Password": OTHER}
        refusals = {
            refusal(people.call, "confirm_forgot_password", Username=each, **new)
            for each in (ALICE, NOBODY)
        }
        assert {refusal.code for refusal in refusals} == {"CodeMismatchException"}

    def test_a_wrong_password_reveals_no_state(self, make_pool, refusal):
        """Only the right password reveals: disabled, not confirmed, or to be reset."""
        people = People(make_pool(**BY_MAIL), **HIDING)
        people.confirmed("disabled@example.com").confirmed("reset@example.com")
        people.pool.call("admin_disable_user", Username="disabled@example.com")
        people.pool.call("admin_reset_user_password", Username="reset@example.com")
        people.call("sign_up", Username="new@example.com", Password=PASSWORD)
        names = ["disabled@example.com", "reset@example.com", "new@example.com", NOBODY]
        for flow in ("password", "srp", "choice", "admin"):
            refusals = {refusal(attempt, people, name, WRONG, flow) for name in names}
            assert refusals == {
                (400, "NotAuthorizedException", "Incorrect username or password.")
            }


def attempt(people, username, password, flow):
    """Sign in by one of the flows that take a password."""
    parameters = {"USERNAME": username, "PASSWORD": password}
    if flow == "srp":
        srp = AWSSRP(username, password, people.pool.id, people.id, client=people.api)
        return srp.authenticate_user()
    if flow == "choice":
        return choose(
            people, username, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=password
        )
    if flow == "admin":
        return people.pool.call(
            "admin_initiate_auth",
            ClientId=people.id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters=parameters,
        )
    return people.call(
        "initiate_auth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )


class TestCounting:
    """Each wrong answer counts once."""

    def test_a_failed_proof(self, make_pool, refusal):
        """Four wrong proofs, then the right one under the same session."""
        people = People(make_pool()).confirmed("alice")
        srp = AWSSRP("alice", PASSWORD, people.pool.id, people.id, client=people.api)
        begun = people.call(
            "initiate_auth",
            AuthFlow="USER_SRP_AUTH",
            AuthParameters=srp.get_auth_params(),
        )
        right = srp.process_challenge(
            begun["ChallengeParameters"], {"USERNAME": "alice"}
        )
        wrong = right | {"PASSWORD_CLAIM_SIGNATURE": "d3Jvbmc="}

        def prove(responses):
            return people.call(
                "respond_to_auth_challenge",
                ChallengeName="PASSWORD_VERIFIER",
                ChallengeResponses=responses,
            )

        for _ in range(4):
            assert refusal(prove, wrong).message == "Incorrect username or password."
        assert prove(right)["AuthenticationResult"]

    def test_a_failed_code(self, make_pool, mailed, refusal):
        pool = make_pool(**passwordless("EMAIL_OTP"))
        people = People(pool).confirmed("alice", email=ALICE)
        challenge = choose(people, "alice", PREFERRED_CHALLENGE="EMAIL_OTP")
        code = mailed(ALICE)
        for _ in range(4):
            answer = {"USERNAME": "alice", "EMAIL_OTP_CODE": wrong_code(code)}
            refused = refusal(people.answer, challenge, **answer)
            assert refused.code == "CodeMismatchException"
        answer = {"USERNAME": "alice", "EMAIL_OTP_CODE": code}
        assert people.answer(challenge, **answer)["AuthenticationResult"]


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


class Guesser:
    """Tries passwords in a pool of this process, under a clock that the test sets."""

    def __init__(self, **client):
        self.clock = Clock()
        api = moto_store.client("cognito-idp", "eu-west-1")
        self.cognito = Cognito(
            Keys(), "http://127.0.0.1", Activity(), Lockout(self.clock)
        )
        self.pool_id = api.create_user_pool(PoolName="any")["UserPool"]["Id"]
        flows = {"ExplicitAuthFlows": EVERY_FLOW} | client
        made = api.create_user_pool_client(
            UserPoolId=self.pool_id, ClientName="any", **flows
        )
        self.client_id = made["UserPoolClient"]["ClientId"]
        api.admin_create_user(UserPoolId=self.pool_id, Username="alice")
        api.admin_set_user_password(
            UserPoolId=self.pool_id,
            Username="alice",
            Password=PASSWORD,
            Permanent=True,
        )

    def call(self, operation, **params):
        params = {"ClientId": self.client_id} | params
        parts = {Cognito: self.cognito}
        call = Call("cognito-idp", operation, "eu-west-1", params, parts)
        return SERVICES["cognito-idp"].find(operation).answer(call)

    def by_password(self, username, password):
        parameters = {"USERNAME": username, "PASSWORD": password}
        return self.call(
            "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )

    def by_administrator(self, username, password):
        return self.call(
            "AdminInitiateAuth",
            UserPoolId=self.pool_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )

    def by_choice(self, username, password):
        parameters = {"USERNAME": username, "PREFERRED_CHALLENGE": "PASSWORD"}
        return self.call(
            "InitiateAuth",
            AuthFlow="USER_AUTH",
            AuthParameters=parameters | {"PASSWORD": password},
        )

    def by_selection(self, username, password):
        begun = self.call(
            "InitiateAuth", AuthFlow="USER_AUTH", AuthParameters={"USERNAME": username}
        )
        return self.call(
            "RespondToAuthChallenge",
            ChallengeName="SELECT_CHALLENGE",
            Session=begun["Session"],
            ChallengeResponses={
                "USERNAME": username,
                "ANSWER": "PASSWORD",
                "PASSWORD": password,
            },
        )

    def by_srp(self, username, password):
        api = SimpleNamespace(
            initiate_auth=lambda **params: self.call("InitiateAuth", **params),
            respond_to_auth_challenge=lambda **params: self.call(
                "RespondToAuthChallenge", **params
            ),
        )
        srp = AWSSRP(username, password, self.pool_id, self.client_id, client=api)
        return srp.authenticate_user()

    def by_page(self, username, password):
        client = directory.find_client(self.client_id)
        return self.cognito.sign_in.with_password(client, username, password)

    def said(self, way, password=WRONG, username="alice"):
        """Return the error of one attempt, or None if it signs in."""
        try:
            getattr(self, way)(username, password)
        except AwsFault as fault:
            return fault.message
        return None


INCORRECT, EXCEEDED = "Incorrect username or password.", "Password attempts exceeded"
WAYS = [name for name in vars(Guesser) if name.startswith("by_")]


def these(*ways):
    """Return all ways as parameters; those not named run nightly."""
    nightly = pytest.mark.nightly
    return [
        pytest.param(way, marks=[nightly] * (way not in ways), id=way) for way in WAYS
    ]


class TestGuessing:
    """Consecutive wrong passwords lock a user out, whatever the flow."""

    @pytest.fixture
    def guesser(self):
        return Guesser()

    # The next test counts in the other ways.
    @pytest.mark.parametrize("way", these("by_password", WAYS[5]))
    def test_five_in_one_way_lock_out_of_all(self, guesser, way):
        assert [guesser.said(way) for _ in range(5)] == [INCORRECT] * 5
        for other in WAYS:
            assert guesser.said(other, PASSWORD) == EXCEEDED

    def test_all_ways_count_together(self, guesser):
        assert [guesser.said(way) for way in WAYS[:5]] == [INCORRECT] * 5
        assert guesser.said(WAYS[5], PASSWORD) == EXCEEDED

    def test_signing_in_forgets_the_failures(self, guesser):
        for _ in range(2):
            for _ in range(4):
                assert guesser.said("by_password") == INCORRECT
            assert guesser.said("by_srp", PASSWORD) is None

    def test_a_quarter_of_an_hour_forgets_them_too(self, guesser):
        for _ in range(5):
            guesser.said("by_password")
        guesser.clock.now += 15 * 60
        assert [guesser.said("by_password") for _ in range(5)] == [INCORRECT] * 5
        assert guesser.said("by_password") == EXCEEDED

    def test_each_user_has_failures_of_their_own(self, guesser):
        api = moto_store.client("cognito-idp", "eu-west-1")
        api.admin_create_user(UserPoolId=guesser.pool_id, Username="bob")
        for _ in range(5):
            guesser.said("by_password", username="bob")
        assert guesser.said("by_password", username="bob") == EXCEEDED
        assert guesser.said("by_password", PASSWORD) is None

    @pytest.mark.parametrize("way", these("by_password", "by_srp"))
    def test_an_unknown_user_is_locked_out_like_a_user(self, way):
        guesser = Guesser(**HIDING)
        said = [
            [guesser.said(way, username=name) for _ in range(6)]
            for name in ("alice", "anna")
        ]
        assert said[0] == said[1] == [INCORRECT] * 5 + [EXCEEDED]

    def test_the_right_password_alone_forgets_nothing(self, guesser):
        """With MFA it is half of a sign-in, and guessing of codes is limited."""
        self.require_mail(guesser)
        for _ in range(4):
            assert guesser.said("by_password") == INCORRECT
        challenge = guesser.by_password("alice", PASSWORD)
        assert challenge["ChallengeName"] == "EMAIL_OTP"
        assert guesser.said("by_password") == INCORRECT
        assert guesser.said("by_password") == EXCEEDED

    def test_codes_are_counted_over_sessions(self, guesser):
        self.require_mail(guesser)

        def guess(code):
            challenge = guesser.by_password("alice", PASSWORD)
            return guesser.call(
                "RespondToAuthChallenge",
                ChallengeName="EMAIL_OTP",
                Session=challenge["Session"],
                ChallengeResponses={"USERNAME": "alice", "EMAIL_OTP_CODE": code},
            )

        for _ in range(5):
            with pytest.raises(AwsFault, match="Invalid verification code"):
                guess("nonsense")
        with pytest.raises(AwsFault, match=EXCEEDED):
            guess("nonsense")

    def test_a_stolen_token_does_not_help_to_guess_the_password(self, guesser):
        tokens = guesser.by_password("alice", PASSWORD)["AuthenticationResult"]

        def change(previous):
            guesser.call(
                "ChangePassword",
                AccessToken=tokens["AccessToken"],
                PreviousPassword=previous,
                ProposedPassword=OTHER,
            )

        for _ in range(5):
            with pytest.raises(AwsFault, match="Incorrect username or password"):
                change(WRONG)
        with pytest.raises(AwsFault) as caught:
            change(PASSWORD)
        assert caught.value.code == "LimitExceededException"
        guesser.clock.now += 1
        change(PASSWORD)

    def require_mail(self, guesser):
        api = moto_store.client("cognito-idp", "eu-west-1")
        backend = moto_store.backend("cognito-idp", "eu-west-1")
        pool = backend.user_pools[guesser.pool_id]
        pool.mfa_config, pool.email_mfa_config = "OPTIONAL", {"Message": "{####}"}
        api.admin_update_user_attributes(
            UserPoolId=guesser.pool_id,
            Username="alice",
            UserAttributes=pairs(email=ALICE, email_verified="true"),
        )
        guesser.call(
            "AdminSetUserMFAPreference",
            UserPoolId=guesser.pool_id,
            Username="alice",
            EmailMfaSettings={"Enabled": True, "PreferredMfa": True},
        )


class TestLockout:
    """The pauses match AWS's documentation.

    Cognito developer guide, "Authentication with Amazon Cognito user pools", lockout
    behavior; "MFA" of the same guide for codes. The messages: amplify-js#1234.
    """

    def test_they_double_up_to_a_quarter_of_an_hour(self):
        clock = Clock()
        lockout, pauses = Lockout(clock), []
        for number in range(1, 18):
            lockout.failed("alice")
            begun = clock.now
            if number >= 5:
                low, high = 0, 900
                while low < high:  # the first second in which she can sign in again
                    middle = (low + high) // 2
                    clock.now = begun + middle
                    low, high = (
                        (middle + 1, high)
                        if lockout.is_locked("alice")
                        else (low, middle)
                    )
                pauses.append(low)
                clock.now = begun + low
            assert not lockout.is_locked("alice")
        assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]

    def test_attempts_during_a_pause_do_not_lengthen_it(self):
        clock = Clock()
        lockout = Lockout(clock)
        for _ in range(5):
            lockout.failed("alice")
        for _ in range(100):
            with pytest.raises(AwsFault, match=EXCEEDED):
                lockout.check("alice")
        clock.now += 1
        lockout.check("alice")
