"""The options of a checkup, and what each check finds."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cognito_gw.aws.clients import Tell
    from cognito_gw.config.load import Loaded
    from cognito_gw.config.model import Config

    Check = Callable[[], "Finding"]


# What a call raises when AWS or another endpoint does not carry it out.
CALL_FAILED = (BotoCoreError, ClientError, ResponseParserError)

State = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The state of one thing, what was found, and how to fix it."""

    state: State
    found: str
    fix: str | None = None

    def document(self, check: str) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "check": check,
            "state": self.state,
            "found": self.found,
            "fix": self.fix,
        }


NO_FILE = "no file was read: see `file`"


class CannotTell(Exception):
    """Raised by a check that cannot be carried out, with the reason."""

    def __init__(self, why: str, *, fix: str | None = None) -> None:
        """Keep the reason, and what would make the check possible."""
        super().__init__(why)
        self.why = why
        self.fix = fix


@contextmanager
def needed(why: str, passing: type[Exception] = CannotTell) -> Iterator[None]:
    """Skip a check when another check reports what fails here.

    Exceptions of the type `passing` are raised as they are.
    """
    try:
        yield
    except CannotTell:
        raise
    except passing:
        raise
    except Exception as error:
        raise CannotTell(why) from error


def examine(checks: Mapping[str, Check]) -> Iterator[tuple[str, Finding]]:
    """Run all checks at the same time; yield each name and finding, in order."""
    with ThreadPoolExecutor(len(checks)) as pool:
        yield from zip(checks, pool.map(_found, checks.values()), strict=True)


def _found(check: Check) -> Finding:
    try:
        return check()
    except CannotTell as reason:
        return Finding("skipped", reason.why, reason.fix)
    except Exception as error:  # noqa: BLE001 - the other checks go on
        return failure(error)


def failure(error: Exception) -> Finding:
    """Return an error as a finding."""
    known = worded(error)
    return Finding("fail", known.what, known.hint)


def worded(error: Exception) -> CgwError:
    """Return an error with a message for users."""
    if known := as_cgw_error(error):
        return known
    if isinstance(error, ResponseParserError):  # its message is the whole response
        return CgwError("the endpoint does not answer as AWS does")
    if isinstance(error, OSError) and error.filename is not None:
        return CgwError(f"{error.filename}: {error.strerror}")
    return CgwError(f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class DoctorOptions:
    """The target, and the project file or why it cannot be read."""

    file: Path
    loaded: Loaded | None = None
    problem: CgwError | None = None
    is_local: bool = False
    profile: str | None = None
    region: str | None = None  # from the command line
    environment: Mapping[str, str] = field(default_factory=dict)
    tell: Tell | None = None  # called with each AWS call
    platform: str = sys.platform

    @property
    def config(self) -> Config | None:
        """The project file's settings, if it is valid."""
        return self.loaded.config if self.loaded else None

    @property
    def region_in_file(self) -> str | None:
        """The Region in the file."""
        return self.config.region if self.config else None
