"""Which to keep where two cgws made the same thing at once, as names are not unique."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.aws.clients import Aws

Thing = dict[str, Any]
_PAUSES = (1.0, 2.0, 4.0)  # seconds


def chosen(
    made: Thing,
    others: Callable[[], list[Thing]],
    age: Callable[[Thing], tuple[str, str]],
    aws: Aws,
) -> Thing:
    """Return what to go on with: `made`, or one of the `others`, as they do.

    The older one is kept, and who made the younger takes it back. One that stays
    though it is younger was alone when its maker looked: then ours is taken back.
    """
    rivals = others()
    for pause in _PAUSES:
        first = min([made, *rivals], key=age)
        if first is not made or not rivals:
            return first
        aws.sleep(pause)
        rivals = others()
    return min(rivals or [made], key=age)
