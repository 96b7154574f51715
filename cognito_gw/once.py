"""A question that several threads have, asked once."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


class Once(Generic[Answer]):
    """Asks when first called; all who call share the answer, or what is raised."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        """Ask nothing yet."""
        self._ask = ask
        self._lock = Lock()
        self._answer: Future[Answer] = Future()

    def __call__(self) -> Answer:
        """Return the answer; who comes second waits for it."""
        with self._lock:
            if not self._answer.done():
                self._put()
        return self._answer.result()

    def _put(self) -> None:
        try:
            self._answer.set_result(self._ask())
        except Exception as error:  # noqa: BLE001 - raised to each who asks
            self._answer.set_exception(error)
