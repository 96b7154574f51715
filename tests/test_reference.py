"""The reference pages match the code."""

from __future__ import annotations

import pytest
import reference

PAGES = {"commands": reference.commands, "configuration": reference.configuration}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(request, name):
    """`pytest --update-golden` regenerates it."""
    page = reference.DOCS / f"{name}.md"
    told = PAGES[name]()
    if request.config.getoption("--update-golden"):
        page.write_text(told, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == told


def test_the_readme_has_the_exit_codes():
    """As on the commands' page."""
    readme = reference.DOCS.parent / "README.md"
    assert reference.exit_codes() in readme.read_text(encoding="utf-8")
