"""AWS is eventually consistent, and cgw waits for it."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import NamedTuple

import pytest
from faults.lags import Lagging, Refusing
from faults.stacks import SMALL

UPDATING = "An update is in progress for resource: arn:aws:lambda:eu-west-1:1:function"
IN_PROGRESS = "ResourceConflictException", 409, UPDATING
CONCURRENT = (
    "ResourceConflictException",
    409,
    "The function could not be updated due to a concurrent update operation.",
)
RECORDED = json.loads(
    (Path(__file__).parent.parent / "recorded/passing_refusals.json").read_text()
)["refusals"]


def recorded(name):
    """Return the code, status and message of a recorded error."""
    return tuple(RECORDED[name][key] for key in ("code", "status", "message"))


TOO_NEW = recorded("role not assumable")
NO_GRANT = recorded("no grant for a new role")
NO_RIGHTS = recorded("role without permissions yet")
NO_EC2 = recorded("throttled by EC2")
NO_ROLE = recorded("role not known yet")
NO_SCOPE = recorded("scope not known yet")
LOGS_BUSY = recorded("log group busy")
DOMAIN = recorded("pool still has its domain")
ABSENT = "BadRequestException", 400, "Deployment id does not exist"
NOT_FOUND = "NotFoundException", 404, "Invalid Deployment identifier specified"
LARGER = SMALL.replace("hello: {}", "hello: {timeout: 7}") + "    GET /more: {}\n"


class Case(NamedTuple):
    """A temporary refusal of AWS in a run, and the progress message for it."""

    verb: str
    text: str
    refusals: dict[str, tuple[str, int, str]]
    waits: list[str]


USABLE = "Lambda can assume execution role `shop-hello-eu-west-1`"
IDLE = "function `shop-hello` takes another change"
EC2 = "EC2 takes Lambda's requests for function `shop-hello`"
ROLE = "IAM knows execution role `shop-hello-eu-west-1`"
SCOPES = "Cognito knows the scopes and attributes of app client `web`"
LOGS = "CloudWatch Logs takes another change of log group"
NO_DOMAIN = "Cognito knows that the domain of user pool `shop` is gone"
KNOWN = "API Gateway knows deployment "
CASES = [
    Case(
        "up",
        SMALL,
        {
            "CreateFunction": TOO_NEW,
            "AddPermission": CONCURRENT,
            "CreateStage": NOT_FOUND,
        },
        [USABLE, IDLE, KNOWN],
    ),
    Case(
        "up",
        LARGER,
        {"UpdateFunctionConfiguration": IN_PROGRESS, "UpdateStage": ABSENT},
        [IDLE, KNOWN],
    ),
    Case(
        "down",
        SMALL,
        {
            "RemovePermission": CONCURRENT,
            "DeleteFunction": IN_PROGRESS,
            "DeleteLogGroup": LOGS_BUSY,
            "DeleteUserPool": DOMAIN,
        },
        [IDLE, LOGS, NO_DOMAIN],
    ),
    Case(
        "up",
        SMALL,
        {
            "CreateFunction": NO_GRANT,
            "PutRolePolicy": NO_ROLE,
            "CreateUserPoolClient": NO_SCOPE,
            "CreateLogGroup": LOGS_BUSY,
            "PutRetentionPolicy": LOGS_BUSY,
        },
        [USABLE, ROLE, SCOPES, LOGS],
    ),
    Case("up", LARGER, {"UpdateFunctionConfiguration": NO_GRANT}, [USABLE]),
    Case("up", SMALL, {"CreateFunction": NO_RIGHTS}, [USABLE]),
    Case("up", SMALL, {"CreateFunction": NO_EC2}, [EC2]),
]
NAMES = ["up", "changed", "down", "new", "grant", "rights", "ec2"]


@pytest.fixture
def run(cgw, request):
    """Return a function that runs `up` or `down` after preparing the account."""

    def prepared(case):
        if case.verb == "down" or case.text == LARGER:
            request.getfixturevalue("small")
        return lambda: getattr(cgw, case.verb)(case.text)

    return prepared


class TestRefusal:
    """Temporary refusals."""

    @pytest.mark.parametrize("case", CASES, ids=NAMES)
    def test_passes(self, clock, wire, run, case):
        """The call is retried with a message, and succeeds."""
        go = run(case)
        wire.carry = Refusing(clock, case.refusals, 15)
        done = go()
        assert done.errors == []
        for wait in case.waits:
            assert any(f"until {wait}" in message for message in done.told)

    @pytest.mark.parametrize(
        "case",
        [*CASES[:2], *CASES[3:5], CASES[6]],
        ids=["up", "changed", "new", "grant", "ec2"],
    )
    def test_stays(self, clock, wire, run, case):
        """After the timeout one error reports the wait, with AWS's message and ours."""
        go = run(case)
        began = clock.now
        operation, refusal = next(iter(case.refusals.items()))
        wire.carry = Refusing(clock, {operation: refusal}, inf)
        (error,) = [each for each in go().errors if "a dependency failed" not in each]
        assert refusal[2] in error
        assert f"after 90 s of waiting until {case.waits[0]}" in error
        assert clock.now - began < 600


def _pending(content):
    content["Configuration"]["State"] = "Pending"


def _updating(content):
    content["Configuration"]["LastUpdateStatus"] = "InProgress"


