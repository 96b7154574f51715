"""Two cgw processes alternate on one stack: neither fails, and nothing is doubled."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest
from faults.local import LocalAws, quicken
from faults.wire import Wire
from moto import mock_aws
from rivals import Cgw, Turns

from cognito_gw.errors import CgwError

# The number of calls by which one is ahead of the other. Each lead runs in one test;
# resources/test_two_at_once.py has the single races.
NIGHTLY = pytest.mark.nightly
pytestmark = pytest.mark.aws  # the local AWS in this process: no server, no command


@pytest.fixture
def local(environment, quick_keys):  # noqa: ARG001 - user pools are made with it
    """The local AWS in this process."""
    quicken(environment)
    with mock_aws():
        local = LocalAws()
        Wire(environment, local.serve)
        yield local


@pytest.fixture
def cgw(session, configured, local):  # noqa: ARG001 - it must be there
    """Return a function that makes cgw runs on one stack."""
    return partial(Cgw, session, configured)


@pytest.mark.parametrize("lead", [0, pytest.param(24, marks=NIGHTLY)])
def test_in_turns(cgw, lead):
    """Each makes a call after one of the other's; a third run changes nothing."""
    first, second, third = cgw(), cgw(), cgw()
    with Turns(_services(first.aws), lead) as turns:
        turns.run(first.up, second.up)
    assert _ids(first) == _ids(second)
    changed = {each.kind for each, word in third.up().items() if word != "unchanged"}
    assert changed <= {"stage"}  # each may have deployed the same content once
    assert _ids(third) == _ids(first)
    first.aws.session.calls.clear()
    third.up()
    assert first.aws.writes == []


@pytest.mark.parametrize("lead", [pytest.param(0, marks=NIGHTLY), 24])
def test_a_down_in_turns_with_an_up(cgw, local, lead):
    """Each may fail because of the other; another `up` repairs the stack."""
    cgw().up()

    def up(me):
        with suppress(CgwError):
            first.up(me=me)

    first, second = cgw(), cgw()
    with Turns(_services(first.aws), lead) as turns:
        turns.run(up, second.down)
    cgw().up()
    third = cgw()
    assert {*third.up().values()} == {"unchanged"}
    assert cgw().down() == []
    assert local.inventory == {}


def _services(aws):
    return aws.cognito, aws.apigateway, aws.functions, aws.iam, aws.logs


def _ids(cgw):
    resources = cgw.stack.resources
    return {str(each): each.id for each in resources if each.kind != "deployment"}
