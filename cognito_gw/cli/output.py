"""The only output to the terminal: text is escaped, then styled, then printed.

Names, tags, claims and messages come from AWS, functions, and foreign files. All output
is escaped here except `Safe` text, which only this module creates; an f-string of it is
a plain `str` again.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click
from click.types import convert_type

from cognito_gw.errors import CgwError
from cognito_gw.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

_WORDS = re.compile(r" +|(?:`[^`\n]*`|[^ `\n])+|`")


class Safe(str):
    """Text without control characters except our own styles."""

    __slots__ = ()


def styled(text: object, **style: Any) -> Safe:
    """Return one line of text in a style."""
    return Safe(click.style(one_line(text), **style))


def line(*parts: object) -> Safe:
    """Return the parts as one line."""
    return Safe(
        "".join(part if isinstance(part, Safe) else one_line(part) for part in parts)
    )


def block(text: str, indent: str = "") -> Safe:
    """Return text that may have several lines; all but the first are indented.

    The indent distinguishes its lines from ours.
    """
    return Safe(printable(text).replace("\n", f"\n{indent}"))


def say(*parts: object, err: bool = False, nl: bool = True) -> None:
    """Print one line, wrapped to the width of the terminal."""
    text = fitted(line(*parts), sys.stderr if err else sys.stdout)
    click.echo(text, err=err, nl=nl)


def fitted(text: Safe, stream: TextIO, margin: int = 0) -> Safe:
    """Wrap lines between words if the stream is a terminal.

    Text in backticks is meant to be copied and stays on one line if it fits.
    """
    if not stream.isatty():
        return text
    from shutil import get_terminal_size

    width = get_terminal_size().columns - margin
    return Safe("\n".join(_broken(text_line, width) for text_line in text.split("\n")))


def _broken(text: str, width: int) -> str:
    indent = " " * (len(text) - len(text.lstrip(" ")) + 2)
    lines = [""]
    for word in _words(text, width - len(indent)):
        if _width(lines[-1] + word) > width and lines[-1].strip() and word.strip():
            lines[-1] = lines[-1].rstrip(" ")
            lines.append(indent)
        lines[-1] += word
    return "\n".join(lines)


def _words(text: str, most: int) -> Iterator[str]:
    """Yield words and the spaces between them."""
    for word in _WORDS.findall(text):
        yield from re.findall(" +|[^ ]+", word) if _width(word) > most else [word]


def _width(text: str) -> int:
    return len(click.unstyle(text))


def say_exactly(*lines: str) -> None:
    """Print lines for a program unchanged; raise CgwError for unsafe ones."""
    if any(one_line(text) != text for text in lines):
        raise CgwError(
            "not printed: it contains control or invisible characters",
            hint="`-o json` escapes them",
        )
    click.echo("\n".join(lines))


def say_content(content: bytes, text: str) -> None:
    """Print what was received: as it is to a program, as safe text to a terminal."""
    click.echo(block(text) if sys.stdout.isatty() else content)


def ask(
    question: str, *, value_proc: Callable[[str], Any] | None = None, **options: Any
) -> Any:
    """Ask on stderr until the answer can be used, and return it."""
    convert = value_proc or convert_type(options.get("type"), options.get("default"))

    def converted(value: str) -> Any:
        try:
            return convert(value)
        except click.UsageError as error:
            said = fitted(line(error.message), sys.stderr, len("Error: "))
            raise click.UsageError(said) from None

    margin = len(f" [{options.get('default', '')}]: ")
    text = fitted(line(question), sys.stderr, margin)
    return click.prompt(text, value_proc=converted, err=True, **options)


def confirm(question: str, **options: Any) -> bool:
    """Ask on stderr for a yes or a no."""
    text = fitted(line(question), sys.stderr, len(" [y/N]: "))
    return click.confirm(text, err=True, **options)
