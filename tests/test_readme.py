"""The README's commands exist, and the help in it is current."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from commandline import commands_in, parse

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HELP = "$ cgw --help\n"


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
        text = block.partition(_HELP)[0].replace("\\\n", "")
        for line in text.splitlines():
            for words in commands_in(line):
                found[" ".join(words)] = words
    return found


def test_a_shown_command_exists_with_its_options(environment, tmp_path):
    """By click's parser; no command runs."""
    environment.chdir(tmp_path)
    for words in shown_commands().values():
        parse(words)


def test_the_shown_help_is_the_real_one():
    """Exactly, wherever it is shown."""
    shown = [block for block in blocks("console") if block.startswith(_HELP)]
    told = [block.removeprefix(_HELP).strip() for block in shown]
    assert told
    real = subprocess.run(
        [sys.executable, "-m", "cognito_gw", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    ).stdout
    assert told == [real.strip()] * len(told)


def test_the_readme_has_commands():
    """Otherwise the tests above would check nothing."""
    assert len(shown_commands()) > 5


def test_the_shown_workflow_is_the_file_to_copy():
    """Exactly."""
    workflow = (ROOT / "docs/ci/github-actions.yml").read_text(encoding="utf-8")
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    assert f"```yaml\n{workflow}```\n" in page
