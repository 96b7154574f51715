"""What counts as a difference between the file and AWS."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import diff
from cognito_gw.engine.resource import Change, Exactly


@pytest.mark.parametrize(
    ("desired", "live", "reason"),
    [
        ({}, {"a": 1}, "the file speaks of nothing"),
        ({"a": 1}, {"a": 1, "b": 2}, "what only AWS has is ignored"),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, "nor is it further down"),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, "AWS lists in any order"),
        (
            {"a": [{"n": 1}, {"n": 2}]},
            {"a": [{"n": 2}, {"n": 1}]},
            "mappings in lists have no order either",
        ),
        ({"a": []}, {}, "AWS leaves empty lists out"),
        ({"a": ""}, {}, "AWS leaves empty texts out"),
        ({"a": {}}, {}, "AWS leaves empty mappings out"),
        ({"a": False}, {}, "AWS leaves false out"),
        ({"a": Exactly()}, {}, "an exact nothing is nothing as well"),
        ({"a": ("x",)}, {"a": ["x"]}, "a tuple is a list to AWS"),
        ({"a": Exactly(k=["x", "y"])}, {"a": {"k": ["y", "x"]}}, "exact, in any order"),
        ({"a": {"b": False}}, {"a": None}, "false within what is left out"),
    ],
)
def test_no_difference(desired, live, reason):
    """Returns nothing if the file and AWS agree."""
    assert diff(desired, live) == {}, reason


@pytest.mark.parametrize(
    ("desired", "live", "expected", "reason"),
    [
        ({"a": 1}, {"a": 2}, {"a": (2, 1)}, "another value"),
        ({"a": 1}, {}, {"a": (None, 1)}, "a value that AWS does not have"),
        ({"a": 0}, {}, {"a": (None, 0)}, "nought is a value: a TTL of 0 s"),
        ({"a": True}, {}, {"a": (None, True)}, "true is never a default"),
        ({"a": False}, {"a": True}, {"a": (True, False)}, "false where AWS has true"),
        ({"a": []}, {"a": ["x"]}, {"a": (["x"], [])}, "a list to be emptied"),
        ({"a": ["x"]}, {"a": ["x", "x"]}, {"a": (["x", "x"], ["x"])}, "twice"),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {}}}, {"a.b.c": (None, 1)}, "the path"),
        ({"a": {"b": 1}}, {"a": "text"}, {"a.b": (None, 1)}, "AWS has no mapping"),
        ({"a": {"b": 1}}, {}, {"a.b": (None, 1)}, "AWS has nothing"),
        (
            {"a": Exactly(b=1)},
            {"a": {"b": 1, "c": 2}},
            {"a": ({"b": 1, "c": 2}, {"b": 1})},
            "an exact mapping has no key more",
        ),
        (
            {"a": Exactly()},
            {"a": {"c": 2}},
            {"a": ({"c": 2}, {})},
            "an exact nothing empties",
        ),
        (
            {"a": {"b": Exactly(c=1)}},
            {"a": {"b": {"c": 2}}},
            {"a.b": ({"c": 2}, {"c": 1})},
            "an exact mapping below another changes as a whole",
        ),
        ({"a": "1"}, {"a": 1}, {"a": (1, "1")}, "text is not a number"),
        (
            {"a": 1, "b": 2},
            {"a": 3, "b": 4},
            {"a": (3, 1), "b": (4, 2)},
            "every difference",
        ),
    ],
)
def test_difference(desired, live, expected, reason):
    """Returns each differing field by its path, with both values."""
    changes = {path: Change(*values) for path, values in expected.items()}
    assert diff(desired, live) == changes, reason
