"""Tokens with valid and invalid signatures, by the keys that a user pool publishes."""

from __future__ import annotations

import time
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest
from diagnosis.call import HEALTHY, HOUR, Call, access, codes
from diagnosis.world import OTHER, POOL, pool_arn

from cognito_gw.diagnosis.call_case import CallCase
from cognito_gw.diagnosis.exchange import Answer, Sent
from cognito_gw.diagnosis.rule import diagnose
from cognito_gw.diagnosis.rules import CALL_RULES

NO, EXPIRED = "Unauthorized", "The incoming token has expired"
BY_TIME = {"expired-token", "not-yet-valid"}
# How far the server's clock is ahead of ours, and how that is written.
SKEWS = [
    (0, None),
    (30, None),
    (-30, None),
    (2 * HOUR + 60, "2 hours behind"),
    (-2 * HOUR - 60, "2 hours ahead"),
    (3 * 24 * HOUR + 60, "3 days behind"),
]


def answer(ahead=0, message=NO):
    """Return the gateway's 401 from a server whose clock is this far ahead."""
    headers = {
        "Date": formatdate(time.time() + ahead, usegmt=True),
        "x-amzn-ErrorType": "UnauthorizedException",
    }
    return Answer.of(httpx.Response(401, headers=headers, json={"message": message}))


def case(publisher, token, answered=None, **changes):
    """Return the call that sent the token."""
    usual = Call(**changes).case()
    sent = Sent("GET", "/transactions", (("Authorization", f"Bearer {token}"),))
    answered = answered or answer()
    return CallCase(usual.aws, publisher.pools, usual.target, sent, answered)


def told(publisher, token, answered=None, **changes):
    """Return the diagnosis of the token."""
    return diagnose(CALL_RULES, case(publisher, token, answered, **changes))


def test_a_valid_token_is_not_a_cause(publisher):
    """Whatever other reason the gateway had."""
    diagnosis = told(publisher, publisher.signed())
    assert diagnosis.causes == []
    ruled_out = {cause["code"] for cause in diagnosis.ruled_out}
    assert {"bad-signature", "wrong-pool", *BY_TIME} <= ruled_out
    assert publisher.asked == [POOL]


@pytest.mark.parametrize(("ahead", "clock"), SKEWS)
@pytest.mark.parametrize("message", [NO, EXPIRED])
def test_a_token_has_expired_by_the_servers_clock(publisher, ahead, clock, message):
    """The diagnosis shows our clock if it differs."""
    over = publisher.signed(exp=time.time() + ahead - 90)
    first, *others = told(publisher, over, answer(ahead, message)).causes
    assert first.code == "expired-token"
    assert "it expired 1 minute ago" in first.summary
    assert first.evidence.get("this machine's clock") == clock
    assert first.evidence["exp"] < first.evidence["server's clock"]
    assert others == []


@pytest.mark.parametrize(("ahead", "clock"), SKEWS)
def test_a_token_is_from_the_future_by_the_servers_clock(publisher, ahead, clock):
    """By the time of its creation."""
    now = time.time() + ahead
    early = publisher.signed(iat=now + 300, exp=now + HOUR)
    first, *others = told(publisher, early, answer(ahead)).causes
    assert first.code == "not-yet-valid"
    assert "it becomes valid in" in first.summary
    assert first.evidence.get("this machine's clock") == clock
    assert first.evidence["iat"] > first.evidence["server's clock"]
    assert others == []


def test_a_token_may_say_from_when_on_it_is_good(publisher):
    """Few tokens have the claim `nbf`."""
    early = publisher.signed(nbf=time.time() + 300)
    assert codes(told(publisher, early)) == ["not-yet-valid"]


def test_what_shows_that_a_token_is_early_is_the_claim_that_says_so(publisher):
    """Not the creation time, which is in the past."""
    (cause,) = told(publisher, publisher.signed(nbf=time.time() + 300)).causes
    assert cause.evidence["nbf"] > cause.evidence["server's clock"]


@pytest.mark.parametrize("ahead", [0, 2 * HOUR, -2 * HOUR])
def test_only_the_servers_clock_counts(publisher, ahead):
    """A token that has expired by our clock may be valid, and vice versa."""
    now = time.time() + ahead
    good = publisher.signed(iat=now - 60, exp=now + 60)
    assert not BY_TIME & {*codes(told(publisher, good, answer(ahead)))}


