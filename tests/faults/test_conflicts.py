"""AWS refuses concurrent changes of one API or one user pool; cgw retries them."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from fakes import is_read
from faults.stacks import SMALL
from faults.wire import refused, straight

# hashicorp/terraform-provider-aws#776, #16439.
WORDS = "Unable to complete operation due to concurrent modification. Please try again"
ROUTES = "".join(f"    GET /r{number}: {{}}\n" for number in range(12))
TWELVE = f"""
name: shop
region: eu-west-1
app_clients: {{web: {{}}}}
functions: {{hello: {{}}}}
api:
  cors: {{origins: ["https://shop.example.com"]}}
  routes:
{ROUTES}"""


class Conflicts:
    """Refuses a share of some services' writes, reproducible by seed."""

    def __init__(self, share, answers, seed=0, *, operation=None):
        self._share, self._answers, self._seed = share, answers, seed
        self._only, self._lock = operation, threading.Lock()
        self._calls, self.refusals = Counter(), Counter()

    def __call__(self, service, operation, serve):
        """Carry or refuse a request."""
        code, status = self._answers.get(service, (None, None))
        if code is None or is_read(operation) or self._only not in (None, operation):
            return serve()
        with self._lock:
            self._calls[operation] += 1
            place = f"{self._seed} {operation} {self._calls[operation]}"
            if random.Random(place).random() >= self._share:  # noqa: S311
                return serve()
            self.refusals[operation] += 1
        return refused(service, code, status, WORDS)


API = {"api-gateway": ("ConflictException", 409)}
EVERYWHERE = API | {
    "cognito-identity-provider": ("ConcurrentModificationException", 400),
    "iam": ("ConcurrentModification", 409),
}


@pytest.mark.parametrize(
    "conflicts",
    [Conflicts(0.3, API), Conflicts(0.2, EVERYWHERE)],
    ids=["30% of the API's", "20% of all"],
)
def test_a_share_of_all_writes(cgw, clock, local, wire, conflicts):
    """Each resource is created and deleted once and soon; no other cgw is blamed."""
    wire.carry = conflicts
    up = cgw.up(TWELVE)
    assert up.errors == []
    assert up.words == {"created", "unchanged"}  # the latter: MFA is off
    assert conflicts.refusals.total() > 10
    wire.carry = straight
    assert cgw.up(TWELVE).writes == []
    wire.carry = conflicts
    down = cgw.down(TWELVE)
    assert down.errors == []
    assert local.inventory == {}
    assert [each for each in up.told + down.told if "trying again" in each] == []
    assert clock.now < 20


def test_for_good(cgw, clock, wire):
    """A permanent conflict is reported with AWS's message and a hint."""
    wire.carry = Conflicts(1, API, operation="CreateAuthorizer")
    run = cgw.up(SMALL)
    (error,) = [each for each in run.errors if "a dependency failed" not in each]
    assert "CreateAuthorizer: ConflictException: Unable to complete" in error
    assert run.calls.count("CreateAuthorizer") == 1
    assert "concurrent change" not in " ".join(run.told)
    assert any("busy with another change (CreateAuthorizer)" in t for t in run.told)
    assert clock.now < 60


QUOTAS = [
    ("api-gateway", "CreateResource", "LimitExceededException", 429),
    ("cognito-identity-provider", "CreateUserPool", "LimitExceededException", 400),
    ("cognito-identity-provider", "CreateGroup", "LimitExceededException", 400),
    ("cloudwatch-logs", "CreateLogGroup", "LimitExceededException", 400),
    ("iam", "CreateRole", "LimitExceeded", 409),
    ("lambda", "CreateFunction", "CodeStorageExceededException", 400),
]


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota[1])
def test_a_quota_is_reported_at_once(cgw, clock, wire, quota):
    """An exceeded quota is reported without a retry, by its name."""
    service, operation, code, status = quota
    asked = Counter()

    def carry(called, name, serve):
        asked[name] += 1
        if (called, name) == (service, operation):
            return refused(service, code, status, "too many")
        return serve()

    wire.carry = carry
    errors = [
        each for each in cgw.up(SMALL).errors if "a dependency failed" not in each
    ]
    assert errors != []
    assert all(f"is reached: {operation}: {code}" in error for error in errors)
    assert all(": the AWS quota for " in error for error in errors)
    assert asked[operation] == len(errors)
    assert clock.now < 10
