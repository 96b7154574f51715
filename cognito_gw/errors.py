"""The errors of cgw. Each says what is wrong, where, and what to do next.

CgwError                    exit 1
├── UsageError              exit 2   the command line or the file is wrong
├── Missing                 exit 3   something that this step requires does not exist
├── NotOurs                 exit 1   the name belongs to a resource without our tag
├── CannotChange            exit 1   AWS fixes this setting at creation
└── AwsRefused              exit 1   AWS refused: its code, its message, and advice
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """The exit codes of `cgw`, each with its meaning."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Create a member from a number and its meaning."""
        self = int.__new__(cls, code)
        self._value_ = code
        self.meaning = meaning
        return self

    DONE = 0, "done"
    FAILED = 1, "failed; `check`: a response was not as expected"
    USAGE = (
        2,
        "the command line or the file is wrong; `plan --detailed-exitcode`: changes",
    )
    MISSING = (
        3,
        "something required is missing: the message names the command that creates it",
    )
    CLIENT_ERROR = (
        4,
        "`call`, `test-method`: the response was 4xx; `test-authorizer`: refused",
    )
    SERVER_ERROR = 5, "`call`, `test-method`: the response was 5xx"
    INTERRUPTED = 130, "interrupted"


class CgwError(Exception):
    """A failure that the user can act on: printed without a traceback."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        """Store `what` went wrong and a `hint` on what to do next."""
        super().__init__(what)
        if hint:
            self.add_note(f"hint: {hint}")  # for tracebacks of tests
        self.what = what
        self.hint = hint


class UsageError(CgwError):
    """Raised for an invalid command line or file."""

    exit_code = ExitCode.USAGE


class Missing(CgwError):
    """Raised when a step requires something that another command creates."""

    exit_code = ExitCode.MISSING


class NotOurs(CgwError):
    """Raised when a required name belongs to a resource without this stack's tag."""


class CannotChange(CgwError):
    """Raised when the file changes a setting that AWS fixes at creation."""

    def __init__(
        self, what: str, *, key: tuple[str | int, ...] = (), hint: str | None = None
    ) -> None:
        """Also store the `key` in the file."""
        super().__init__(what, hint=hint)
        self.key = key

    def at(self, place: str) -> CannotChange:
        """Return the same error, prefixed with the line of its key."""
        return CannotChange(f"{place}: {self.what}", key=self.key, hint=self.hint)


class AwsRefused(CgwError):
    """Raised for an error of AWS that a retry does not fix."""
