"""SRP signs in only a user who knows the password."""

from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycognito.aws_srp import AWSSRP, pad_hex

from cognito_gw.local.cognito.challenges import Exchange, public_number
from cognito_gw.oauth import srp
from cognito_gw.oauth.srp import SrpError

USER, PASSWORD = "alice@example.com", "Secret-123"
TIMESTAMP = "Sun Nov 2 07:05:09 UTC 2026"


class Client(AWSSRP):
    """AWS's algorithm in pycognito: an independent implementation."""

    def __init__(self, password=PASSWORD):
        super().__init__(
            USER, password, "eu-west-1_abcdefghi", "client", client=object()
        )

    def signature(self, exchange):
        parameters = exchange.challenge()
        answer = self.process_challenge(parameters, {"USERNAME": USER})
        return answer["TIMESTAMP"], answer["PASSWORD_CLAIM_SIGNATURE"]


def exchange(client, password=PASSWORD, **changes):
    public = public_number(f"{client.large_a_value:x}")
    return Exchange("abcdefghi", "a-user-id", password, public, **changes)


def test_the_right_password_is_proved():
    client = Client()
    begun = exchange(client)
    assert begun.proves(*client.signature(begun))


@pytest.mark.parametrize("password", ["", "secret-123", "Secret-123 ", "Sécret-123"])
def test_another_password_is_not(password):
    client = Client(password)
    begun = exchange(client)
    assert not begun.proves(*client.signature(begun))


def test_a_password_may_have_any_characters():
    client = Client("pässwörd 🔑:")
    begun = exchange(client, "pässwörd 🔑:")
    assert begun.proves(*client.signature(begun))


def test_a_proof_is_valid_for_its_exchange_only():
    client = Client()
    proof = client.signature(exchange(client))
    assert not exchange(client).proves(*proof)


def test_a_proof_is_valid_for_its_timestamp_only():
    client = Client()
    begun = exchange(client)
    _, signature = client.signature(begun)
    assert not begun.proves(TIMESTAMP, signature)


@pytest.fixture(scope="module")
def proved():
    """One proof for all changes to it, because it is slow to create."""
    client = Client()
    begun = exchange(client)
    return begun, *client.signature(begun)


@settings(deadline=None)
@given(st.integers(0, 31), st.integers(1, 255))
def test_a_changed_proof_is_refused(proved, place, change):
    begun, timestamp, signature = proved
    assert begun.proves(timestamp, signature)
    changed = bytearray(base64.b64decode(signature))
    changed[place] ^= change
    assert not begun.proves(timestamp, base64.b64encode(changed).decode())


@pytest.mark.parametrize("signature", ["", "=", "not base64", "AAAA"])
def test_a_malformed_proof_is_refused(signature):
    assert not exchange(Client()).proves(TIMESTAMP, signature)


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "2026-11-02T07:05:09Z",
        "Sun Nov 02 07:05:09 UTC 2026",
        "So Nov 2 07:05:09 UTC 2026",
        "Sun Nov 2 07:05:09 CET 2026",
    ],
)
def test_the_timestamp_has_one_format(timestamp):
    with pytest.raises(SrpError, match="EEE MMM d HH:mm:ss z yyyy"):
        exchange(Client()).proves(timestamp, "AAAA")


@pytest.mark.parametrize("number", [0, srp.N, 2 * srp.N, -1, srp.N + 1])
def test_a_number_that_fixes_the_key_is_refused(number):
    with pytest.raises(SrpError, match="out of range"):
        public_number(f"{number:x}")


@pytest.mark.parametrize("text", ["", "xyz", "0x", "12 34 g"])
def test_an_invalid_number_is_refused(text):
    with pytest.raises(SrpError, match="hexadecimal"):
        public_number(text)


@given(st.integers(0, srp.N))
def test_numbers_have_the_format_of_clients(number):
    spelt = srp.padded(number)
    assert binascii.hexlify(spelt).decode() == pad_hex(number)


def test_the_challenge_reveals_nothing_about_the_password():
    begun = exchange(Client())
    assert PASSWORD not in repr(begun)
    assert begun.challenge().keys() == {
        "SALT",
        "SRP_B",
        "SECRET_BLOCK",
        "USER_ID_FOR_SRP",
        "USERNAME",
    }