def _failed(content):
    content["Configuration"] |= {"State": "Failed", "StateReason": "no room"}


def _creating(content):
    content["DomainDescription"]["Status"] = "CREATING"


def _deleting(content):
    content["DomainDescription"] = {"Domain": "shop-front", "Status": "DELETING"}


def _no_pool(content):
    content["UserPools"] = []


def _no_api(content):
    content["item"] = []


# Each service's error for an object that it does not know yet: API reference.
UNKNOWN = {
    "AddPermission": ("ResourceNotFoundException", 404),
    "AdminAddUserToGroup": ("ResourceNotFoundException", 400),
    "CreateAuthorizer": ("NotFoundException", 404),
    "CreateManagedLoginBranding": ("ResourceNotFoundException", 400),
    "CreateResource": ("NotFoundException", 404),
    "CreateUserPoolClient": ("ResourceNotFoundException", 400),
    "PutIntegration": ("NotFoundException", 404),
    "PutRetentionPolicy": ("ResourceNotFoundException", 400),
}


class TestUnknown:
    """An object just created on one server of AWS is unknown to another."""

    def test_passes(self, cgw, clock, wire):
        """The call is retried, and the next run changes nothing."""
        unknown = {name: (*code, "not there") for name, code in UNKNOWN.items()}
        wire.carry = refusing = Refusing(clock, unknown, 8)
        done = cgw.up(SMALL)
        assert done.errors == []
        assert refusing.refused == set(UNKNOWN)
        assert any("does not know yet what was just" in each for each in done.told)
        assert cgw.up(SMALL).writes == []

    def test_stays(self, cgw, clock, wire):
        """After the timeout AWS's message is the error."""
        refusal = (*UNKNOWN["CreateAuthorizer"], "it does not exist")
        wire.carry = Refusing(clock, {"CreateAuthorizer": refusal}, inf)
        errors = cgw.up(SMALL).errors
        assert any("NotFoundException: it does not exist" in error for error in errors)
        assert clock.now < 60

    @pytest.mark.usefixtures("small")
    def test_of_what_was_there_before(self, cgw, clock, wire):
        """A change of an older object that is gone fails without a retry."""
        began = clock.now
        refusal = "ResourceNotFoundException", 404, "Function not found"
        wire.carry = Refusing(clock, {"UpdateFunctionConfiguration": refusal}, inf)
        errors = cgw.up(LARGER).errors
        assert any("Function not found" in error for error in errors)
        assert clock.now - began < 5


class TestAnswer:
    """Outdated or transitional responses."""

    @pytest.mark.parametrize(
        ("lag", "until"),
        [
            (("GetFunction", "CreateFunction", _pending), "`shop-hello` is active"),
            (
                ("DescribeUserPoolDomain", "CreateUserPoolDomain", _creating),
                "the domain shop-front can be used",
            ),
        ],
    )
    def test_created(self, cgw, clock, wire, lag, until):
        """A new resource is waited for until it is usable, but not forever."""
        wire.carry = Lagging(clock, *lag, 60)
        done = cgw.up(SMALL)
        assert done.errors == []
        assert any(until in message for message in done.told)
        assert clock.now >= 60
        assert cgw.down(SMALL).errors == []
        wire.carry = Lagging(clock, *lag, inf)
        errors = cgw.up(SMALL).errors
        assert any("gave up waiting" in error and until in error for error in errors)

    @pytest.mark.usefixtures("small")
    def test_updated(self, cgw, clock, wire):
        """A function's update is waited for: Lambda refuses concurrent ones."""
        lag = "GetFunction", "UpdateFunctionConfiguration", _updating
        wire.carry = Lagging(clock, *lag, 20)
        done = cgw.up(LARGER)
        assert done.errors == []
        assert any(
            "until function `shop-hello` is updated" in each for each in done.told
        )

    def test_failed(self, cgw, clock, wire):
        """A function whose creation failed is not waited for."""
        wire.carry = Lagging(clock, "GetFunction", "CreateFunction", _failed, inf)
        errors = cgw.up(SMALL).errors
        assert (
            "function `shop-hello`: function `shop-hello`: Lambda failed: no room"
            in errors
        )
        assert any("no room" in each for each in cgw.up(SMALL).errors)  # and not "kept"
        assert cgw.down(SMALL).errors == []

    @pytest.mark.usefixtures("small")
    def test_gone(self, cgw, clock, local, wire):
        """A pool is deleted only after its domain is gone."""
        lag = "DescribeUserPoolDomain", "DeleteUserPoolDomain", _deleting
        wire.carry = Lagging(clock, *lag, 60)
        done = cgw.down(SMALL)
        assert done.errors == []
        assert local.inventory == {}
        assert any("until the domain shop-front is gone" in each for each in done.told)

    @pytest.mark.parametrize(
        "lag",
        [
            ("ListUserPools", "CreateUserPool", _no_pool),
            ("GetRestApis", "CreateRestApi", _no_api),
        ],
    )
    def test_not_listed_yet(self, cgw, clock, local, wire, lag):
        """After a lost response, a resource not listed yet is not created twice."""
        wire.carry = Lagging(clock, *lag, 5, loses=True)
        assert cgw.up(SMALL).errors == []
        assert len(local.inventory["pools"]) == len(local.inventory["apis"]) == 1
