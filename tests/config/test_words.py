"""Errors of the file are readable: without patterns or parser terms."""

from __future__ import annotations

import pytest

from cognito_gw.config.messages import ALLOWED
from cognito_gw.config.model import Config
from cognito_gw.errors import UsageError


def _patterns(node):
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str) and "[smhd]" not in node["pattern"]:
            yield node["pattern"]
        yield from node.get("patternProperties", {})
        node = [*node.values()]
    for each in node if isinstance(node, list) else []:
        yield from _patterns(each)


def test_every_pattern_has_words():
    """Each pattern of the file has a description."""
    assert {*_patterns(Config.model_json_schema())} <= {*ALLOWED}


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("name: x\n\tregion: us-east-1\n", "indent with spaces", "⇥region: us"),
        ("name: x\napi:\n    a: 1\n  stage: d\n", "indentation", "stage: d"),
        ("name: x\ntags: {a: {b}\n", "not closed", ""),
        ("name: x\ntags: {a: b: c}\n", "quotes", "tags: {a: b: c}"),
        ("name: a: b\n", "quotes", "name: a: b"),
        ("name: @x\n", "needs quotes", "name: @x"),
        ("name: `x`\n", "needs quotes", "name: `x`"),
        ("name: 'x\n", "not closed", ""),
        ("name x\nregion: y\n", "colon", ""),
        ("name: *x\n", "needs quotes", "name: *x"),
    ],
)
def test_bad_yaml(loaded, text, words, line):
    """With the line, and how to fix it."""
    with pytest.raises(UsageError) as error:
        loaded(text)
    said = str(error.value)
    assert words in said
    assert line in said
    assert "block" not in said
    assert "token" not in said


@pytest.mark.parametrize(
    "text",
    [
        "users:\n- {username: a, password: @hunter2}\n",
        "users:\n- username: a\n  password:\n    @hunter2\n",
        "functions:\n  a:\n    environment:\n      DB: @hunter2\n",
        "tags:\n  db: x: postgres://me:hunter2@host\n",
    ],
)
def test_a_secret_is_not_shown(loaded, text):
    """For a line that may contain a password, only its number is shown."""
    with pytest.raises(UsageError) as error:
        loaded(text)
    assert "this is not YAML" in str(error.value)
    assert "hunter2" not in str(error.value)
