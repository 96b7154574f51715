"""docs/aws.md names existing tests, and other pages link to it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT.joinpath("docs/aws.md").read_text("utf-8")
PLACES = ("", "tests/local", "tests/resources", "tests/faults")


def test_a_named_test_exists():
    files = {*re.findall(r"`([\w/.-]+(?:\.py|\.yaml|/))`", PAGE)}
    places = [ROOT / place for place in PLACES]
    found = {file for file in files if any((each / file).exists() for each in places)}
    assert files - found == set()


def test_is_linked():
    for page in ("README.md", "docs/doctor.md"):
        assert "aws.md)" in ROOT.joinpath(page).read_text("utf-8")
