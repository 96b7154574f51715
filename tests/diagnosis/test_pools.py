"""Which user pools an authorizer trusts, and whether they still exist."""

from __future__ import annotations

from dataclasses import replace

import pytest
from diagnosis.call import HEALTHY, Call, codes, issuer_of
from diagnosis.cases.authorizers import BROKEN
from diagnosis.world import OTHER, POOL, pool_arn, pools

FAR, LOST = "us-east-1_Far", "eu-west-1_Lost"
OF_OTHERS = pool_arn("eu-west-1_Theirs", "210987654321")
FAR_ARN = pool_arn(FAR).replace("eu-west-1:", "us-east-1:", 1)


def trusting(*arns, **changes):
    """Return a call of an API whose authorizer trusts these pools."""
    return Call(**changes, live=replace(HEALTHY, arns=arns))


def test_one_existing_pool_is_enough():
    """Although another was deleted."""
    call = trusting(pool_arn(LOST), pool_arn(POOL), claims={"exp": 1})
    world = call.world()
    assert codes(call.diagnosed(world)) == ["expired-token"]
    asked = [what for name, what in world.calls if name == "describe_user_pool"]
    assert len(asked) == 2


def test_all_pools_of_an_authorizer_may_be_deleted():
    """The diagnosis names all of them."""
    call = trusting(pool_arn(LOST), pool_arn(POOL), **BROKEN)
    lost = replace(call, answers={"describe_user_pool": pools(OTHER)})
    first = lost.diagnosed().causes[0]
    assert first.code == "authorizer-wrong-pool"
    assert first.evidence["authorizer's pool"] == f"{LOST}, {POOL}"


def test_a_pool_in_another_region_is_not_read():
    """Whether it exists cannot be known here."""
    call = trusting(FAR_ARN, claims={"iss": issuer_of(FAR), "exp": 1})
    world = call.world()
    assert codes(call.diagnosed(world)) == ["expired-token"]
    assert "describe_user_pool" not in world.names


def test_a_pool_of_another_account_is_not_read():
    """It may be trusted, but this account cannot read it."""
    call = trusting(OF_OTHERS, claims={"iss": issuer_of("eu-west-1_Theirs"), "exp": 1})
    world = call.world()
    assert codes(call.diagnosed(world)) == ["expired-token"]
    assert "describe_user_pool" not in world.names


@pytest.mark.parametrize("pool_id", [POOL, None])
def test_a_token_of_no_pool_that_is_known_is_of_the_wrong_one(pool_id):
    """Whether the file names a pool or there is no file."""
    call = Call({"iss": issuer_of(OTHER)}, target={"pool_id": pool_id})
    assert codes(call.diagnosed()) == ["wrong-pool"]


def test_an_authorizer_that_only_has_to_be_deployed_is_one_cause():
    """A deployment also replaces the pool that it trusts."""
    call = trusting(pool_arn(OTHER), draft=HEALTHY)
    assert codes(call.diagnosed()) == ["authorizer-not-deployed"]


def test_the_cause_is_the_token_or_the_authorizer_by_whose_pool_it_is():
    """The file's pool is assumed to be correct."""
    foreign = trusting(pool_arn(OTHER))
    assert codes(foreign.diagnosed(is_ours=True)) == ["authorizer-wrong-pool"]
    assert codes(foreign.diagnosed(is_ours=False)) == ["wrong-pool"]
