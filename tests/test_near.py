"""Suggestions for an unknown name."""

from __future__ import annotations

import pytest

from cognito_gw.text import guess, near, unknown

PEOPLE = ["alice@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("alice", PEOPLE, "alice@example.com"),
        ("ALICE", PEOPLE, "alice@example.com"),
        ("alise@example.com", PEOPLE, "alice@example.com"),
        ("bob", PEOPLE, "bob@example.com"),
        ("GET /transaction", ["POST /transactions", "GET /transactions"], None),
        ("helo", ["order", "hello"], "hello"),
        ("Reader", ["writers", "readers"], "readers"),
    ],
)
def test_what_is_like_a_name(name, known, meant):
    """By similar letters, or as a part of it."""
    assert near(name, known) == [meant or known[-1]]


@pytest.mark.parametrize(
    "name", ["zzz", "x", "", "a", "GET /nothing", "no@example.com"]
)
def test_nothing_is_guessed_by_chance(name):
    """A single letter is in many names."""
    assert guess(name, [*PEOPLE, "GET /health"]) == ""


def test_what_is_said():
    """The suggestion first, then all existing names."""
    assert unknown("no group `re`", "re", []) == "no group `re`; known: none"
    assert unknown("no app client `wb`", "wb", ["web", "app"]) == (
        "no app client `wb`; did you mean `web`? known: web, app"
    )
