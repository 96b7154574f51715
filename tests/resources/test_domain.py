"""The domain: its owner, its renaming, and the generated prefix."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from cognito_gw.aws.clients import Account
from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.aws_rules import RESERVED_WORDS
from cognito_gw.engine.reconcile import apply
from cognito_gw.engine.resource import Change
from cognito_gw.errors import NotOurs
from cognito_gw.resources.domain import default_prefix

TAKEN = "Domain already associated with another user pool."


def _owner(aws, prefix):
    found = aws.cognito.describe_user_pool_domain(Domain=prefix)
    return found["DomainDescription"].get("UserPoolId")


def test_renamed(aws, find, do):
    """A new prefix in the file replaces the old one: a pool has only one."""
    do("apply", find("domain"))
    renamed = find("domain", domain="shop-window")
    step = do("apply", renamed)[renamed]
    assert step.word == "updated"
    assert step.changes == {"Domain": Change("shop-front", "shop-window")}
    assert _owner(aws, "shop-front") is None
    assert _owner(aws, "shop-window") == renamed.pool.id


def test_taken(aws, find, do):
    """A prefix of another pool is an error, and `down` leaves it alone."""
    theirs = aws.cognito.create_user_pool(PoolName="theirs")["UserPool"]["Id"]
    aws.cognito.create_user_pool_domain(UserPoolId=theirs, Domain="shop-front")
    domain = find("domain")
    error = do("apply", domain)[domain].error
    assert isinstance(error, NotOurs)
    assert "choose another `domain:`" in error.hint
    do("destroy", find("domain"))
    assert _owner(aws, "shop-front") == theirs


class TestTakenMeanwhile:
    """Cognito refuses a prefix that any account uses."""

    def _claimed(self, aws, find, stubbed, description):
        domain = find("domain")
        domain.pool.live = {"Id": "eu-west-1_abc"}
        taken = "InvalidParameterException", TAKEN
        with stubbed(
            aws.cognito,
            ("describe_user_pool_domain", None, {"DomainDescription": {}}),
            ("create_user_pool_domain", None, taken),
            *[("describe_user_pool_domain", None, {"DomainDescription": description})]
            * (2 if description else 1),
        ):
            return apply(domain, aws)

    def test_by_a_stranger(self, aws, find, stubbed):
        """It is reported without waiting, and not attributed to another cgw."""
        with pytest.raises(ClientError, match="already associated") as caught:
            self._claimed(aws, find, stubbed, {})
        assert (aws.naps, aws.told) == ([], [])
        assert "the domain prefix is taken" in as_cgw_error(caught.value).what

    def test_by_this_pool(self, aws, find, stubbed):
        """Another cgw gave it to the same pool, which is the desired result."""
        ours = {"Domain": "shop-front", "UserPoolId": "eu-west-1_abc"}
        step = self._claimed(aws, find, stubbed, ours | {"Status": "ACTIVE"})
        assert step.word == "created"
        assert aws.naps == []


def test_managed_login(aws, find, stubbed):
    """Changing the kind of pages is an update and not a new domain."""
    domain = find("domain", domain={"prefix": "shop-front", "login": "managed"})
    domain.pool.live = {"Id": "eu-west-1_abc"}
    domain.live = {"Domain": "shop-front", "ManagedLoginVersion": 1}
    key = {"UserPoolId": "eu-west-1_abc", "Domain": "shop-front"}
    found = {"DomainDescription": key | {"ManagedLoginVersion": 2}}
    with stubbed(
        aws.cognito,
        ("update_user_pool_domain", key | {"ManagedLoginVersion": 2}, {}),
        ("describe_user_pool_domain", {"Domain": "shop-front"}, found),
    ):
        live = domain.update(aws, {"ManagedLoginVersion": Change(1, 2)})
    assert live["ManagedLoginVersion"] == 2


def test_back_to_classic(aws, find, stubbed):
    """A change back to the classic pages is sent explicitly."""
    domain = find("domain")
    domain.pool.live = {"Id": "eu-west-1_abc"}
    domain.live = {"Domain": "shop-front", "ManagedLoginVersion": 2}
    with stubbed(
        aws.cognito,
        ("update_user_pool_domain", None, {}),
        ("describe_user_pool_domain", None, {"DomainDescription": {}}),
    ):
        domain.update(aws, {"ManagedLoginVersion": Change(2, 1)})
    assert aws.sent("UpdateUserPoolDomain")["ManagedLoginVersion"] == 1


def test_goes_before_its_pool(aws, find, do):
    """`down` deletes the domain before the pool, as AWS requires."""
    do("apply", find("domain"))
    do("destroy", find("domain"))
    assert aws.writes[-2:] == ["DeleteUserPoolDomain", "DeleteUserPool"]


@pytest.mark.parametrize("word", RESERVED_WORDS)
def test_default_prefix_without_reserved_words(word):
    """The generated prefix contains no word that AWS reserves."""
    prefix = default_prefix(f"my-{word}-{word.upper()}", Account("aws", "r-1", "1"))
    assert not [word for word in RESERVED_WORDS if word in prefix]


def test_default_prefix():
    """It is the same on every machine, different in each account, and valid."""
    name = "A23456789-123456789-123456789-12"
    accounts = [
        Account("aws", "eu-west-1", "1"),
        Account("aws", "eu-west-2", "1"),
        Account("aws", "eu-west-1", "2"),
    ]
    prefixes = [default_prefix(name, account) for account in accounts]
    assert prefixes == [default_prefix(name, account) for account in accounts]
    assert len(set(prefixes)) == 3
    pattern = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
    assert all(pattern.fullmatch(prefix) for prefix in prefixes)
