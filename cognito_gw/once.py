"""A value that several threads share, computed once."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


class Once(Generic[Answer]):
    """Computes on the first call; all callers share the result or the exception."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        """Store the function; do not call it yet."""
        self._ask = ask
        self._lock = Lock()
        self._answer: Future[Answer] = Future()

    def __call__(self) -> Answer:
        """Return the result; concurrent callers wait for it."""
        with self._lock:
            if not self._answer.done():
                self._put()
        return self._answer.result()

    def _put(self) -> None:
        try:
            self._answer.set_result(self._ask())
        except Exception as error:  # noqa: BLE001 - raised to every caller
            self._answer.set_exception(error)
