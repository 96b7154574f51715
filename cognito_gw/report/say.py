"""The only way to the terminal: text is made safe, then styled, then printed.

Names, tags, claims and messages come from AWS, from functions, from others' files. All
that is printed is neutralized here, but for `Safe` text, which only this module makes;
an f-string of it is a plain `str` again.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from click.types import convert_type

from cognito_gw.errors import CgwError
from cognito_gw.printable import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable


class Safe(str):
    """Text that cannot drive a terminal, but by our own styles."""

    __slots__ = ()


def styled(text: object, **style: Any) -> Safe:
    """Return one line of text in a style."""
    return Safe(click.style(one_line(text), **style))


def line(*parts: object) -> Safe:
    """Return the parts as one line."""
    return Safe(
        "".join(each if isinstance(each, Safe) else one_line(each) for each in parts)
    )


def block(text: str, indent: str = "") -> Safe:
    """Return text that may have several lines; all but the first are indented.

    So no line of it passes for one of ours, which begin further to the left.
    """
    return Safe(printable(text).replace("\n", f"\n{indent}"))


def say(*parts: object, err: bool = False, nl: bool = True) -> None:
    """Print one line."""
    click.echo(line(*parts), err=err, nl=nl)


def say_exactly(*lines: str) -> None:
    """Print lines for a program as they are; refuse those that are not safe to."""
    if any(one_line(each) != each for each in lines):
        raise CgwError(
            "not printed: it contains control characters or invisible ones",
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
            raise click.UsageError(line(error.message)) from None

    return click.prompt(line(question), value_proc=converted, err=True, **options)


def confirm(question: str, **options: Any) -> bool:
    """Ask on stderr for a yes or a no."""
    return click.confirm(line(question), err=True, **options)
