"""The README's picture of a real first run: `python tests/picture.py`."""

from __future__ import annotations

import io
import os
import re
import shlex
import tempfile
from pathlib import Path

import pexpect
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent.parent / "docs" / "first-run.svg"
WIDTH = 92
RUN = (
    "cgw init --yes --name shop --route 'GET /transactions'",
    "cgw --local up",
    "cgw --local call /transactions --token none",
    "cgw --local call /transactions",
)
_FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)  # nothing may be downloaded


def picture():
    """Return the SVG of the commands and their output."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        for command in RUN:
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            console.print(Text.from_ansi(_printed(command, folder)))
        _printed("cgw local stop", folder)
    svg = console.export_svg(title="cgw", theme=MONOKAI, unique_id="cgw")
    return _FONT_FACE.sub("", svg)


def _printed(command, folder):
    """Run a command in a terminal that cannot overwrite lines; return its output."""
    program, *arguments = shlex.split(command)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "TERM": "dumb",
        "CGW_ALICE_PASSWORD": "Correct-horse-7",
    }
    child = pexpect.spawn(
        program,
        arguments,
        cwd=folder,
        env=environment,
        dimensions=(100, WIDTH),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    return child.before.replace("\r\n", "\n").rstrip() + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
