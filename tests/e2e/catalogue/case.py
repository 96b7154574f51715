"""One broken setup: how it arises, how a user asks about it, and its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from broken import Broken


def nothing(_):
    """Leave the stack unchanged."""


@dataclass(frozen=True)
class Case:
    """The question is a command line; `{site}` in it is the broken stack."""

    name: str
    code: str  # of the first cause
    line: str  # the arguments of `cgw explain`, separated by spaces
    status: int | None = None  # the status of the API's response; None: not passed on
    breaks: Callable[[Broken], None] = nothing
    more: tuple[str, ...] = ()  # arguments that contain spaces
    token: Callable[[Broken], str] | None = None  # the token to send
    also: tuple[str, ...] = ()  # the codes of the other causes
    where: str = "standing"  # or "stack", which has an app client for each flow

    def arguments(self, site):
        """Return the command line."""
        token = ["--token", self.token(site)] if self.token else []
        words = [*self.line.split(), *self.more]
        return [word.format(site=site) for word in words] + token
