"""Names that are not there: which one may have been meant, said in one way."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAST = 3  # letters in which a part of a name is more than chance


def near(
    name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.7
) -> list[str]:
    """Return the known names that are most like one; case does not count.

    A part of a name is like it, too: `alice` is `alice@example.com`.
    """
    asked, by_name = name.lower(), {each.lower(): each for each in known}
    parts = [each for each in by_name if len(asked) >= _LEAST and asked in each]
    parts.sort(key=lambda each: (not each.startswith(asked), len(each)))
    likeness = {each: _likeness(asked, each) for each in by_name}
    alike = [each for each in by_name if likeness[each] >= cutoff]
    alike.sort(key=lambda each: -likeness[each])
    return [by_name[each] for each in dict.fromkeys([*parts, *alike])][:count]


def _likeness(asked: str, name: str) -> float:
    """Return how alike two names are; that of one domain says nothing."""
    user, at, domain = asked.partition("@")
    if at and name.endswith(f"@{domain}"):
        asked, name = user, name.removesuffix(f"@{domain}")
    return difflib.SequenceMatcher(None, name, asked).ratio()


def guess(name: str, known: Iterable[str]) -> str:
    """Return `did you mean …?`, or nothing where no known name is like it."""
    found = near(name, known)
    return f"did you mean `{found[0]}`?" if found else ""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that `what` is not there, what may have been meant, and what there is."""
    names = list(known)
    there = f"there are: {', '.join(names) or 'none'}"
    return f"{what}; {f'{guess(name, names)} {there}'.lstrip()}"
