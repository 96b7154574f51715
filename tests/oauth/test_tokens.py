"""A token's claims and lifetime."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_gw.oauth.tokens import Tokens, claims_of, header_of


def test_claims_and_header_are_read(jwt):
    """Unverified: for display only."""
    token = jwt(sub="1", scope="a b")
    assert claims_of(token) == {"sub": "1", "scope": "a b"}
    assert header_of(token) == {"alg": "RS256", "kid": "one"}


@pytest.mark.parametrize(
    "text", ["", "abc", "a.b", "a.b.c", "a.b.c.d", "..", "W10.W10.W10", "é.é.é"]
)
def test_text_that_is_not_a_jwt_has_no_claims(text):
    """And reading it raises no error."""
    assert claims_of(text) == header_of(text) == {}


@given(st.text() | st.lists(st.text(), min_size=3, max_size=3).map(".".join))
def test_nothing_makes_reading_a_token_fail(text):
    """For any text that a user pastes."""
    assert isinstance(claims_of(text), dict)


@pytest.mark.parametrize(("left", "is_fresh"), [(3600, True), (30, False), (-5, False)])
def test_a_token_is_not_used_shortly_before_its_end(left, is_fresh):
    """With a margin of one minute; the remaining time is never negative."""
    tokens = Tokens("a", time.time() + left)
    assert tokens.is_fresh is is_fresh
    assert tokens.expires_in in (max(0, left), max(0, left) - 1)


def test_tokens_do_not_show_themselves():
    """Neither logs nor tracebacks contain them."""
    tokens = Tokens("secret-a", 1.0, id_token="secret-i", refresh_token="secret-r")
    assert "secret" not in f"{tokens} {tokens!r}"


def test_the_document_is_an_oauth_answer():
    """With exactly the documented keys."""
    document = Tokens("a", time.time() + 100, refresh_token="r").document()
    assert document.pop("expires_in") in (99, 100)
    assert document == {
        "id_token": None,
        "access_token": "a",
        "refresh_token": "r",
        "token_type": "Bearer",
    }


def test_tokens_last_as_long_as_the_first_of_them(jwt):
    """The app client may set a shorter lifetime for the ID token."""
    short = jwt(iat=1000, exp=1300)
    tokens = Tokens.lasting(3600, access_token="a", id_token=short)
    assert tokens.expires_in in (299, 300)
    for odd in (None, "no token", jwt(exp="soon", iat=1), jwt(exp=1)):
        tokens = Tokens.lasting(3600, access_token="a", id_token=odd)
        assert tokens.expires_in in (3599, 3600)


def test_only_the_pages_decide_whose_tokens_they_are(jwt):
    """From the ID token; an API sign-in is for the user whose password was given."""
    claims = {"cognito:username": "sub-1", "email": "Alice@example.com"}
    identity = jwt(**claims)
    by_pages = Tokens("a", 1.0, id_token=identity, by_oauth=True)
    assert by_pages.may_be_of("alice@EXAMPLE.com")
    assert by_pages.may_be_of("sub-1")
    assert not by_pages.may_be_of("bob@example.com")
    assert Tokens("a", 1.0, by_oauth=True).may_be_of("bob@example.com")
    assert Tokens("a", 1.0, id_token=identity).may_be_of("bob@example.com")


def test_a_token_that_is_nested_too_deep_says_nothing():
    """It raises no error."""
    deep = base64.urlsafe_b64encode(b"[" * 100_000 + b"]" * 100_000).decode()
    assert claims_of(f"{deep}.{deep}.{deep}") == {}
