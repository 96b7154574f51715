"""Why a text is not YAML, with the line shown: the parser's own words tell little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cognito_gw.config.loader import Excessive
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import yaml

_LONGEST = 100  # characters of a line that are shown
# Sections whose values may be secret, and names of such values.
_SECRET = re.compile(
    r"^users|environment|passw|secret|token|key|://[^/]*:[^/]*@", re.IGNORECASE
)
_WORDS = (  # of the parser, and what they mean
    (r"character '\\t'", "a tab: indent with spaces"),
    (r"character '[@`%]'", "a value that begins with this character needs quotes"),
    (
        r"mapping values are not allowed",
        (
            "a colon and a space within a value: put the "
            "value in quotes; or check the indentation"
        ),
    ),
    (
        r"but found '<block mapping start>'|expected <block end>",
        "the indentation does not fit the lines above",
    ),
    (
        r"could not find expected ':'",
        "a key without a colon, or an indentation that does not fit the lines above",
    ),
    (
        r"expected ',' or '[]}]'",
        (
            "a bracket or brace is not closed, or a comma is "
            "missing; a value with braces needs quotes"
        ),
    ),
    (
        r"unexpected end of stream|found '<stream end>'",
        "a bracket, brace or quotation mark is not closed",
    ),
    (
        r"undefined alias|expected alphabetic or numeric",
        "a value that begins with * or & needs quotes",
    ),
    (
        r"unhashable|expected the node content",
        "a value that begins with a brace or bracket needs quotes",
    ),
)


def bad_yaml(text: str, file: Path, error: yaml.YAMLError) -> UsageError:
    """Return the error with where it is, what it means, and the line."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}, line {mark.line + 1}, column {mark.column + 1}" if mark else file
    what = getattr(error, "problem", None) or str(error)
    if isinstance(error, Excessive):
        return UsageError(f"{where}: {what}")
    meant = next((words for raw, words in _WORDS if re.search(raw, what)), what)
    shown = _line(text, mark.line) if mark else ""
    return UsageError(f"{where}: this is not YAML: {meant}{shown}")


def _line(text: str, number: int) -> str:
    """Return the line to be shown; none of a section that may hold a secret."""
    lines = text.splitlines()[: number + 1]
    if len(lines) <= number:
        return ""
    tops = [at for at, line in enumerate(lines) if line[:1].strip(" -\t")]
    section = "\n".join(lines[tops[-1] if tops else 0 :])
    line = lines[number].replace("\t", "⇥").strip()[:_LONGEST]
    return f"\n  {line}" if line and not _SECRET.search(section) else ""
