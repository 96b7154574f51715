"""The user pool: the parameters of an update, and how it is found."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import destroy, plan, refresh
from cognito_gw.engine.resource import Action, Change
from cognito_gw.errors import CannotChange, Missing, NotOurs

POOL_ID = "eu-west-1_abcdefghi"
TAGS = {"cgw:stack": "shop", "team": "payments"}


def described(pool, **settings):
    """Return a pool as AWS describes it, with AWS's additional fields."""
    wanted = pool.desired()
    return wanted | {
        "Id": POOL_ID,
        "Arn": f"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/{POOL_ID}",
        "EstimatedNumberOfUsers": 3,
        "SchemaAttributes": [{"Name": "email"}],
        "UsernameConfiguration": {"CaseSensitive": False},
        "Domain": "shop-front",
        "MfaConfiguration": "OPTIONAL",
        "SmsConfiguration": {},
        "UserPoolAddOns": {},
        "EmailVerificationMessage": "",
        **settings,
    }


@pytest.fixture
def updated(aws, find, stubbed):
    """Return the parameters of UpdateUserPool for a pool with these settings."""

    def run(change="DeletionProtection", **settings):
        pool = find("user pool")
        pool.live = described(pool, **settings)
        describe = ("describe_user_pool", {"UserPoolId": POOL_ID}, {"UserPool": {}})
        with stubbed(aws.cognito, ("update_user_pool", None, {}), describe):
            pool.update(aws, {change: Change("ACTIVE", "INACTIVE")})
        return aws.sent("UpdateUserPool")

    return run


@pytest.mark.parametrize("is_open", [False, True])
def test_only_the_file_opens_sign_up(find, is_open):
    """By default only administrators create users."""
    pool = find("user pool", user_pool={"self_sign_up": is_open})
    creation = pool.desired()["AdminCreateUserConfig"]
    assert creation == {"AllowAdminCreateUserOnly": not is_open}


class TestUpdate:
    """UpdateUserPool resets missing fields."""

    def test_keeps_what_the_file_does_not_speak_of(self, updated):
        """Settings from the console that the file does not mention are preserved."""
        theirs = {
            "LambdaConfig": {"PreSignUp": "arn:aws:lambda:eu-west-1:1:function:check"},
            "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
            "AccountRecoverySetting": {
                "RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]
            },
            "UserPoolTier": "PLUS",
            "VerificationMessageTemplate": {"EmailSubject": "Hello"},
        }
        sent = updated(**theirs)
        assert {key: sent[key] for key in theirs} == theirs

    def test_lays_the_file_over_it(self, updated):
        """Within one setting, the file takes precedence and the rest stays."""
        sent = updated(
            Policies={
                "PasswordPolicy": {"MinimumLength": 6, "PasswordHistorySize": 5},
                "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
            }
        )
        assert sent["Policies"]["PasswordPolicy"] == {
            "MinimumLength": 10,
            "PasswordHistorySize": 5,
            "RequireLowercase": True,
            "RequireUppercase": False,
            "RequireNumbers": True,
            "RequireSymbols": False,
        }
        assert sent["Policies"]["SignInPolicy"] == {
            "AllowedFirstAuthFactors": ["PASSWORD"]
        }

    def test_keeps_other_tags(self, updated):
        """Other tags of the pool stay."""
        assert updated(UserPoolTags={"cost": "42"})["UserPoolTags"] == TAGS | {
            "cost": "42"
        }

    def test_sends_only_what_is_taken(self, updated):
        """Fields that the operation does not accept and empty fields are not sent."""
        assert set(updated()) == {
            "UserPoolId",
            "Policies",
            "DeletionProtection",
            "AutoVerifiedAttributes",
            "UserPoolTags",
            "AdminCreateUserConfig",
        }

    def test_leaves_mfa_alone(self, updated):
        """MFA is not sent: UpdateUserPool refuses it for TOTP."""
        assert "MfaConfiguration" not in updated()

    @pytest.mark.parametrize(("days", "is_sent"), [({}, True), ({"x": 1}, False)])
    def test_temporary_passwords(self, updated, days, is_sent):
        """Of the two names of one setting, only the newer is sent if it exists."""
        policy = {"TemporaryPasswordValidityDays": 7} if days else {}
        config = {"UnusedAccountValidityDays": 7, "AllowAdminCreateUserOnly": True}
        sent = updated(
            Policies={"PasswordPolicy": policy}, AdminCreateUserConfig=config
        )
        assert ("UnusedAccountValidityDays" in sent["AdminCreateUserConfig"]) == is_sent

    def test_rename(self, updated):
        """A new name is sent; an unchanged one is not."""
        assert updated("Name", Name="old")["PoolName"] == "shop"
        assert "PoolName" not in updated()


