"""Ctrl-C ends a command cleanly."""

from __future__ import annotations

import pytest

from cognito_gw.engine import walk

NEXT = walk.next_ended


@pytest.fixture
def interrupted(environment):
    """Return a function that presses Ctrl-C after a number of calls."""

    def press(after):
        left = [after]

        def next_task(ended):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return NEXT(ended)

        environment.setattr(walk, "next_ended", next_task)

    yield press
    environment.setattr(walk, "next_ended", NEXT)


def test_an_interrupted_up_reports_progress_and_the_next_continues(
    cgw, interrupted, environment
):
    """Running steps finish; steps not started are named. Exit 130."""
    interrupted(after=4)
    stopped = cgw("up", code=130)
    assert stopped.out == ""
    assert "rerun the command to continue" in stopped.err
    assert stopped.err.endswith("interrupted\n")
    environment.setattr(walk, "next_ended", NEXT)
    steps = cgw("up", "-o", "json").document["steps"]
    made_before = {f"{step['kind']}" for step in steps if step["action"] == "unchanged"}
    assert "user pool" in made_before
    assert "Create" not in " ".join(cgw("up", "-v").calls)
    cgw("down", "--yes")
