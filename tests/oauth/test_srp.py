"""The client side of SRP, against published vectors; tests/local has the server."""

from __future__ import annotations

import base64
import locale
from calendar import timegm
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_gw.local.cognito.challenges import Exchange as Server
from cognito_gw.local.cognito.challenges import public_number
from cognito_gw.oauth import srp
from cognito_gw.oauth.srp import Exchange

# From AWS's own library for .NET, AuthenticationCryptoTests.TestGetPasswordAuthentica-
# tionKey: a "known working" exchange of a real pool. B is the server's public number.
AWS_B = (
    "8d340308265ada665b1b2c730fb65ff0b6dc746b63c2d7e9f08b8aa9306d4848268bc0c17ee4a299"
    "9173ca62af59fd74ba5d00f16c96bea082b163f2c3a0b745455d62cb9577425b4b5d4dadba163a8e"
    "7759a7c0256795f464682770588c84e82f2c63d4701751476da8e8a7b1a131e78560fe7b56b6761f"
    "cef88dcc486f403369a0cac2f04c25ed6d5e08b5a2f488500a0d5af4972cfa1213bfca37bbae189c"
    "8d58465b13193204f21ea01d267c7688e6e6cb5d3f5a8005db680d272308ee823816032dd2c8fc3b"
    "95b6fd0a742feb127e3d094cd002a5e6b209415ff82f6abf50d5da43910a0336e9a6fc33dd101bf1"
    "3f22f13fcb3ea3809aae4917d7c426fb8c0a894030c75d3e15f0e1078a9d89e5154391cde6111ac1"
    "4fab9fa3b3a880da7dbd47fd5a055937581d26b5d225c076e82f980dcbd77b3950d270d8b622dca9"
    "c9bcd8fd6435a59b9690b3c9e2bdabf58cae3420c19066abc420145b1b66f226a6493c96588c2d53"
    "b637798fcaa573379f2251848065fe1fafb68ed5e79135e9"
)
AWS_SECRET = int.from_bytes(bytes([2] * 1023 + [0]))
AWS_KEY = "LmbBsy/4chqMRYOhmtmCrA=="
BLOCK = base64.b64encode(b"secretssecrestssecrets").decode()
MOMENT = timegm((2018, 7, 10, 11, 1, 0))


def challenge(user, server_public, salt, block=BLOCK):
    """Return the parameters of PASSWORD_VERIFIER."""
    return {
        "USER_ID_FOR_SRP": user,
        "SRP_B": server_public,
        "SALT": salt,
        "SECRET_BLOCK": block,
    }


def test_the_vector_of_aws():
    """The proof uses the key that AWS's library derives."""
    exchange = Exchange("us-east-1_Pj8nlkpKR", "Password1!", AWS_SECRET)
    asked = challenge("User5", AWS_B, "b704a27deb8cf5efec43a40eac5b60d2")
    answer = exchange.answer(asked, MOMENT)
    expected = srp.proof(
        base64.b64decode(AWS_KEY),
        "Pj8nlkpKR",
        "User5",
        base64.b64decode(BLOCK),
        answer["TIMESTAMP"],
    )
    assert base64.b64decode(answer["PASSWORD_CLAIM_SIGNATURE"]) == expected


def test_the_vector_of_alexrudd():
    """From github.com/alexrudd/cognito-srp, cognitosrp_test.go: a complete response."""
    exchange = Exchange("eu-west-1_myPool", "test", 1234567890)
    number = f"{1234567890:x}"
    assert exchange.answer(challenge("test", number, number), MOMENT) == {
        "PASSWORD_CLAIM_SIGNATURE": "tdvQu/Li/qWl8Nni0aFPs+MwY4rvKZm0kSMrGIMSUHk=",
        "PASSWORD_CLAIM_SECRET_BLOCK": BLOCK,
        "TIMESTAMP": "Tue Jul 10 11:01:00 UTC 2018",
    }
    assert str(srp.multiplier()).startswith("377725590676177963094590095029311776287")


@settings(deadline=None, max_examples=6)
@given(st.text(), st.integers(1, 2**128 - 1))
def test_both_halves_agree_on_any_password(password, salt):
    """With any characters; tests/local covers wrong passwords."""
    exchange = Exchange("eu-west-1_Pool1", password)
    public = public_number(exchange.opening["SRP_A"])
    server = Server("Pool1", "a-user-id", password, public, salt=salt)
    answer = exchange.answer(server.challenge(), MOMENT)
    proof = answer["TIMESTAMP"], answer["PASSWORD_CLAIM_SIGNATURE"]
    assert server.proves(*proof)


@pytest.mark.parametrize(
    "number", ["0", f"{srp.N:x}", f"{2 * srp.N:x}", "-1", "xyz", ""]
)
def test_a_server_that_would_fix_the_key_is_not_answered(number):
    """Such a number would let the server succeed without the password."""
    with pytest.raises(srp.SrpError, match="SRP_B"):
        Exchange("x_y", "pw").answer(challenge("u", number, "1"))


def test_the_time_is_english_in_every_language():
    """Cognito expects one-digit days without a zero or a space."""
    before = locale.setlocale(locale.LC_TIME)
    with suppress(locale.Error):
        locale.setlocale(locale.LC_TIME, "de_DE.UTF-8")
    try:
        asked = challenge("u", "2", "1")
        answer = Exchange("x_y", "pw").answer(asked, timegm((2026, 3, 1, 7, 5, 9)))
        assert answer["TIMESTAMP"] == "Sun Mar 1 07:05:09 UTC 2026"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_each_exchange_has_its_own_secret():
    """Otherwise an observer of one exchange could take part in the next."""
    openings = {Exchange("x_y", "pw").opening["SRP_A"] for _ in range(3)}
    assert len(openings) == 3
