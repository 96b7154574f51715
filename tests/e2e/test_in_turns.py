"""Two cgw processes alternate on one stack: neither fails, and nothing is doubled."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest
from fakes import SharedSession
from rivals import Cgw, Turns

from cognito_gw.errors import CgwError

LEADS = (0, 24)  # the number of calls by which one is ahead of the other
REGION = "eu-west-1"


@pytest.fixture(scope="session")
def session(server):
    """One session for both: they share only the account."""
    key = server.access_key
    return SharedSession(
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        region_name=REGION,
    )


@pytest.fixture
def cgw(session, configured, local, stack_name):
    """Return a function that makes cgw runs on one stack."""
    return partial(Cgw, session, configured, local, name=stack_name, domain=stack_name)


@pytest.mark.parametrize("lead", LEADS)
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


@pytest.mark.parametrize("lead", LEADS)
def test_a_down_in_turns_with_an_up(cgw, account, lead):
    """Each may fail because of the other; another `up` repairs the stack."""
    before = account.listing()
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
    assert account.listing() == before


def _services(aws):
    return aws.cognito, aws.apigateway, aws.functions, aws.iam, aws.logs


def _ids(cgw):
    resources = cgw.stack.resources
    return {str(each): each.id for each in resources if each.kind != "deployment"}
