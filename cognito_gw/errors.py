"""What can go wrong, as types. Each carries what, where and what to do next.

CgwError                    exit 1
├── UsageError              exit 2   the command line or the file is wrong
├── Missing                 exit 3   something this step stands on is not there
├── NotOurs                 exit 1   the name is taken by something without our tag
├── CannotChange            exit 1   AWS fixes this setting at creation
└── AwsRefused              exit 1   AWS said no: its code and words, and our advice
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """What the exit code of `cgw` says, and its meaning in words."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make one of a number and its meaning."""
        self = int.__new__(cls, code)
        self._value_ = code
        self.meaning = meaning
        return self

    DONE = 0, "done"
    FAILED = 1, "failed; `check`: an answer was not the one that the file wants"
    USAGE = (
        2,
        "the command line or the file is wrong; `plan --detailed-exitcode`: changes",
    )
    MISSING = (
        3,
        "something needed is missing: the message names the command that makes it",
    )
    CLIENT_ERROR = (
        4,
        "`call`, `test-method`: the answer was 4xx; `test-authorizer`: refused",
    )
    SERVER_ERROR = 5, "`call`, `test-method`: the answer was 5xx"
    INTERRUPTED = 130, "interrupted"


class CgwError(Exception):
    """A failure that the user can read and act upon: printed without a traceback."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        """Keep `what` went wrong and the `hint` that says what to do next."""
        super().__init__(what)
        if hint:
            self.add_note(f"hint: {hint}")  # for who sees it in a test's traceback
        self.what = what
        self.hint = hint


class UsageError(CgwError):
    """Raised for a command line or a file that cannot be meant."""

    exit_code = ExitCode.USAGE


class Missing(CgwError):
    """Raised when a step needs something that another command makes."""

    exit_code = ExitCode.MISSING


class NotOurs(CgwError):
    """Raised when a wanted name belongs to something without this stack's tag."""


class CannotChange(CgwError):
    """Raised when the file changes what AWS fixes at creation."""

    def __init__(
        self, what: str, *, key: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        """Keep the `key` of the file, too."""
        super().__init__(what, hint=hint)
        self.key = key

    def at(self, place: str) -> CannotChange:
        """Return the same error with the place of its key before it."""
        return CannotChange(f"{place}: {self.what}", key=self.key, hint=self.hint)


class AwsRefused(CgwError):
    """Raised for an answer of AWS that retrying does not mend."""
