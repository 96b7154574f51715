"""What can go wrong, as types. Each carries what, where and what to do next.

CgwError                    exit 1
├── UsageError              exit 2   the command line or the file is wrong
├── Missing                 exit 3   something this step stands on is not there
├── NotOurs                 exit 1   the name is taken by something without our tag
├── CannotChange            exit 1   AWS fixes this setting at creation
└── AwsRefused              exit 1   AWS said no: its code and words, and our advice
"""

from __future__ import annotations

from typing import ClassVar


class CgwError(Exception):
    """A failure that the user can read and act upon: printed without a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        """Keep `what` went wrong and the `hint` that says what to do next."""
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsageError(CgwError):
    """Raised for a command line or a file that cannot be meant."""

    exit_code = 2


class Missing(CgwError):
    """Raised when a step needs something that another command makes."""

    exit_code = 3


class NotOurs(CgwError):
    """Raised when a wanted name belongs to something without this stack's tag."""


class CannotChange(CgwError):
    """Raised when the file changes what AWS fixes at creation."""


class AwsRefused(CgwError):
    """Raised for an answer of AWS that retrying does not mend."""
