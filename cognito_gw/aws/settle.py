"""Waits, in bounds, while AWS catches up with itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from cognito_gw.aws.faults import message_of
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cognito_gw.aws.clients import Aws

Answer = TypeVar("Answer")


def settle(  # noqa: PLR0913 - each is a bound or a word of the wait
    call: Callable[[], Answer],
    aws: Aws,
    *,
    passing: Callable[[ClientError], bool],
    until: str,
    first: float = 1.0,
    longest: float = 10.0,
    patience: float = 90.0,
) -> Answer:
    """Call until AWS takes it, while its refusal is a `passing` one.

    Pauses grow from `first` to `longest` seconds, with jitter, and add up to no more
    than `patience` seconds; then the refusal stands, with what was waited for.
    """
    pauses = naps(first, longest, patience)
    while True:
        try:
            return call()
        except ClientError as error:
            if not passing(error):
                raise
            nap = next(pauses, None)
            if nap is None:
                waited = f" (after {patience:.0f} s of waiting until {until})"
                error.response["Error"]["Message"] = message_of(error) + waited
                raise
        _wait(nap, aws, until)


def wait_for(
    ask: Callable[[], Answer | None], aws: Aws, *, until: str, patience: float = 60.0
) -> Answer:
    """Ask until there is an answer, for no more than `patience` seconds; return it."""
    pauses = naps(1.0, 5.0, patience)
    while not (answer := ask()):
        nap = next(pauses, None)
        if nap is None:
            raise CgwError(
                f"gave up waiting, after {patience:.0f} s, until {until}",
                hint="run the same command again in a minute",
            )
        _wait(nap, aws, until)
    return answer


def naps(first: float, longest: float, patience: float) -> Iterator[float]:
    """Yield pauses that grow, with jitter, and add up to about `patience` seconds."""
    pause, waited = first, 0.0
    while waited < patience:
        nap = pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        yield nap
        waited += nap
        pause = min(pause * 1.6, longest)


def _wait(nap: float, aws: Aws, until: str) -> None:
    aws.tell(f"waiting {nap:.0f} s until {until}")
    aws.sleep(nap)
