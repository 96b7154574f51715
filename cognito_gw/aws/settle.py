"""Waits, in bounds, while AWS catches up with itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

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
    than `patience` seconds; then the refusal stands.
    """
    pause, waited = first, 0.0
    while True:
        try:
            return call()
        except ClientError as error:
            if not passing(error) or waited >= patience:
                raise
        nap = pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        aws.tell(f"waiting {nap:.0f} s until {until}")
        aws.sleep(nap)
        waited += nap
        pause = min(pause * 1.6, longest)
