"""Walks the resources of a stack, and reports the steps to the user."""

from __future__ import annotations

import errno
import hashlib
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from cognito_gw.engine.resource import told as parts
from cognito_gw.errors import CannotChange, CgwError
from cognito_gw.state import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cognito_gw.app.context import Context
    from cognito_gw.engine.resource import Resource, Step
    from cognito_gw.engine.walk import Graph, Visit

    # Which steps of a walk are reported.
    Report = Literal["all", "changes", "none"]


def walk(
    context: Context,
    visit: Visit,
    graph: Graph,
    shown: list[Resource],
    *,
    report: Report = "all",
) -> list[Step]:
    """Visit the resources of a graph, and report the steps of those `shown`.

    Returns the steps, first those of `shown` in their order, without resources that
    are absent and not needed.
    """
    from cognito_gw.engine.walk import walk as walk_graph

    steps: dict[Resource, Step] = {}
    reported = [] if report == "none" else shown
    with (
        _reporting_interrupt(context, steps, reported),
        context.ui.walking(reported, only_changes=report == "changes"),
    ):

        def note(step: Step) -> None:
            step = _located(context, step)
            steps[step.resource] = step
            for part in parts([step]) if step.resource in reported else []:
                if is_news(part, report):
                    context.ui.finished(part)

        def finishing(running: list[Resource]) -> None:
            context.ui.tell(f"stopping: waiting for {', '.join(map(str, running))}")

        walk_graph(
            visit,
            graph,
            on_start=context.ui.started,
            on_step=note,
            on_interrupt=finishing,
        )
    order = [*shown, *(resource for resource in graph if resource not in shown)]
    found = [steps[resource] for resource in order if resource in steps]
    return [step for step in found if is_news(step)]


def is_news(step: Step, report: Report = "all") -> bool:
    """Whether a step is worth a line; one that is absent and not needed is not."""
    is_change = step.is_change or step.action == "fail"
    if report == "changes":
        return is_change or step.action == "skip"
    return step.resource.enabled or is_change


def _located(context: Context, step: Step) -> Step:
    """Return the step; an error about a key starts with the nearest line."""
    if not isinstance(step.error, CannotChange):
        return step
    key = step.error.key
    above = (key[:size] for size in range(len(key), 0, -1))
    place = next(filter(None, map(context.loaded.where, above)), None)
    return replace(step, error=step.error.at(place)) if place else step


@contextmanager
def _reporting_interrupt(
    context: Context, steps: Mapping[Resource, Step], shown: list[Resource]
) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if shown:
            done = [step for step in steps.values() if is_news(step)]
            left = sum(resource not in steps and resource.enabled for resource in shown)
            context.ui.interrupted(done, left)
        raise


def planned(context: Context, resources: list[Resource]) -> list[Step]:
    """Return what `apply` would do with resources."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward

    visit = partial(reconcile.plan, aws=context.aws)
    return walk(context, visit, forward(resources), resources, report="none")


def look(context: Context, resources: list[Resource]) -> None:
    """Read resources and what they need; raise the first failure."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import closure, forward

    graph = forward(closure(resources))
    visit = partial(reconcile.refresh, aws=context.aws)
    for step in walk(context, visit, graph, resources, report="none"):
        if step.error:
            raise step.error


def prepare(context: Context, also: Callable[[], object] = bool) -> None:
    """Make the clients that a whole stack needs while AWS returns the account.

    It calls `also` at the same time.
    """
    from concurrent.futures import ThreadPoolExecutor

    aws = context.aws
    _ = aws.sts  # first: the others are made during its call
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(call) for call in (lambda: aws.account, also)]
        aws.make_ready()
    for call in calls:
        call.result()


@contextmanager
def locked(context: Context) -> Iterator[None]:
    """Keep this user's other cgw processes from changing the stack meanwhile."""
    _ = context.aws  # first: a local AWS that is to be started has no name yet
    name = context.config.name
    key = hashlib.sha256(f"{context.target_name} {name}".encode()).hexdigest()

    def tell() -> None:
        words = f"another cgw process is changing the stack {name}; waiting"
        context.ui.tell(words)

    with alone(context.state / "stack-locks" / key[:32], tell):
        yield


def failure_code(steps: list[Step]) -> int:
    """Return the exit code for the failed steps: their own if it is one, else 1."""
    codes = {
        step.error.exit_code for step in steps if step.word == "failed" and step.error
    }
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def known_error(error: Exception) -> CgwError | None:
    """Return an error as one that the user can act on; None for a bug of ours.

    Those are the errors of AWS, and of files that cannot be read or written.
    """
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            file = error.filename or "the output"
            hint = "free some disk space, then run the same command again"
            return CgwError(f"{file} cannot be written: {error.strerror}", hint=hint)
        if error.filename is not None:
            return CgwError(f"{error.filename}: {error.strerror}")
    from cognito_gw.aws.errors import as_cgw_error

    return as_cgw_error(error)
