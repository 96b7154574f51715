"""Text of others, made safe to print."""

from __future__ import annotations

import re

# All by which text can drive a terminal, and nothing by which it is laid out.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Spell out each character that would drive the terminal."""
    lines = text.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", lines)
