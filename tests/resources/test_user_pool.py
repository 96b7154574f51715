"""The user pool: what an update sends, and how it is found."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import destroy, plan, refresh
from cognito_gw.engine.resource import Action, Change
from cognito_gw.errors import CannotChange, Missing, NotOurs

POOL_ID = "eu-west-1_abcdefghi"
TAGS = {"cgw:stack": "shop", "team": "payments"}


def described(pool, **settings):
    """Return a pool as AWS describes it, with all that AWS adds of its own."""
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
    """Return what UpdateUserPool is sent for a pool that AWS describes so."""

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
    """Else administrators alone create users."""
    pool = find("user pool", user_pool={"self_sign_up": is_open})
    creation = pool.desired()["AdminCreateUserConfig"]
    assert creation == {"AllowAdminCreateUserOnly": not is_open}


class TestUpdate:
    """UpdateUserPool resets what it is not sent."""

    def test_keeps_what_the_file_does_not_speak_of(self, updated):
        """What somebody set in the console goes back as it was."""
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
        """Within one setting, what the file says wins and the rest stays."""
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
        """Tags that others have put on the pool stay on it."""
        assert updated(UserPoolTags={"cost": "42"})["UserPoolTags"] == TAGS | {
            "cost": "42"
        }

    def test_sends_only_what_is_taken(self, updated):
        """What AWS describes and does not take back is not sent, nor what is empty."""
        assert set(updated()) == {
            "UserPoolId",
            "Policies",
            "DeletionProtection",
            "AutoVerifiedAttributes",
            "UserPoolTags",
            "AdminCreateUserConfig",
        }

    def test_leaves_mfa_alone(self, updated):
        """MFA is not sent: UpdateUserPool refuses it for one-time passwords."""
        assert "MfaConfiguration" not in updated()

    @pytest.mark.parametrize(("days", "is_sent"), [({}, True), ({"x": 1}, False)])
    def test_temporary_passwords(self, updated, days, is_sent):
        """Of the two names of one setting only the newer is sent where it is there."""
        policy = {"TemporaryPasswordValidityDays": 7} if days else {}
        config = {"UnusedAccountValidityDays": 7, "AllowAdminCreateUserOnly": True}
        sent = updated(
            Policies={"PasswordPolicy": policy}, AdminCreateUserConfig=config
        )
        assert ("UnusedAccountValidityDays" in sent["AdminCreateUserConfig"]) == is_sent

    def test_rename(self, updated):
        """A new name is sent as such; an unchanged one is not."""
        assert updated("Name", Name="old")["PoolName"] == "shop"
        assert "PoolName" not in updated()


class TestFinding:
    """By name and tag, under whatever name."""

    def _tagged(self, *pool_ids):
        arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool"
        found = [{"ResourceARN": f"{arn}/{pool_id}"} for pool_id in pool_ids]
        sent = {
            "TagFilters": [{"Key": "cgw:stack", "Values": ["shop"]}],
            "ResourceTypeFilters": ["cognito-idp:userpool"],
        }
        return "get_resources", sent, {"ResourceTagMappingList": found}

    def test_renamed_in_the_file(self, aws, find, do, stubbed):
        """A pool whose name in the file changed is found by its tag, and renamed."""
        old = find("user pool")
        do("apply", old)
        pool = find("user pool", user_pool={"name": "new-name"})
        with stubbed(aws.tagging, self._tagged(old.id)):
            step = plan(pool, aws)
        assert pool.id == old.id
        assert step.changes == {"Name": Change("shop", "new-name")}

    def test_tag_of_what_is_gone(self, aws, find, stubbed):
        """What the tagging API still knows and AWS no longer has is not there."""
        with stubbed(aws.tagging, self._tagged(POOL_ID)):
            assert plan(find("user pool"), aws).action is Action.CREATE

    def test_same_name_twice(self, aws, find, do):
        """Somebody else's pool of the same name, made later, is not taken for ours."""
        do("apply", find("user pool"))
        mine = find("user pool")
        refresh(mine, aws)
        aws.cognito.create_user_pool(PoolName="shop")
        again = find("user pool")
        refresh(again, aws)
        assert again.id == mine.id

    def test_two_of_ours(self, aws, find, do):
        """Two pools with our tag are an error that names both; none is guessed."""
        do("apply", find("user pool"))
        other = aws.cognito.create_user_pool(PoolName="shop", UserPoolTags=TAGS)
        pool = find("user pool")
        error = do("apply", pool)[pool].error
        assert "2 user pools carry this stack's tag" in error.what
        assert other["UserPool"]["Id"] in error.what
        assert aws.writes.count("CreateUserPool") == 2, "the first, and this test's"

    def test_name_of_another_stack(self, aws, find):
        """A pool of our name with another stack's tag is not ours."""
        aws.cognito.create_user_pool(PoolName="shop", UserPoolTags={"cgw:stack": "x"})
        with pytest.raises(NotOurs, match="the cgw stack `x`"):
            plan(find("user pool"), aws)


class TestExternal:
    """A pool that the file names by `id`."""

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
        """It is not made where it is missing."""
        with pytest.raises(Missing, match="names it by `id`"):
            plan(find("user pool", user_pool={"id": POOL_ID}, users=[]), aws)

    def test_nothing_is_made_in_it(self, aws, built, do):
        """No group, client, domain or user is put into it."""
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
    """What users sign in with cannot be changed; the error says so."""
    do("apply", find("user pool"))
    changed = find("user pool", user_pool={"sign_in_with": []})
    with pytest.raises(CannotChange) as error:
        plan(changed, aws)
    told = "`user_pool.sign_in_with` is [] in the file and [email] on AWS"
    assert told in error.value.what
    assert "all users are lost" in error.value.hint


def test_the_users_that_a_replacement_loses_are_counted(aws, find, do):
    """As far as AWS tells how many there are."""
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
