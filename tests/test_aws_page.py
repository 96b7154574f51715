"""docs/aws.md names tests that exist, and the pages that lead to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT.joinpath("docs/aws.md").read_text("utf-8")
FILES = re.findall(r"`([\w/.-]+(?:\.py|\.yaml|/))`", PAGE)
PLACES = ("", "tests/local", "tests/resources", "tests/faults")


@pytest.mark.parametrize("file", sorted(set(FILES)))
def test_a_named_test_exists(file):
    assert any(ROOT.joinpath(place, file).exists() for place in PLACES)


@pytest.mark.parametrize("page", ["README.md", "docs/doctor.md"])
def test_is_linked(page):
    assert "aws.md)" in ROOT.joinpath(page).read_text("utf-8")
