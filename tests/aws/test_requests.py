"""Requests built from AWS responses."""

from __future__ import annotations

import pytest

from cognito_gw.aws.responses import is_empty, overlay, settable, without_empty


@pytest.mark.parametrize(
    ("base", "top", "expected", "reason"),
    [
        ({"a": 1}, {}, {"a": 1}, "nothing on top"),
        ({}, {"a": 1}, {"a": 1}, "nothing below"),
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}, "the top wins"),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}, "below"),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, "lists are replaced"),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}, "a mapping over a value"),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}, "a value over a mapping"),
        ({"a": {}}, {"a": {"b": 1}}, {"a": {"b": 1}}, "a mapping over an empty one"),
    ],
)
def test_overlay(base, top, expected, reason):
    """The overlay takes precedence, mapping by mapping."""
    below = str(base)
    assert overlay(base, top) == expected, reason
    assert str(base) == below, "the lower one is not changed"


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_empty(value):
    """None and empty values count as empty."""
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "x", [0], {"a": 0}])
def test_not_empty(value):
    """Zero and false do not count as empty."""
    assert not is_empty(value)


def test_without_empty():
    """Empty values are removed, but only at the top level."""
    request = {"a": None, "b": 0, "c": [], "d": {"e": ""}}
    assert without_empty(request) == {"b": 0, "d": {"e": ""}}


def test_settable(aws):
    """Of a description, the operation's non-empty parameters remain."""
    described = {"UserPoolId": "p", "Policies": {}, "Arn": "x", "UserPoolTier": "LITE"}
    assert settable(aws.cognito, "UpdateUserPool", described) == {
        "UserPoolId": "p",
        "UserPoolTier": "LITE",
    }
