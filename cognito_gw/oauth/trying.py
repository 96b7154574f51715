"""Tries what `cgw check` tries, and again while a new stage is not there yet.

On AWS a stage takes seconds to be served everywhere: until then its name does not
resolve, or it answers 403, 500, or as the deployment before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.settle import naps
from cognito_gw.errors import CgwError
from cognito_gw.oauth.knocking import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cognito_gw.oauth.knocking import Knock

    Case = dict[str, Any]  # route, case, expected, got, ok

_AT_ONCE = 8
_FIRST, _LONGEST = 1.0, 10.0  # pauses, in seconds


@dataclass(frozen=True)
class Waiting:
    """How long surprising answers are asked for again, and who is told."""

    sleep: Callable[[float], None]
    tell: Callable[[str], None]
    patience: float  # in seconds; 0: every answer counts at once


def tried(
    knocks: Sequence[Knock], case_of: Callable[[Knock], Case], waiting: Waiting
) -> list[Case]:
    """Return the case of each knock, in their order."""
    cases = dict(enumerate(_at_once(knocks, case_of)))
    for nap in naps(_FIRST, _LONGEST, waiting.patience):
        failed = [index for index, case in cases.items() if not case["ok"]]
        if not failed:
            break
        waiting.tell(
            f"{len(failed)} of {len(cases)} answers are not as expected; a new stage "
            f"takes up to {waiting.patience:.0f} s to answer: trying again"
        )
        waiting.sleep(nap)
        again = _at_once([knocks[index] for index in failed], case_of)
        cases |= dict(zip(failed, again, strict=True))
    if cases and all(case["got"] == NO_ANSWER for case in cases.values()):
        raise CgwError(
            "nothing answers at the address of the stage",
            hint="`cgw status` shows whether it is deployed; check the network, too",
        )
    return list(cases.values())


def _at_once(knocks: Sequence[Knock], case_of: Callable[[Knock], Case]) -> list[Case]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(case_of, knocks))
