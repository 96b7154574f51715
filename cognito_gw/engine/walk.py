"""Visits the resources of a graph concurrently, each once those before it are done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
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
        if each.inside in graph:
            graph[each].add(each.inside)
        for need in set(each.needs) & graph.keys():
            if each.inside not in closure([need]):
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


def walk(
    visit: Visit,
    graph: Graph,
    *,
    started: Callable[[Resource], None] = lambda _: None,
    interrupted: Callable[[list[Resource]], None] = lambda _: None,
    workers: int = 16,
) -> Generator[Step, None, None]:
    """Yield each visit's step as it ends; a failure stops only its dependents.

    Interrupted, it begins nothing more, tells whom it waits for, and waits for the
    calls that are under way, so that nothing is made on AWS without our knowing. Who
    is interrupted between two steps throws it in here.
    """
    order = TopologicalSorter(graph)
    order.prepare()
    running: dict[Future[Step], Resource] = {}
    waiting = set(graph)
    with ThreadPoolExecutor(workers) as pool, _cancelling(pool):
        try:
            while order.is_active():
                for resource in order.get_ready():
                    waiting.discard(resource)
                    started(resource)
                    # Known before it begins: an interrupt may come in between.
                    future: Future[Step] = Future()
                    running[future] = resource
                    pool.submit(_make, future, visit, resource)
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    resource = running[future]
                    step = _outcome(future, resource)
                    if step.action is not Action.FAIL:
                        order.done(resource)
                    del running[future]  # right before it is told
                    yield step
        except KeyboardInterrupt:
            begun = {each: of for each, of in running.items() if not each.cancel()}
            pool.shutdown(wait=False, cancel_futures=True)
            interrupted(list(begun.values()))
            wait(begun)
            yield from (_outcome(*each) for each in begun.items())
            raise
    yield from _skipped(waiting, graph)


@contextmanager
def _cancelling(pool: ThreadPoolExecutor) -> Iterator[None]:
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _make(future: Future[Step], visit: Visit, resource: Resource) -> None:
    """Visit a resource, unless that was called off, and keep what came of it."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(visit(resource))
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        future.set_exception(error)


def _outcome(future: Future[Step], resource: Resource) -> Step:
    error = future.exception()
    if error is None:
        return future.result()
    known = as_cgw_error(error)
    if known is None:
        raise error  # a bug of ours: to be seen, not to be reported as AWS's
    return Step(resource, Action.FAIL, error=known, done=True)


def _skipped(waiting: set[Resource], graph: Graph) -> Iterator[Step]:
    for resource in graph:
        if resource in waiting:
            why = CgwError("something that it needs failed")
            yield Step(resource, Action.SKIP, error=why, done=True)
