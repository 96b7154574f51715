"""The page on why calls are refused contains exactly what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

from diagnosis.cases.everything import over
from diagnosis.handbook import page

from cognito_gw.diagnosis.rules import CALL_RULES, SIGN_IN_RULES

DOCS = Path(__file__).parents[2] / "docs"
# A cause of both calls and sign-ins has one section.
RULES = tuple(
    {rule.code: rule for rule in (*SIGN_IN_RULES, *CALL_RULES)}[code]
    for code in dict.fromkeys(rule.code for rule in (*CALL_RULES, *SIGN_IN_RULES))
)
PAGE = page()
SECTIONS = dict(
    part.split("\n", 1) for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
)


def test_the_page_is_written_from_the_rules(request):
    """`pytest --update-golden` regenerates it."""
    file = DOCS / "why-401.md"
    if request.config.getoption("--update-golden"):
        file.write_text(PAGE, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == PAGE


def test_each_code_has_one_section():
    """In the order of the table and the diagnosis."""
    headings = re.findall(r"^### (\S+)$", PAGE, re.MULTILINE)
    assert headings == [rule.code for rule in RULES]


@over(RULES)
def test_a_section_has_an_explanation_and_a_fix(rule):
    """With cgw, and without it if that differs."""
    section = SECTIONS[rule.code]
    assert section.startswith(f"\n{rule.text}\n")
    assert section.count("\nWith cgw: ") == 1
    assert section.count("\nOtherwise: ") == (rule.elsewhere is not None)


def test_every_name_in_a_fix_is_filled_in():
    """With example values."""
    assert not re.search(r"\{[a-z_]*\}", PAGE)
    assert "{{" not in PAGE
    assert "}}" not in PAGE.replace("]}}", "")


def test_the_table_leads_to_the_sections():
    """By each status; every rule is linked."""
    table = PAGE[PAGE.index("| response") : PAGE.index("\n## ")]
    links = re.findall(r"\[([a-z-]+)\]\(#([a-z-]+)\)", table)
    assert all(name == anchor for name, anchor in links)
    assert {name for name, _ in links} == {rule.code for rule in RULES}
    for row in table.strip().splitlines()[2:]:
        status, codes = row.strip("| ").split(" | ")
        named = re.findall(r"\(#([a-z-]+)\)", codes)
        assert named == codes_of(status.split()[0])


def codes_of(status):
    """Return the codes that the table lists for a status."""
    if status == "no":
        return [rule.code for rule in SIGN_IN_RULES]
    wanted = () if status == "any" else (int(status),)
    if not wanted:
        return [rule.code for rule in CALL_RULES if not rule.statuses]
    return [rule.code for rule in CALL_RULES if wanted[0] in rule.statuses]


def test_linked_pages_exist():
    """The linked files exist."""
    for name in re.findall(r"\]\(([a-z-]+\.md)\)", PAGE):
        assert (DOCS / name).exists()
