"""Ctrl-C ends a command in order."""

from __future__ import annotations

from concurrent.futures import wait

import pytest


@pytest.fixture
def interrupted(environment):
    """Return what presses Ctrl-C after so many calls have ended."""

    def press(after):
        left = [after]

        def waited(running, **how):
            if how and not left[0]:
                raise KeyboardInterrupt
            left[0] -= bool(how)
            return wait(running, **how)

        environment.setattr("cognito_gw.engine.walk.wait", waited)

    yield press
    environment.setattr("cognito_gw.engine.walk.wait", wait)


def test_an_up_says_how_far_it_has_come_and_the_next_goes_on(
    cgw, interrupted, environment
):
    """What was under way has ended; what was not begun is named. Exit 130."""
    interrupted(after=4)
    stopped = cgw("up", code=130)
    assert stopped.out == ""
    assert "rerun the command to continue" in stopped.err
    assert stopped.err.endswith("interrupted\n")
    environment.setattr("cognito_gw.engine.walk.wait", wait)
    steps = cgw("up", "-o", "json").document["steps"]
    made_before = {f"{each['kind']}" for each in steps if each["action"] == "unchanged"}
    assert "user pool" in made_before
    assert "Create" not in " ".join(cgw("up", "-v").calls)
    cgw("down", "--yes")
