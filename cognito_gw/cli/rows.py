"""Steps on a terminal: one fixed row per resource, updated in place."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cognito_gw.cli.output import line
from cognito_gw.cli.results import COLORS, change_lines
from cognito_gw.engine.resource import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from cognito_gw.engine.resource import Resource, Step

_ENOUGH = 20  # finished steps before an estimate is shown


class Rows:
    """Shows every resource on stderr, in the tutorial's order.

    If they do not fit on the screen: those in progress, the latest results, and how
    many remain.
    """

    def __init__(
        self,
        resources: list[Resource],
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Lay out a row for each of the resources."""
        self.console = console or Console(stderr=True)
        self.resources = resources
        self.clock = clock
        self.began = clock()
        self.running: set[Resource] = set()
        self.steps: dict[Resource, Step] = {}  # the latest comes last
        self.spinner = Spinner("dots", style="cyan")
        self.lock = threading.Lock()
        self.live = Live(
            console=self.console,
            get_renderable=self._table,
            refresh_per_second=12,
            vertical_overflow="crop",
            transient=True,
        )

    def __enter__(self) -> Self:
        """Start drawing."""
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Print the final rows, including those that did not fit."""
        self.live.stop()
        self.console.print(self._table(is_final=True))

    def started(self, resource: Resource) -> None:
        """Show the resource as in progress."""
        with self.lock:
            self.running.add(resource)

    def finished(self, step: Step) -> None:
        """Show the result of the resource."""
        with self.lock:
            if step.resource not in self.resources:  # a part that an update deleted
                self.resources = [*self.resources, step.resource]
            self.steps[step.resource] = step
            self.running.discard(step.resource)

    def tell(self, text: str) -> None:
        """Print a note above the rows."""
        self.console.print(_text(f"  {text}", "dim"))

    def announce(self, text: str) -> None:
        """Print a note above the rows."""
        self.console.print(_text(text))

    def _table(self, *, is_final: bool = False) -> Table:
        table = Table.grid(padding=(0, 2))
        with self.lock:
            shown = self.resources if is_final else self._fitting()
            for resource in shown:
                self._add_row(table, resource, is_final=is_final)
            if len(shown) < len(self.resources):
                table.add_row("", "", _text(self._progress(), "bold"))
        return table

    def _fitting(self) -> list[Resource]:
        room = self.console.height - 2
        if len(self.resources) <= room:
            return self.resources
        latest = [resource for resource in self.steps if resource not in self.running]
        kept = [*self.running, *reversed(latest)][:room]
        return [resource for resource in self.resources if resource in kept]

    def _progress(self) -> str:
        """Return the count, and the remaining time at the average speed so far."""
        done, count = len(self.steps), len(self.resources)
        words = f"{done} of {count} done"
        if done < _ENOUGH:
            return words
        left = (self.clock() - self.began) / done * (count - done)
        return f"{words}, about {left:.0f} s left"

    def _add_row(self, table: Table, resource: Resource, *, is_final: bool) -> None:
        step = self.steps.get(resource)
        if step is None:
            if is_final or not resource.enabled:
                return
            state = self.spinner if resource in self.running else _text("·", "dim")
            table.add_row(state, _text(resource.kind), _text(resource.label))
            return
        if not (resource.enabled or step.is_change):
            return
        style = COLORS.get(step.action, "dim")
        table.add_row(
            _text(step.spoken, style), _text(resource.kind), _text(resource.label)
        )
        for text, look in _details(step):
            table.add_row("", "", _text(text, look))


def _details(step: Step) -> Iterator[tuple[object, str]]:
    """Yield the details of a step, each with its style."""
    if step.action is Action.UPDATE:
        for change in change_lines(step.changes):
            yield change.strip(), "dim"
    if step.loss:
        yield f"lost: {step.loss}", "dim"
    if step.error:
        yield step.error, "red"
        if step.error.hint:
            yield f"hint: {step.error.hint}", ""


def _text(text: object, style: str = "") -> Text:
    """Return one line of safe text that rich does not read as markup."""
    return Text(line(text), style=style)
