"""Cases as data: reading them, filling them in, and comparing them with a response."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent


class Absent:
    """Represents a key that must be absent."""


class Loader(yaml.SafeLoader):
    """A YAML loader with `!absent`."""


Loader.add_constructor("!absent", lambda *_: Absent)


def read(path):
    """Read a file of this folder."""
    text = FOLDER.joinpath(path).read_text("utf-8")
    return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader


def cases(path, optional):
    """Return a file's cases as test parameters; each has its four parts."""
    needed = {"name", "source", "request", "status"}
    found = read(path)
    assert all(needed <= case.keys() <= needed | optional for case in found)
    stem = Path(path).stem
    return [pytest.param(case, id=f"{stem}: {case['name']}") for case in found]


def filled(value, words):
    """Return data with each name in braces replaced by its text."""
    text = json.dumps(value, default=lambda _: "!absent")
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return json.loads(text, object_hook=_with_absences)


def _with_absences(pairs):
    return {k: Absent if v == "!absent" else v for k, v in pairs.items()}


def fits(actual, expected):
    """Whether a value equals or contains the expected one, or matches `~pattern`."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            fits(actual.get(key, Absent), value) for key, value in expected.items()
        )
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(actual, str) and bool(re.fullmatch(expected[1:], actual))
    return actual == expected


def have_headers(actual, expected):
    """Whether a header has the expected values; null means that it is absent."""

    def has(name, wanted):
        values = actual.get_all(name, [])
        wanted = wanted if isinstance(wanted, list) else [wanted]
        wanted = [each for each in wanted if each is not None]
        return len(values) == len(wanted) and all(map(fits, values, wanted))

    return {name for name, wanted in expected.items() if not has(name, wanted)} == set()
