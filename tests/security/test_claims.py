"""docs/SECURITY.md names the test for each claim, and all these tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "SECURITY.md").read_text("utf-8")
NAMED = re.findall(r"`((?:tests/)?[\w/]*test_\w+\.py)?(?:::(\w+))?`", PAGE)


def references():
    """Yield each named file with its test; a bare `::name` refers to the last file."""
    file = ""
    for named, test in NAMED:
        file = named or file
        if named or test:
            yield file, test


@pytest.mark.parametrize(("file", "test"), sorted(set(references())))
def test_a_named_test_exists(file, test):
    """The path exists, and the name too if there is one."""
    folder = ROOT if file.startswith("tests/") else Path(__file__).parent
    source = (folder / file).read_text("utf-8")
    assert not test or re.search(rf"(?:def|class) {test}\b", source)


def test_every_security_test_holds_a_claim():
    """The page names every file of this folder."""
    named = {file.rpartition("/")[2] for file, _ in references()}
    own = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert own - named == {Path(__file__).name}
