"""The mutants in tests/mutants.yaml can be applied to the current code."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutate import Mutant, NotApplicable, mutants, sources

CODE = {Path("one.py"): "def f(a):\n    if a and a != 1:\n        return 2\n"}


def test_every_mutant_applies():
    """Its text occurs once, it changes the code, and each package has some."""
    listed = mutants()
    assert len({mutant.id for mutant in listed}) == len(listed)
    assert [mutant.id for mutant in listed if not mutant.wrong.endswith(".")] == []
    broken = [mutant.apply(sources())[0] for mutant in listed]
    packages = {path.parts[1] for path in sources() if len(path.parts) > 2}
    assert packages <= {path.parts[1] for path in broken}


def test_line_breaks_and_margins_do_not_matter():
    """A text is found despite other line breaks, and the replacement is indented."""
    mutant = Mutant("m", "if a\n and a != 1:", "if not a:\n    pass\nif a:", "Wrong.")
    path, broken = mutant.apply(CODE)
    assert path == Path("one.py")
    assert "    if not a:\n        pass\n    if a:\n        return 2" in broken


@pytest.mark.parametrize(
    ("text", "becomes", "why"),
    [
        ("return 3", "return 4", "occurs 0 times"),
        ("a", "b", "occurs 4 times"),
        ("return 2", "return  2", "changes nothing"),
    ],
)
def test_what_cannot_be_applied_is_an_error(text, becomes, why):
    """A mutant without effect would survive, or be killed by accident."""
    with pytest.raises(NotApplicable, match=why):
        Mutant("m", text, becomes, "Wrong.").apply(CODE)
