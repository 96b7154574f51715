"""The command line reports any invalid file and exits with 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(
    f"c{n}: &{'ba'[n % 2]} [*{'ab'[n % 2]}, *{'ab'[n % 2]}]\n" for n in range(40)
)


KINDS = {
    "nothing": lambda _: None,
    "a folder": Path.mkdir,
    "a link to itself": lambda file: file.symlink_to(file),
    "UTF-16": lambda file: file.write_text("name: x", "utf-16"),
    "control characters": lambda file: file.write_bytes(b'name: "\\e[2J\\0\\x9b"'),
    "half a character": lambda file: file.write_bytes(b'name: "\\ud800"'),
    "zeros": lambda file: file.write_bytes(bytes(1000)),
    "a bomb": lambda file: file.write_text(BOMB),
    "a program": lambda file: file.write_text("!!python/object/apply:os._exit [9]"),
    "deep": lambda file: file.write_text("[" * 5000),
}


@pytest.mark.parametrize("command", ["plan", "token"])
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_an_invalid_file_is_a_usage_error(cgw, make, command):
    """Before any call, with the file's name, and without control characters."""
    make(cgw.folder / "odd.yaml")
    done = cgw("-c", "odd.yaml", command, code=2)
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert "odd.yaml" in done.err
    assert not CONTROL.search(done.err)
