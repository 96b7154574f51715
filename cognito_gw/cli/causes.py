"""A diagnosis as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.report.say import block, say, styled

if TYPE_CHECKING:
    from cognito_gw.diagnosis.diagnose import Diagnosis
    from cognito_gw.diagnosis.rule import Cause

_WIDTH = 27


def show_causes(causes: list[Cause], *, err: bool = False) -> None:
    """Print each cause with its evidence, one value under the other, and its fix."""
    for cause in causes:
        code = styled(cause.code, fg="red", bold=True)
        say("  ", code, f": {cause.summary}", err=err)
        for name, value in cause.evidence.items():
            shown = block("none" if value is None else str(value), " " * 6)
            say(f"    {name:<{_WIDTH}} ", shown, err=err)
        say(f"    fix: {cause.fix}", err=err)


def show_rest(diagnosis: Diagnosis, *, in_full: bool) -> None:
    """Print what could not be told, and, with no cause, what was ruled out."""
    if in_full:
        reasons = [each["why"] for each in diagnosis.ruled_out]
        for why in dict.fromkeys(reasons):
            say(styled(f"    {why}", dim=True))
    for each in diagnosis.unknown:
        say(f"  not known: {each['what']}: {each['why']}")
        if each["codes"]:
            say(f"    so it may also be: {', '.join(each['codes'])}")
