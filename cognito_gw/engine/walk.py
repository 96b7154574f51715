"""Visits the resources of a graph concurrently, each once those before it are done.

Ctrl-C raises between any two bytecodes of the main thread. If it interrupts the Python
code of `threading` or `concurrent.futures`, a lock there may stay locked, and a worker
that needs the lock waits forever. The thread that walks therefore shares nothing with
the workers except queues and locks written in C; another thread starts the workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.engine.resource import Action, Resource, Step
from cognito_gw.errors import CgwError

Visit = Callable[[Resource], Step]
Graph = dict[Resource, set[Resource]]  # resource: those that come before it

_PAUSE = 0.2  # seconds: the longest that Ctrl-C goes unnoticed


def forward(resources: Iterable[Resource]) -> Graph:
    """Order for creation: a resource comes after its dependencies."""
    chosen = list(resources)
    return {resource: set(resource.needs) & set(chosen) for resource in chosen}


def backward(resources: Iterable[Resource]) -> Graph:
    """Order for deletion: dependents first; the parts of a parent after it."""
    graph: Graph = {resource: set() for resource in resources}
    for resource in graph:
        if resource.parent in graph:
            graph[resource].add(resource.parent)
        for need in set(resource.needs) & graph.keys():
            if resource.parent not in closure([need]):
                graph[need].add(resource)
            # else the need is the parent, or is deleted before it or with it
    return graph


def closure(resources: Iterable[Resource]) -> list[Resource]:
    """Return the resources and all their dependencies, dependencies first."""
    found: dict[Resource, None] = {}

    def visit(resource: Resource) -> None:
        if resource not in found:
            for need in resource.needs:
                visit(need)
            found[resource] = None

    for resource in resources:
        visit(resource)
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
    running: dict[Resource, _Task] = {}
    waiting: SimpleQueue[_Task | None] = SimpleQueue()
    ended: SimpleQueue[_Task] = SimpleQueue()
    steps: list[Step] = []

    def start(resource: Resource) -> None:
        on_start(resource)
        # Known before it begins: an interrupt may come in between.
        running[resource] = _Task(visit, resource, ended)
        waiting.put(running[resource])

    # A daemon: an interrupt during its start does not keep the process from ending.
    starter = Thread(target=_start_workers, args=(waiting, workers), daemon=True)
    starter.start()
    try:
        for step in _in_order(graph, running, start, ended):
            on_step(step)
            steps.append(step)
            del running[step.resource]
    except BaseException as stop:
        begun = [task for task in running.values() if not task.cancel()]
        if isinstance(stop, KeyboardInterrupt):
            on_interrupt([task.resource for task in begun])
            for task in begun:
                task.wait()
                on_step(task.outcome())
        raise
    finally:
        waiting.put(None)
        starter.join()
    for step in _skipped(graph, steps):
        on_step(step)
        steps.append(step)
    return steps


def _in_order(
    graph: Graph,
    running: Mapping[Resource, _Task],
    start: Callable[[Resource], None],
    ended: SimpleQueue[_Task],
) -> Iterator[Step]:
    """Start each resource once all before it succeeded; yield each step at its end."""
    order = TopologicalSorter(graph)
    order.prepare()
    while order.is_active():
        for resource in order.get_ready():
            start(resource)
        if not running:
            return
        step = next_ended(ended).outcome()
        if step.action is not Action.FAIL:
            order.done(step.resource)
        yield step


def next_ended(ended: SimpleQueue[_Task]) -> _Task:
    """Wait for the next task that ends."""
    while True:  # Ctrl-C right before the call of `get` does not interrupt it
        with suppress(Empty):
            return ended.get(timeout=_PAUSE)


def _skipped(graph: Graph, steps: list[Step]) -> Iterator[Step]:
    visited = {step.resource for step in steps}
    for resource in graph:
        if resource not in visited:
            why = CgwError("a dependency failed")
            yield Step(resource, Action.SKIP, error=why, done=True)


def _start_workers(waiting: SimpleQueue[_Task | None], workers: int) -> None:
    """Run the tasks in a pool, until there is a None; wait for those begun."""
    with ThreadPoolExecutor(workers) as pool:
        while task := waiting.get():
            try:
                pool.submit(task.run)
            except Exception as error:  # noqa: BLE001 - the walk raises it
                task.fail(error)


class _Task:
    """One visit, which a worker runs unless it is canceled first."""

    def __init__(
        self, visit: Visit, resource: Resource, ended: SimpleQueue[_Task]
    ) -> None:
        self.resource = resource
        self._visit = visit
        self._ended = ended
        self._claim = Lock()  # locked once it has begun, or is canceled
        self._busy = Lock()  # unlocked once it has ended
        self._busy.acquire()
        self._result: Step | BaseException

    def cancel(self) -> bool:
        """Return whether it had not begun; it never begins then."""
        return self._claim.acquire(blocking=False)

    def run(self) -> None:
        """Visit the resource, and keep the step or the error."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._end(self._visit(self.resource))
        except BaseException as error:  # noqa: BLE001 - `outcome` raises it
            self._end(error)

    def fail(self, error: Exception) -> None:
        """End it with an error, if it has not begun."""
        if self.cancel():
            self._end(error)

    def wait(self) -> None:
        """Wait for the end of the visit; not more than once."""
        self._busy.acquire()

    def outcome(self) -> Step:
        """Return the step of a visit that has ended; one for AWS's refusals, too."""
        if isinstance(self._result, Step):
            return self._result
        known = as_cgw_error(self._result)
        if known is None:
            raise self._result  # a bug in cgw: show it as one
        return Step(self.resource, Action.FAIL, error=known, done=True)

    def _end(self, result: Step | BaseException) -> None:
        self._result = result
        self._busy.release()
        self._ended.put(self)
