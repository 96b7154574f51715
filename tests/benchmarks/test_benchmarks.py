"""The benchmarks can run: their cheapest part, over moto in this process."""

from __future__ import annotations

import boto3
import pytest
from benchmarks.critical_path import Ledger
from benchmarks.stack import critical_paths
from benchmarks.stacks.script import Tutorial
from commandline import share_service_models
from fakes import is_read
from moto import mock_aws


@pytest.fixture
def session(environment):
    """A session of an empty account, with clients that are created fast."""
    share_service_models(environment)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield boto3.Session(region_name="us-east-1")


pytestmark = pytest.mark.aws
TRIPS = {"fresh": 11, "again": 6, "change": 8, "down": 12}


def test_the_path_of_round_trips_stays_short(session):
    """Known values are not fetched again; if nothing differs, it only reads."""
    trips = critical_paths(session)
    assert {verb: each.length for verb, each in trips.items()} == TRIPS
    assert all(trip.length <= trip.total for trip in trips.values())
    again = [call for _, calls in trips["again"].chain for call in calls]
    assert all(is_read(call.partition(":")[2]) for call in again)


def test_the_script_makes_the_stack_and_removes_it(session):
    """All four verbs of the plain boto3 script."""
    ledger = Ledger(session)
    tutorial = Tutorial(session.client)
    tutorial.create()
    tutorial.read()
    tutorial.change()
    tutorial.destroy()
    (calls,) = ledger.calls.values()
    assert calls[0] == "cognito-idp:CreateUserPool"
    assert calls[-1] == "cognito-idp:DeleteUserPool"
