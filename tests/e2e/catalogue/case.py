"""One broken set-up: how it comes about, how one asks why, and what is the matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from broken import Broken


def nothing(_):
    """Leave the stack as it is."""


@dataclass(frozen=True)
class Case:
    """What is asked is a command line, in which `{site}` is the broken stack."""

    name: str
    code: str  # of the first cause
    line: str  # the arguments of `cgw explain`, between blanks
    status: int | None = None  # with which the API answers; None: not to be told
    breaks: Callable[[Broken], None] = nothing
    more: tuple[str, ...] = ()  # arguments with blanks in them
    token: Callable[[Broken], str] | None = None  # which one is sent
    also: tuple[str, ...] = ()  # the codes of the other causes
    where: str = "standing"  # or "stack", which has an app client for each flow

    def arguments(self, site):
        """Return the command line."""
        token = ["--token", self.token(site)] if self.token else []
        words = [*self.line.split(), *self.more]
        return [word.format(site=site) for word in words] + token
