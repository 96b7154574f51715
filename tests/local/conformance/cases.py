"""Cases as data: how they are read, filled in, and compared with an answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent


class Absent:
    """Stands for a key that must not be there."""


class Loader(yaml.SafeLoader):
    """Reads `!absent` too."""


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
    """Return data with the words in the place of their names in braces."""
    text = json.dumps(value, default=lambda _: "!absent")
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return json.loads(text, object_hook=_with_absences)


def _with_absences(pairs):
    return {k: Absent if v == "!absent" else v for k, v in pairs.items()}


def fits(actual, expected):
    """Whether a value is the expected one, or holds it, or matches its `~pattern`."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            fits(actual.get(key, Absent), value) for key, value in expected.items()
        )
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(actual, str) and bool(re.fullmatch(expected[1:], actual))
    return actual == expected


def have_headers(actual, expected):
    """Whether a header has the values that are expected; null stands for none."""

    def has(name, wanted):
        values = actual.get_all(name, [])
        wanted = wanted if isinstance(wanted, list) else [wanted]
        wanted = [each for each in wanted if each is not None]
        return len(values) == len(wanted) and all(map(fits, values, wanted))

    return {name for name, wanted in expected.items() if not has(name, wanted)} == set()
