"""Sessions, codes and browsers expire when they should."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from cognito_gw.local import moto_store
from cognito_gw.local.cognito import codes, directory
from cognito_gw.local.cognito.challenges import Challenges, Subject
from cognito_gw.local.cognito.codes import Codes, Purpose
from cognito_gw.local.cognito.directory import AppClient
from cognito_gw.local.cognito.pages.request import Browser, Browsers
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.events import Activity

HOUR = 3600
ALICE = SimpleNamespace(sub="a-sub", attributes={"email": "alice@example.com"})


def app_client(**settings):
    return AppClient(
        "eu-west-1_abcdefghi", "eu-west-1", {"ClientId": "web"} | settings, {}
    )


def test_the_client_sets_when_a_session_expires():
    challenges, client = Challenges(), app_client(AuthSessionValidity=-1)
    asked = challenges.ask(client, Subject("alice"), "SMS_MFA", {})
    with pytest.raises(AwsFault, match="session is expired"):
        challenges.find(client, "SMS_MFA", asked.session)
    assert challenges.peek(asked.session) is None


def test_a_session_is_valid_until_then():
    challenges, client = Challenges(), app_client()
    asked = challenges.ask(client, Subject("alice"), "SMS_MFA", {})
    found = challenges.find(client, "SMS_MFA", asked.session)
    assert found.subject.username == "alice"
    assert challenges.peek(asked.session)


def test_a_code_expires_depending_on_its_purpose():
    sent, over = Codes(Activity()), Purpose("Your code", lifetime=-1)
    sent.send(ALICE, over, "email")
    assert sent.current(ALICE, over) is None
    with pytest.raises(AwsFault, match="request a code again"):
        sent.take(ALICE, over, "123456")


def test_codes_are_valid_for_hours():
    assert (codes.SIGN_UP.lifetime, codes.RESET.lifetime) == (24 * HOUR, HOUR)
    sent = Codes(Activity())
    sent.send(ALICE, codes.RESET, "email")
    code = sent.current(ALICE, codes.RESET)
    assert sent.take(ALICE, codes.RESET, code) == "email"


class TestBrowser:
    """A browser stays signed in for an hour."""

    @pytest.fixture
    def pool_id(self, name):
        """A pool with a domain and a user, in this process."""
        cognito = moto_store.client("cognito-idp", "eu-west-1")
        pool_id = cognito.create_user_pool(PoolName="any")["UserPool"]["Id"]
        cognito.admin_create_user(UserPoolId=pool_id, Username="alice")
        cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=name)
        return pool_id

    @pytest.mark.parametrize(
        ("age", "is_known"), [(0, True), (HOUR - 60, True), (HOUR + 60, False)]
    )
    def test_is_known(self, pool_id, name, age, is_known):
        since = int(time.time()) - age
        stamp = directory.find_user(pool_id, "alice").stamp
        browsers = Browsers({"a-cookie": Browser(pool_id, "alice", stamp, since)})
        visit = SimpleNamespace(cookies={"cognito": "a-cookie"}, domain=name)
        assert bool(browsers.find(visit)) is is_known