def test_with_an_invalid_date_our_clock_counts(publisher):
    """It is the best one available."""
    headers = {"Date": "tomorrow", "x-amzn-errortype": "UnauthorizedException"}
    answered = Answer.of(httpx.Response(401, headers=headers))
    assert abs(answered.at - time.time()) < 60
    over = publisher.signed(exp=time.time() - 90)
    (cause,) = told(publisher, over, answered).causes
    assert "this machine's clock" not in cause.evidence


def test_a_token_that_was_not_sent_is_judged_by_our_clock(publisher):
    """There is no other clock."""
    over = publisher.signed(exp=time.time() - 90)
    unsent = case(publisher, over)
    unsent.answer = None
    assert codes(diagnose(CALL_RULES, unsent)) == ["expired-token"]


def changed(token):
    """Return a token with a different signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[10:] + signature[:10]}"


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({}, "the signature does not match the pool's key"),
        ({"kid": "nobody's"}, "the pool has no key nobody's"),
        ({"algorithm": "HS256", "key": "a" * 32}, "its algorithm is HS256, not RS256"),
        ({"algorithm": "none"}, "its algorithm is none, not RS256"),
    ],
    ids=["changed", "unknown key", "password", "no signature"],
)
def test_a_signature_that_is_not_the_pools_is_found(publisher, form, found):
    """With the reason."""
    token = publisher.signed(**form)
    first = told(publisher, token if form else changed(token)).causes[0]
    assert first.code == "bad-signature"
    assert first.evidence["found"] == found


def test_a_signature_by_another_key_of_the_same_name_is_found(publisher):
    """Anyone can forge such a token from the pool's public keys."""
    stranger = publisher.keys.of("nobody's", "id")
    (cause,) = told(publisher, publisher.signed(key=stranger.private)).causes
    assert cause.code == "bad-signature"
    assert cause.evidence["kid"] == publisher.keys.of(POOL, "id").kid


def test_a_forgery_is_shown_before_its_times(publisher):
    """A forger can set any times."""
    forged = changed(publisher.signed(exp=1))
    assert codes(told(publisher, forged)) == ["bad-signature", "expired-token"]


@pytest.mark.parametrize("issuer", ["https://evil.example.com", "http://127.0.0.1:1"])
def test_keys_are_requested_only_from_relevant_pools(publisher, issuer):
    """Even if a token comes from another pool."""
    told(publisher, publisher.signed(iss=f"{issuer}/{OTHER}"))
    assert publisher.asked == []
    told(publisher, publisher.signed(iss=f"{issuer}/{POOL}"))
    assert publisher.asked == [POOL]


def test_a_pool_of_the_same_id_elsewhere_is_another_pool(publisher):
    """For example of a local AWS that moved to another port."""
    elsewhere = publisher.signed(iss=f"http://127.0.0.1:1/{POOL}")
    assert codes(told(publisher, elsewhere)) == ["wrong-pool"]


def test_a_token_of_a_pool_that_the_authorizer_trusts_is_judged_by_its_keys(publisher):
    """Even if it differs from the file's pool."""
    live = replace(HEALTHY, arns=(pool_arn(OTHER), pool_arn(POOL)))
    issuer = f"{publisher.server.url}/{OTHER}"
    token = publisher.signed(iss=issuer)  # signed by the first pool
    assert codes(told(publisher, token, live=live)) == ["bad-signature"]
    own = publisher.keys.of(OTHER, "id")
    good = publisher.signed(iss=issuer, kid=own.kid, key=own.private)
    assert codes(told(publisher, good, live=live)) == []


def test_a_good_access_token_is_judged_by_the_other_key(publisher):
    """A pool has one key for each kind of token."""
    own = publisher.keys.of(POOL, "access")
    token = publisher.signed(**access(), kid=own.kid, key=own.private)
    assert codes(told(publisher, token)) == ["access-token-without-scopes"]


def test_without_keys_the_signature_is_unknown(publisher):
    """The other findings about the token are shown."""
    token = publisher.signed(exp=time.time() - 90)
    lost = publisher.server.pages.pop(f"/{POOL}/keys")
    try:
        diagnosis = told(publisher, token)
    finally:
        publisher.server.pages[f"/{POOL}/keys"] = lost
    assert codes(diagnosis) == ["expired-token"]
    (unknown,) = diagnosis.unknown
    assert unknown["codes"] == ["bad-signature"]
    assert "404" in unknown["why"]
