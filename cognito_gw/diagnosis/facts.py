"""Facts that are read once, when a rule first asks for them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cognito_gw.aws.faults import as_cgw_error
from cognito_gw.diagnosis.rule import NotInQuestion, Unread
from cognito_gw.once import Once

if TYPE_CHECKING:
    from collections.abc import Callable

Holder = TypeVar("Holder", bound="Facts")
Value = TypeVar("Value")


class Facts:
    """What is known of one case."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lock = Lock()
        self._read: dict[str, Once[Any]] = {}

    def share(self, other: Facts, *names: str) -> None:
        """Take what another has read."""
        known = {name: other._read[name] for name in names if name in other._read}
        self._read |= known

    def once(self, name: str, read: Callable[[], Value]) -> Value:
        """Return what `read` gives, or gave whoever asked before."""
        with self._lock:
            reading: Once[Value] = self._read.setdefault(name, Once(read))
        return reading()


class fact(Generic[Holder, Value]):  # noqa: N801 - used as a decorator
    """A property of `Facts`, read once; a failure of AWS raises `Unread`."""

    def __init__(self, read: Callable[[Holder], Value]) -> None:
        """Read it by this method, whose docstring names it."""
        self._method = read
        self.__doc__ = read.__doc__

    def __get__(self, holder: Holder, owner: type[Holder] | None = None) -> Value:
        """Return it; raise `Unread` where it cannot be had."""
        return holder.once(self._method.__name__, lambda: self._told(holder))

    def _told(self, holder: Holder) -> Value:
        try:
            return self._method(holder)
        except (Unread, NotInQuestion):
            raise
        except Exception as error:
            known = as_cgw_error(error)
            if known is None:
                raise
            what = (self.__doc__ or "").rstrip(".")
            raise Unread(what[:1].lower() + what[1:], known.what) from None
