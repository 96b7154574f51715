"""Rows on a terminal: all if they fit, otherwise current steps and a count."""

from __future__ import annotations

import io

import pytest
from fakes import FakeResource
from rich.console import Console

from cognito_gw.cli.rows import Rows
from cognito_gw.engine.resource import Action, Step


class Screen:
    """A terminal with a number of rows, and a manual clock."""

    def __init__(self, count, height=12):
        self.now = 100.0
        self.resources = [FakeResource(f"r{number}") for number in range(count)]
        self.console = Console(
            file=io.StringIO(), width=60, height=height, force_terminal=True
        )
        self.rows = Rows(self.resources, self.console, lambda: self.now)

    def done(self, *numbers):
        """Complete some of the resources."""
        for number in numbers:
            resource = self.resources[number]
            self.rows.finished(Step(resource, Action.CREATE, done=True))

    def shown(self):
        """Return the lines on the screen."""
        with self.console.capture() as drawn:
            self.console.print(self.rows._table())  # noqa: SLF001 - what Live draws
        return [line.strip() for line in drawn.get().splitlines()]


@pytest.fixture
def screen():
    """A screen that is far too small."""
    return Screen(count=100)


def test_what_fits_is_shown_whole():
    """One row each from the start, and no count."""
    small = Screen(count=5)
    assert len(small.shown()) == 5


def test_what_does_not_fit_is_counted(screen):
    """Current steps are visible although they are far down, and all are counted."""
    screen.done(0, 1)
    screen.rows.started(screen.resources[90])
    lines = screen.shown()
    assert len(lines) <= screen.console.height
    assert any("r90" in line for line in lines)
    assert "2 of 100 done" in lines[-1]


def test_the_rest_is_estimated_by_what_is_done(screen):
    """A quarter done in ten seconds leaves thirty."""
    screen.done(*range(25))
    screen.now += 10
    assert "25 of 100 done, about 30 s left" in screen.shown()[-1]


def test_at_last_every_row_is_there(screen):
    """Including those that did not fit."""
    screen.done(*range(100))
    with screen.console.capture() as drawn, screen.rows:
        pass
    assert sum("created" in line for line in drawn.get().splitlines()) >= 100
