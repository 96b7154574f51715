"""What a check found, and what it was asked."""

from __future__ import annotations

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


# What a call raises when AWS, or what stands for it, does not do it.
CALL_FAILED = (BotoCoreError, ClientError, ResponseParserError)

State = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Finding:
    """How it stands with one thing, what was found, and what to do about it."""

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


class CannotTell(Exception):
    """Raised by a check that cannot be carried out, with the reason."""

    def __init__(self, why: str, *, fix: str | None = None) -> None:
        """Keep why, and what would make it possible."""
        super().__init__(why)
        self.why = why
        self.fix = fix


@contextmanager
def needed(why: str, passing: type[Exception] = CannotTell) -> Iterator[None]:
    """Skip a check for what fails here and another reports; let `passing` pass."""
    try:
        yield
    except CannotTell:
        raise
    except passing:
        raise
    except Exception as error:
        raise CannotTell(why) from error


def examine(checks: Mapping[str, Check]) -> Iterator[tuple[str, Finding]]:
    """Carry out all checks at once; yield what each found, in their order."""
    with ThreadPoolExecutor(len(checks)) as pool:
        yield from zip(checks, pool.map(_found, checks.values()), strict=True)


def _found(check: Check) -> Finding:
    try:
        return check()
    except CannotTell as reason:
        return Finding("skipped", reason.why, reason.fix)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        return failure(error)


def failure(error: Exception) -> Finding:
    """Return an error as what was found."""
    known = worded(error)
    return Finding("fail", known.what, known.hint)


def worded(error: Exception) -> CgwError:
    """Return an error as one for our user to read."""
    if known := as_cgw_error(error):
        return known
    if isinstance(error, ResponseParserError):  # its words are all that was answered
        return CgwError("the endpoint does not answer as AWS does")
    if isinstance(error, OSError) and error.filename is not None:
        return CgwError(f"{error.filename}: {error.strerror}")
    return CgwError(f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Asked:
    """The target, and the file: what it says, or why it says nothing."""

    file: Path
    loaded: Loaded | None = None
    problem: CgwError | None = None
    is_local: bool = False
    profile: str | None = None
    region: str | None = None  # as the command line has it
    environment: Mapping[str, str] = field(default_factory=dict)
    tell: Tell | None = None  # of each call

    @property
    def config(self) -> Config | None:
        """The file, if it can be meant."""
        return self.loaded.config if self.loaded else None

    @property
    def region_in_file(self) -> str | None:
        """The region that the file names."""
        return self.config.region if self.config else None
