"""Claims as people read them."""

from __future__ import annotations

import time

from cognito_gw.oauth.verify import in_words

_TIMES = ("auth_time", "iat", "nbf", "exp")
_YEAR_9999 = 253_402_300_800  # from here on there is no calendar


def spelled(claim: str, content: object, *, from_now: bool = False) -> str:
    """Spell a claim for people: moments as dates, and how far off they are."""
    if claim in _TIMES and isinstance(content, int) and 0 <= content < _YEAR_9999:
        moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(content))
        return f"{content}  ({moment}{_distance(content) if from_now else ''})"
    if isinstance(content, bool):
        return str(content).lower()
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)


def _distance(moment: int) -> str:
    ahead = moment - time.time()
    words = in_words(abs(ahead))
    return f", in {words}" if ahead > 0 else f", {words} ago"
