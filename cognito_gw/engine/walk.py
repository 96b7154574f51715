"""Visits the resources of a graph concurrently, each once those before it are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.engine.resource import Action, Resource, Step
from cognito_gw.errors import CgwError

Visit = Callable[[Resource], Step]
Graph = dict[Resource, set[Resource]]  # resource: those that come before it


def forward(resources: Iterable[Resource]) -> Graph:
    """Order for making: what a resource needs comes before it."""
    chosen = list(resources)
    return {each: set(each.needs) & set(chosen) for each in chosen}


def backward(resources: Iterable[Resource]) -> Graph:
    """Order for removing: dependents first; what goes with its container, after it."""
    graph: Graph = {each: set() for each in resources}
    for each in graph:
        if each.parent in graph:
            graph[each].add(each.parent)
        for need in set(each.needs) & graph.keys():
            if each.parent not in closure([need]):
                graph[need].add(each)
            # else the need is the container, or goes before it or with it
    return graph


def closure(resources: Iterable[Resource]) -> list[Resource]:
    """Return the resources and all that they need, needs first."""
    found: dict[Resource, None] = {}

    def visit(resource: Resource) -> None:
        if resource not in found:
            for need in resource.needs:
                visit(need)
            found[resource] = None

    for each in resources:
        visit(each)
    return list(found)


def walk(  # noqa: PLR0913 - three of them only watch
    visit: Visit,
    graph: Graph,
    *,
    on_start: Callable[[Resource], None] = lambda _: None,
    on_step: Callable[[Step], None] = lambda _: None,
    on_interrupt: Callable[[list[Resource]], None] = lambda _: None,
    workers: int = 16,
) -> list[Step]:
    """Visit every resource; return the steps in the order in which they ended.

    A failure stops only its dependents, which are skipped. On Ctrl-C, `walk` starts
    nothing more, calls `on_interrupt` with what is still running, waits for it and
    passes its steps to `on_step`, so that AWS creates nothing without our knowing.
    The step that Ctrl-C interrupts in `on_step` is passed a second time.
    """
    running: dict[Resource, Future[Step]] = {}
    steps: list[Step] = []
    with ThreadPoolExecutor(workers) as pool:

        def start(resource: Resource) -> None:
            on_start(resource)
            # Known before it begins: an interrupt may come in between.
            running[resource] = Future()
            pool.submit(_run, running[resource], visit, resource)

        try:
            for step in _in_order(graph, running, start):
                on_step(step)
                steps.append(step)
                del running[step.resource]
        except BaseException as stop:
            begun = [each for each, future in running.items() if not future.cancel()]
            if isinstance(stop, KeyboardInterrupt):
                on_interrupt(begun)
                for resource in begun:
                    on_step(_outcome(resource, running[resource]))
            raise
    for step in _skipped(graph, steps):
        on_step(step)
        steps.append(step)
    return steps


def _in_order(
    graph: Graph,
    running: dict[Resource, Future[Step]],
    start: Callable[[Resource], None],
) -> Iterator[Step]:
    """Start each resource once all before it succeeded; yield each step at its end."""
    order = TopologicalSorter(graph)
    order.prepare()
    while order.is_active():
        for resource in order.get_ready():
            start(resource)
        if not running:
            return
        wait(running.values(), return_when=FIRST_COMPLETED)
        for resource in [each for each, future in running.items() if future.done()]:
            step = _outcome(resource, running[resource])
            if step.action is not Action.FAIL:
                order.done(resource)
            yield step


def _skipped(graph: Graph, steps: list[Step]) -> Iterator[Step]:
    visited = {step.resource for step in steps}
    for resource in graph:
        if resource not in visited:
            why = CgwError("a dependency failed")
            yield Step(resource, Action.SKIP, error=why, done=True)


def _run(future: Future[Step], visit: Visit, resource: Resource) -> None:
    """Visit a resource, unless its future is canceled, and keep the outcome."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(visit(resource))
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        future.set_exception(error)


def _outcome(resource: Resource, future: Future[Step]) -> Step:
    """Wait for a visit's step; one for AWS's refusals, too."""
    error = future.exception()
    if error is None:
        return future.result()
    known = as_cgw_error(error)
    if known is None:
        raise error  # a bug of ours: to be seen, not to be reported as AWS's
    return Step(resource, Action.FAIL, error=known, done=True)