class TestFinding:
    """By name and tag, whatever the name is."""

    def _tagged(self, *pool_ids):
        arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool"
        found = [{"ResourceARN": f"{arn}/{pool_id}"} for pool_id in pool_ids]
        sent = {
            "TagFilters": [{"Key": "cgw:stack", "Values": ["shop"]}],
            "ResourceTypeFilters": ["cognito-idp:userpool"],
        }
        return "get_resources", sent, {"ResourceTagMappingList": found}

    def test_renamed_in_the_file(self, aws, find, do, stubbed):
        """After a name change in the file, the pool is found by tag and renamed."""
        old = find("user pool")
        do("apply", old)
        pool = find("user pool", user_pool={"name": "new-name"})
        with stubbed(aws.tagging, self._tagged(old.id)):
            step = plan(pool, aws)
        assert pool.id == old.id
        assert step.changes == {"Name": Change("shop", "new-name")}

    def test_tag_of_what_is_gone(self, aws, find, stubbed):
        """A pool that only the tagging API still lists counts as absent."""
        with stubbed(aws.tagging, self._tagged(POOL_ID)):
            assert plan(find("user pool"), aws).action is Action.CREATE

    def test_same_name_twice(self, aws, find, do):
        """A newer foreign pool with the same name is ignored."""
        do("apply", find("user pool"))
        mine = find("user pool")
        refresh(mine, aws)
        aws.cognito.create_user_pool(PoolName="shop")
        again = find("user pool")
        refresh(again, aws)
        assert again.id == mine.id

    def test_two_of_ours(self, aws, find, do):
        """Two pools with the stack's tag are an error that lists both."""
        do("apply", find("user pool"))
        other = aws.cognito.create_user_pool(PoolName="shop", UserPoolTags=TAGS)
        pool = find("user pool")
        error = do("apply", pool)[pool].error
        assert "2 user pools carry this stack's tag" in error.what
        assert other["UserPool"]["Id"] in error.what
        assert aws.writes.count("CreateUserPool") == 2, "the first, and this test's"

    def test_name_of_another_stack(self, aws, find):
        """A pool with our name and another stack's tag is ignored."""
        aws.cognito.create_user_pool(PoolName="shop", UserPoolTags={"cgw:stack": "x"})
        with pytest.raises(NotOurs, match="the cgw stack `x`"):
            plan(find("user pool"), aws)


class TestExternal:
    """A pool with an `id` in the file."""

    def _theirs(self, aws):
        made = aws.cognito.create_user_pool(PoolName="theirs")["UserPool"]
        return made["Id"]

    def test_is_left_alone(self, aws, find, do):
        """It is used, and neither changed nor deleted."""
        pool_id = self._theirs(aws)
        pool = find("user pool", user_pool={"id": pool_id}, users=[], app_clients={})
        aws.session.calls.clear()
        assert do("apply", pool)[pool].word == "unchanged"
        assert destroy(pool, aws).word == "skipped"
        assert aws.writes == []

    def test_must_be_there(self, aws, find):
        """It is not created if it is missing."""
        with pytest.raises(Missing, match="names it by `id`"):
            plan(find("user pool", user_pool={"id": POOL_ID}, users=[]), aws)

    def test_nothing_is_made_in_it(self, aws, built, do):
        """No group, client, domain or user is created in it."""
        pool_id = self._theirs(aws)
        stack = built(user_pool={"id": pool_id}, app_clients={"web": {}})
        inside = [each.kind for each in stack.resources if each.parent is stack.pool]
        assert inside == []
        aws.session.calls.clear()
        do("apply", *stack.resources)
        assert {s for s, name, _ in aws.session.calls if name in aws.writes} == {
            "apigateway",
            "iam",
            "lambda",
            "logs",
        }


def test_sign_in_is_fixed(aws, find, do):
    """A change of the sign-in attributes is an error, because AWS does not allow it."""
    do("apply", find("user pool"))
    changed = find("user pool", user_pool={"sign_in_with": []})
    with pytest.raises(CannotChange) as error:
        plan(changed, aws)
    told = "`user_pool.sign_in_with` is [] in the file and [email] on AWS"
    assert told in error.value.what
    assert "all users are lost" in error.value.hint


def test_the_users_that_a_replacement_loses_are_counted(aws, find, do):
    """If AWS reports their number."""
    pool = find("user pool")
    do("apply", pool)
    aws.cognito.admin_create_user(UserPoolId=pool.id, Username="a@example.com")
    changed = find("user pool", user_pool={"sign_in_with": ["email", "phone_number"]})
    with pytest.raises(CannotChange) as error:
        plan(changed, aws)
    assert "is [email, phone_number] in the file and [email] on" in error.value.what
    assert "all users of the pool (now about 1) are lost" in error.value.hint


@pytest.mark.parametrize(
    ("in_file", "on_aws", "is_protected"),
    [
        (False, None, False),
        (True, None, True),
        (True, "ACTIVE", True),
        (False, "ACTIVE", True),
        (False, "INACTIVE", False),
    ],
)
def test_protection(find, in_file, on_aws, is_protected):
    """A pool is not deleted while the file or AWS protects it."""
    pool = find("user pool", user_pool={"deletion_protection": in_file})
    pool.live = {"Id": "x", "DeletionProtection": on_aws}
    assert bool(pool.protected) == is_protected
