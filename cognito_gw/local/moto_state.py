"""What moto holds, as bytes and back: pickled, but only what is known to be data."""

from __future__ import annotations

import io
import pickle
from collections import defaultdict
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from moto.backends import get_backend
from moto.core.base_backend import BaseBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.local.snapshot import Snapshots

SERVICES = ("apigateway", "cognito-idp", "iam", "lambda", "logs")
# What may stand in the file besides the classes of moto and ours. A pattern is pickled
# as a call of re's own compiler.
PLAIN = {
    *(f"builtins.{name}" for name in ("bytearray", "dict", "frozenset", "list", "set")),
    *(f"collections.{name}" for name in ("OrderedDict", "defaultdict")),
    *(f"datetime.{name}" for name in ("date", "datetime", "timedelta", "timezone")),
    *(f"dateutil.tz.tz.{name}" for name in ("tzlocal", "tzutc")),
    "re._compile",
    "weakref.WeakValueDictionary",
}
OURS = ("moto.", "cognito_gw.local.")

# Service, account and region, by which a backend is found again.
Place = tuple[str, str, str]


def dump(snapshots: Snapshots) -> bytes:
    """Return all that moto holds for the services we use, and the frozen APIs."""
    places = dict(_backends())
    content = {place: vars(backend) for place, backend in places.items()}
    written = io.BytesIO()
    _Pickler(written, places).dump((content, vars(snapshots)))
    return written.getvalue()


def load(state: bytes, snapshots: Snapshots) -> None:
    """Put back what `dump` returned; raise for anything else."""
    content, frozen = _Unpickler(io.BytesIO(state)).load()
    for place, attributes in content.items():
        vars(_backend(place)).update(attributes)
    vars(snapshots).update(frozen)


def _backends() -> Iterator[tuple[Place, BaseBackend]]:
    for service in SERVICES:
        for account, region, backend in get_backend(service).iter_backends():
            yield (service, account, region), backend


def _backend(place: Place) -> Any:
    service, account, region = place
    return get_backend(service)[account][region]


class _Pickler(pickle.Pickler):
    """Names what moto makes by itself, and spells what pickle cannot."""

    def __init__(self, file: io.BytesIO, places: dict[Place, BaseBackend]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._places = {id(backend): place for place, backend in places.items()}

    def persistent_id(self, each: Any) -> Any:
        """Name a backend by its place."""
        return self._places[id(each)] if isinstance(each, BaseBackend) else None

    def reducer_override(self, each: Any) -> Any:
        """Spell what is weak or has no name; refuse what would not be read again."""
        match each:
            case Enum():  # some Pythons would name `getattr`
                return type(each), (each.value,)
            case WeakValueDictionary():
                return WeakValueDictionary, (dict(each),)
            case defaultdict(default_factory=FunctionType() as make):
                return defaultdict, (type(make()),), None, None, iter(each.items())
            case type() | FunctionType() | BuiltinFunctionType():
                _require_data(each, each.__module__, each.__qualname__)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Makes nothing but data: a file that names other things is refused."""

    def persistent_load(self, name: Any) -> Any:
        """Return the backend at a place."""
        return _backend(name)

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of moto's or ours, or what is plain data."""
        if not module.startswith(OURS) and not _is_plain(module, name):
            raise _no_data(module, name)  # and its module is not even imported
        found = super().find_class(module, name)
        _require_data(found, module, name)
        return found


def _is_plain(module: str, name: str) -> bool:
    return f"{module}.{name}" in PLAIN


def _require_data(found: Any, module: str, name: str) -> None:
    # A module also holds what it imports; that is not its own.
    is_own_class = isinstance(found, type) and found.__module__ == module
    is_ours = module.startswith(OURS) and is_own_class
    if not is_ours and not _is_plain(module, name):
        raise _no_data(module, name)


def _no_data(module: str, name: str) -> pickle.PickleError:
    return pickle.PickleError(f"{module}.{name} is no data")
