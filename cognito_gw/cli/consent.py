"""What `up` and the steps ask before they delete or replace, or change another's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cognito_gw.cli.answers import is_terminal
from cognito_gw.cli.shown import with_options
from cognito_gw.report.say import confirm, say, styled

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.cli.applied import Applied
    from cognito_gw.cli.session import Session
    from cognito_gw.engine.resource import Step


def agree(applied: Applied, planned: Callable[[], list[Step]] | None) -> None:
    """Say what is worth a thought, and ask about it; then remember who applies this.

    `planned` returns the steps to ask about; without it nothing is asked. Without a
    terminal, what was said is all.
    """
    notices = applied.notices()
    show_notices(applied.session, notices)
    if planned and is_terminal() and sys.stderr.isatty():
        changes = [each for each in planned() if each.is_change]
        # Of a stack that others applied, everything that changes is worth a look.
        asked = changes if notices else [each for each in changes if each.is_loss]
        if asked:
            _ask(asked)
    applied.note()


def show_notices(session: Session, notices: list[str]) -> None:
    """Print them, each on its line."""
    for each in [] if session.settings.quiet else notices:
        say(styled("warning:", fg="yellow"), f" {with_options(each)}", err=True)


def _ask(steps: list[Step]) -> None:
    from cognito_gw.report.lines import step_lines

    for step in steps:
        for each in step_lines(step):
            say(each, err=True)
    confirm("Go on?", abort=True)
