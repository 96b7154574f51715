"""Two cgw processes change one stack: each continues with the other's resources."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest
from botocore import xform_name
from rivals import Cgw, Refused, apis, clients, once, pools

from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = {"cgw:stack": "shop"}


@pytest.fixture
def cgw(aws, configured):
    """Return a function that makes cgw processes in one account."""
    return partial(Cgw, aws.session, configured)


class Unnamed(NamedTuple):
    """A resource that AWS creates twice with the same name."""

    kind: str
    client: str
    create: str
    delete: str
    listed: Callable
    theirs: dict  # creates one with that name manually


UNNAMED = [
    Unnamed(
        "user pool",
        "cognito",
        "CreateUserPool",
        "DeleteUserPool",
        pools,
        {"PoolName": "shop", "UserPoolTags": OURS},
    ),
    Unnamed(
        "rest api",
        "apigateway",
        "CreateRestApi",
        "DeleteRestApi",
        apis,
        {"name": "shop", "tags": OURS},
    ),
    Unnamed(
        "app client",
        "cognito",
        "CreateUserPoolClient",
        "DeleteUserPoolClient",
        clients,
        {},
    ),
]
of_each = pytest.mark.parametrize("case", UNNAMED, ids=lambda case: case.kind)
of_tagged = pytest.mark.parametrize("case", UNNAMED[:2], ids=lambda case: case.kind)


@of_each
def test_both_go_on_with_the_same_one(aws, cgw, case):
    """The younger one is deleted; every later `up` finds the older one."""
    ours, theirs = cgw(), cgw()
    act = partial(theirs.up, theirs.find(case.kind))
    with once("before-call", getattr(aws, case.client), case.create, act):
        ours.up(ours.find(case.kind))
    (kept,) = case.listed(aws)
    assert [each.find(case.kind).id for each in (ours, theirs)] == [kept, kept]
    assert (aws.writes.count(case.create), aws.writes.count(case.delete)) == (2, 1)
    assert "a concurrent cgw created it too" in str(ours.aws.told)
    again = cgw()
    assert set(again.up(again.find(case.kind)).values()) == {"unchanged"}
    assert case.listed(aws) == [kept]


@of_tagged
def test_the_other_one_is_kept_if_its_maker_uses_it(aws, cgw, case):
    """The other process read before ours existed, and uses its own: ours is deleted."""
    made = []

    def make():
        answer = _create(aws, case, case.theirs)
        made.append(answer.get("id") or answer["UserPool"]["Id"])

    ours = cgw()
    with once("after-call", getattr(aws, case.client), case.create, make):
        ours.up(ours.find(case.kind))
    assert case.listed(aws) == made == [ours.find(case.kind).id]


@of_tagged
def test_one_of_another_stack_is_not_touched(aws, cgw, case):
    """It has our name without our tag: both stay, and ours is used."""
    foreign = {
        key: value if value == "shop" else {"cgw:stack": "theirs"}
        for key, value in case.theirs.items()
    }
    ours = cgw()
    act = partial(_create, aws, case, foreign)
    with once("before-call", getattr(aws, case.client), case.create, act):
        ours.up(ours.find(case.kind))
    assert len(case.listed(aws)) == 2
    assert aws.writes.count(case.delete) == 0
    again = cgw()
    again.up(again.find(case.kind))
    assert again.find(case.kind).id == ours.find(case.kind).id


def _create(aws, case, settings):
    operation = xform_name(case.create)
    answer = getattr(getattr(aws, case.client), operation)(**settings)
    return {key: answer[key] for key in answer if key != "ResponseMetadata"}


def test_a_protected_pool_is_taken_back_too(aws, cgw):
    """Its protection is turned off first: AWS would refuse to delete it."""
    protected = {"user_pool": {"deletion_protection": True}}
    ours, theirs = cgw(**protected), cgw(**protected)
    act = partial(theirs.up, theirs.stack.pool)
    with once("before-call", aws.cognito, "CreateUserPool", act):
        ours.up(ours.stack.pool)
    lifted = {"UserPoolId": aws.sent("DeleteUserPool")["UserPoolId"]}
    assert aws.sent("UpdateUserPool") == lifted | {"DeletionProtection": "INACTIVE"}
    assert pools(aws) == [theirs.stack.pool.id]


class Named(NamedTuple):
    """A resource with a unique name, and AWS's error for a second one."""

    kind: str
    client: str
    create: str
    code: str
    words: str


NAMED = [
    Named("group", "cognito", "CreateGroup", "GroupExistsException", "no"),
    Named(
        "resource server",
        "cognito",
        "CreateResourceServer",
        "InvalidParameterException",
        "orders already exists in user pool eu-west-1_a.",
    ),
    Named("user", "cognito", "AdminCreateUser", "UsernameExistsException", "no"),
    Named(
        "domain",
        "cognito",
        "CreateUserPoolDomain",
        "InvalidParameterException",
        "User pool already has a domain configured.",
    ),
    Named("log group", "logs", "CreateLogGroup", "ResourceAlreadyExistsException", ""),
    Named("execution role", "iam", "CreateRole", "EntityAlreadyExists", "no"),
    Named("function", "functions", "CreateFunction", "ResourceConflictException", "no"),
    Named("resource", "apigateway", "CreateResource", "ConflictException", "no"),
    Named("method", "apigateway", "PutMethod", "ConflictException", "no"),
    Named(
        "authorizer",
        "apigateway",
        "CreateAuthorizer",
        "BadRequestException",
        "Authorizer name must be unique. Authorizer cognito already exists in this API",
    ),
    Named("stage", "apigateway", "CreateStage", "ConflictException", "no"),
    Named(
        "invoke permission",
        "functions",
        "AddPermission",
        "ResourceConflictException",
        "no",
    ),
]


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.kind)
def test_what_another_has_made_meanwhile_is_gone_on_with(aws, cgw, case):
    """After AWS's refusal cgw reads again, and the resource is as desired."""
    ours, theirs = cgw(), cgw()
    act = partial(theirs.up, theirs.find(case.kind))
    refusal = {"Code": case.code, "Message": case.words}
    with once("before-call", getattr(aws, case.client), case.create, act, refusal):
        words = ours.up(ours.find(case.kind))
    assert words[ours.find(case.kind)] == "unchanged"
    assert aws.calls.count(case.create) == 2
    assert "conflict with a concurrent change: trying again" in str(ours.aws.told)


def test_what_stays_refused_fails(aws, cgw):
    """A name that is taken by an invisible resource is not retried forever."""
    ours, refused = cgw(), []

    def refuse(**_):
        refused.append(True)
        return Refused(), {"Error": {"Code": "EntityAlreadyExists", "Message": "x"}}

    event = "before-call.*.CreateRole"
    aws.iam.meta.events.register(event, refuse)
    try:
        with pytest.raises(CgwError, match="CreateRole: EntityAlreadyExists"):
            ours.up(ours.find("execution role"))
    finally:
        aws.iam.meta.events.unregister(event, refuse)
    assert len(refused) == 3
