"""The commands and links of README and docs exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from commandline import commands_in, parse

from cognito_gw.config.model import Config

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(*languages, pages=PAGES):
    """Return every code block of the pages in one of the languages."""
    for page in pages:
        if page.exists():
            for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
                if language in languages:
                    yield text


def shown_commands(pages=PAGES):
    """Return every `cgw` command line in shell blocks and in CI."""
    found = {}
    for block in blocks("console", "sh", "shell", "bash", "yaml", pages=pages):
        for line in block.replace("\\\n", "").splitlines():
            for words in commands_in(line):
                found[" ".join(words)] = words
    return found


def test_a_shown_command_exists_with_its_options(environment, tmp_path):
    """By click's parser; no command runs."""
    environment.chdir(tmp_path)
    for words in shown_commands().values():
        parse(words)


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = _HEADING.findall(page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file_and_a_heading(page):
    broken = []
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        is_ours = ":" not in name
        if is_ours and not (
            target.exists() and (not anchor or anchor in anchors(target))
        ):
            broken.append(link)
    assert broken == []


def test_the_index_lists_every_page():
    index = ROOT / "docs/README.md"
    linked = {*_LINK.findall(index.read_text(encoding="utf-8")), index.name}
    assert {page.name for page in index.parent.glob("*.md")} <= linked


def test_a_shown_file_is_valid():
    """Each YAML block of the docs that sets a key of the file; without warnings."""
    shown = [yaml.safe_load(block) for block in blocks("yaml")]
    files = [file for file in shown if file.keys() <= Config.model_fields.keys()]
    assert files
    for file in files:
        Config.model_validate({"name": "shop"} | file)


def test_the_readme_has_commands():
    """Otherwise the tests above would check nothing."""
    assert len(shown_commands()) > 5


def test_the_shown_workflow_is_the_file_to_copy():
    """Exactly."""
    workflow = (ROOT / "docs/ci/github-actions.yml").read_text(encoding="utf-8")
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    assert f"```yaml\n{workflow}```\n" in page
