"""How soon to repeat a write that met another write of the same thing.

API Gateway refuses parallel changes of one API, Cognito of one user pool, with "try
again later": the other change is over in an instant.
"""

from __future__ import annotations

import random

_PAUSES = 30  # after which the refusal is final, some 20 s later
_FIRST, _LONGEST = 0.1, 1.5  # seconds


def pause_after(conflicts: int) -> float | None:
    """Return the seconds to wait after so many conflicts; None once it is enough."""
    if conflicts > _PAUSES:
        return None
    longest = min(_FIRST * 1.5 ** (conflicts - 1), _LONGEST)
    return random.uniform(0, longest)  # noqa: S311 - jitter, not a secret
