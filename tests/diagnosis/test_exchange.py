"""How a request's token and a response's time are read."""

from __future__ import annotations

import time

import httpx
import pytest
from diagnosis.call import claims, unsigned

from cognito_gw.diagnosis.exchange import Answer, Sent

TOKEN = unsigned({"sub": "one"})


def sent(**headers):
    """Return a request with these headers."""
    return Sent("GET", "/", tuple(headers.items()))


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (TOKEN, TOKEN),
        (f"Bearer {TOKEN}", TOKEN),
        (f"  Bearer {TOKEN} ", TOKEN),
        (f"Bearer  {TOKEN}", f"Bearer  {TOKEN}"),
        (f"bearer {TOKEN}", f"bearer {TOKEN}"),
        (f"Bearer {TOKEN}, {TOKEN}", f"Bearer {TOKEN}, {TOKEN}"),
        (f'"{TOKEN}"', f'"{TOKEN}"'),
        ("Bearer", "Bearer"),
        ("Basic dXNlcg==", "Basic dXNlcg=="),
        (" ", None),
        ("", None),
    ],
)
def test_a_token_is_read_as_the_authorizer_reads_it(value, token):
    """With or without `Bearer` and one space before it."""
    assert sent(Authorization=value).token_in("authorization") == token


def test_the_first_header_of_a_name_counts():
    """Header names are case-insensitive."""
    request = Sent("GET", "/", (("X-A", "one"), ("x-a", "two")))
    assert request.header("x-A") == "one"
    assert request.header("X-B") is None
    assert request.token_in("X-B") is None


def test_headers_with_a_token_are_found_by_what_is_in_them():
    """In the order of the headers."""
    request = Sent(
        "GET",
        "/",
        (
            ("Accept", "*/*"),
            ("X-Token", f"Bearer {TOKEN}"),
            ("X-Version", "1.2.3"),
            ("X-Empty", " "),
            ("Authorization", TOKEN),
        ),
    )
    assert request.token_headers == ["X-Token", "Authorization"]


def test_a_token_is_not_shown_with_its_request():
    """No part of it is shown either."""
    assert TOKEN not in repr(sent(Authorization=TOKEN))


@pytest.mark.parametrize("path", ["/a/b", "/a/b?c=d", "/a/b?c=/d?e", "/a/b#c"])
def test_a_call_is_routed_by_its_path_alone(path):
    """Without the query or the fragment."""
    assert Sent("GET", path).bare_path == "/a/b"


@pytest.mark.parametrize(
    "date",
    [
        "",
        "today",
        "Mon, 99 Foo 2026 99:99:99 GMT",
        "Tue, 24 Nov 2026 20:00:00 +9999",
        "-1",
        "\t",
    ],
)
def test_an_invalid_date_counts_as_now(date):
    """A server may send any text."""
    answer = Answer.of(httpx.Response(200, headers={"Date": date}))
    assert abs(answer.at - time.time()) < 60


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 24 Nov 99999999999999999999 20:00:00 GMT",
        "Tue, 24 Nov 2026 20:00:00 +99999999999999",
    ],
)
def test_a_date_out_of_range_counts_as_now(date):
    """The diagnosis does not fail."""
    answer = Answer.of(httpx.Response(200, headers={"Date": date}))
    assert abs(answer.at - time.time()) < 60


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 24 Nov 2026 20:00:00 GMT",
        "Tue, 24 Nov 2026 21:00:00 +0100",
    ],
)
def test_the_servers_time_is_read_from_its_date(date):
    """In any time zone."""
    answer = Answer.of(httpx.Response(200, headers={"Date": date}))
    assert answer.at == 1795550400.0


def test_a_token_in_a_case_of_tests_is_a_token():
    """Otherwise the other tests would prove nothing."""
    assert sent(A=unsigned(claims())).token_headers == ["A"]
