"""Saves what moto and the deployments hold, soon after each change and at the end."""

from __future__ import annotations

import asyncio
import copyreg
import io
import logging
import pickle
import sys
from collections import defaultdict
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from functools import partial
from threading import Condition
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

from moto.backends import get_backend
from moto.core.base_backend import BaseBackend

from cognito_gw.local.logs import deliver_everywhere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web
    from filelock import FileLock

    from cognito_gw.local.apigateway.context import Snapshots
    from cognito_gw.local.events import Activity
    from cognito_gw.local.logs import LogQueue
    from cognito_gw.local.moto_store import MotoThread
    from cognito_gw.local.state_file import Saved

# A command makes many changes in a row. One save is enough for them.
PAUSE_SECONDS = 0.2
CHANGES = ("change", "mail")  # kinds of events; logs are saved with them

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Autosave:
    """Saves the state of moto and the deployments in a file."""

    saved: Saved
    port: int
    snapshots: Snapshots
    activity: Activity
    log_queue: LogQueue
    moto: MotoThread

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """Restore the state, save it while the application runs, and when it ends."""
        lock = await self.moto.run(self._restore)
        keeping = asyncio.create_task(self._keep())
        yield
        self.activity.close()
        await keeping
        await self._save()
        lock.release()

    def _restore(self) -> FileLock:
        lock, state = self.saved.claim(), self.saved.read()
        try:
            if state is not None:
                load(state, self.snapshots)
        except Exception as error:
            raise self.saved.unusable(str(error)) from error
        return lock

    def _state(self) -> bytes:
        deliver_everywhere(self.log_queue)
        return dump(self.snapshots)

    async def _keep(self) -> None:
        """Save after each change, until the activity is closed."""
        done = self.activity.last_id
        async with aclosing(self.activity.follow()) as events:
            async for event in events:
                if event.kind in CHANGES and event.id > done:
                    await asyncio.sleep(PAUSE_SECONDS)
                    done = self.activity.last_id
                    await self._save()

    async def _save(self) -> None:
        """Save. If that fails, the last saved state stays."""
        try:
            state = await self.moto.run(self._state)
            await asyncio.to_thread(self.saved.write, state, self.port)
        except OSError as error:  # the disk is full
            log.warning("the state cannot be saved: %s", error.strerror)
        except Exception:
            log.exception("the state cannot be saved")


# Those of the stack, and those that functions use. Keys of KMS are not saved.
SERVICES = ("apigateway", "cognito-idp", "iam", "lambda", "logs")
OF_FUNCTIONS = ("dynamodb", "events", "s3", "secretsmanager", "sns", "sqs", "ssm")
# What the file may contain besides the classes of moto and ours. A pattern is pickled
# as a call of its compiler in `re`.
PLAIN = {
    *(f"builtins.{name}" for name in ("bytearray", "dict", "frozenset", "list", "set")),
    *(f"collections.{name}" for name in ("OrderedDict", "defaultdict")),
    *(f"datetime.{name}" for name in ("date", "datetime", "timedelta", "timezone")),
    *(f"dateutil.tz.tz.{name}" for name in ("tzlocal", "tzutc")),
    "re._compile",
    "requests.structures.CaseInsensitiveDict",
    "threading.Condition",
    "weakref.WeakValueDictionary",
}
OURS = (
    *("moto.apigateway.", "moto.awslambda.", "moto.cognitoidp.", "moto.iam."),
    *("moto.logs.", "moto.utilities."),
    *(f"moto.{name}." for name in OF_FUNCTIONS),
    *("cognito_gw.local.apigateway.", "cognito_gw.local.cognito."),
)
# Modules whose classes are written in C: nothing can change them.
_FIXED = ("builtins", "collections", "datetime")

# Service, account and region: they identify a backend.
Place = tuple[str, str, str]


def dump(snapshots: Snapshots) -> bytes:
    """Return the state of moto for the services we use, and of the deployments."""
    places = {
        (service, account, region): backend
        for service in (*SERVICES, *filter(_is_used, OF_FUNCTIONS))
        for account, region, backend in get_backend(service).iter_backends()
    }
    content = {place: vars(backend) for place, backend in places.items()}
    written = io.BytesIO()
    _Pickler(written, places).dump((content, vars(snapshots)))
    return written.getvalue()


def _is_used(service: str) -> bool:
    """Whether moto has loaded a service; to load it for nothing takes long."""
    return f"moto.{service}.models" in sys.modules


def load(state: bytes, snapshots: Snapshots) -> None:
    """Restore what `dump` returned. Raises PickleError for anything else."""
    content, frozen = _Unpickler(io.BytesIO(state)).load()
    for place, attributes in content.items():
        fresh = vars(_backend(place))
        for name, value in attributes.items():
            if isinstance(value, defaultdict) and name in fresh:  # it may be nested
                value.default_factory = fresh[name].default_factory
        fresh.update(attributes)
    vars(snapshots).update(frozen)


def _backend(place: Place) -> Any:
    service, account, region = place
    return get_backend(service)[account][region]


class _Pickler(pickle.Pickler):
    """Refers to backends by place, and writes what pickle cannot."""

    def __init__(self, file: io.BytesIO, places: dict[Place, BaseBackend]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._places = {id(backend): place for place, backend in places.items()}

    def persistent_id(self, obj: Any) -> Any:
        """Return the place of a backend."""
        return self._places[id(obj)] if isinstance(obj, BaseBackend) else None

    def reducer_override(self, obj: Any) -> Any:
        """Write weak and nameless objects; refuse what `load` would refuse."""
        match obj:
            case Enum():  # some versions of Python would write `getattr`
                return type(obj), (obj.value,)
            case defaultdict() if type(obj) is not defaultdict:  # moto's parameters
                state = vars(obj), {"default_factory": obj.default_factory}
                new = copyreg.__newobj__, (type(obj),)  # type: ignore[attr-defined]
                return *new, state, None, iter(obj.items())
            case Condition():
                return Condition, ()
            case WeakValueDictionary():
                return WeakValueDictionary, (dict(obj),)
            case defaultdict(default_factory=FunctionType() as make):
                return defaultdict, (type(make()),), None, None, iter(obj.items())
            case type() | FunctionType() | BuiltinFunctionType():
                _require_data(obj, obj.__module__, obj.__qualname__)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Creates data only, and refuses a file that names anything else."""

    def persistent_load(self, name: Any) -> Any:
        """Return the backend at a place."""
        if name[0] not in (*SERVICES, *OF_FUNCTIONS):
            raise pickle.PickleError(f"{name[0]} is not a service whose state is saved")
        return _backend(name)

    def find_class(self, module: str, name: str) -> Any:
        """Return a factory for a class of moto's or ours, or for plain data.

        It is never the class itself, which a file could change for the whole process.
        """
        if not module.startswith(OURS) and f"{module}.{name}" not in PLAIN:
            raise _no_data(module, name)  # without importing its module
        found = super().find_class(module, name)
        _require_data(found, module, name)
        if module in _FIXED and found is not defaultdict:
            return found
        make = found
        if found is defaultdict:
            make = _defaultdict
        elif module.startswith(OURS) and not issubclass(found, Enum):
            make = partial(found.__new__, found)  # like pickle, without __init__
        members = {"__new__": lambda _, *given: make(*given), "stands_for": found}
        return _StandIn(name, (), members)


class _StandIn(type):
    """A class in place of another: creates its instances, and accepts no state."""

    stands_for: Any

    def __setstate__(cls, state: Any) -> NoReturn:
        """Refuse the opcode BUILD on a class."""
        raise pickle.PickleError(f"{cls.__name__} is a class, and may not be changed")


def _defaultdict(make: Any = None, *content: Any) -> defaultdict[Any, Any]:
    """Return a defaultdict whose factory is the class itself again."""
    return defaultdict(
        make.stands_for if isinstance(make, _StandIn) else make, *content
    )


def _require_data(found: Any, module: str, name: str) -> None:
    # A module also contains what it imports.
    is_own_class = isinstance(found, type) and found.__module__ == module
    # Instances of these are not data but classes or backends.
    is_machinery = is_own_class and issubclass(found, type | BaseBackend)
    is_ours = module.startswith(OURS) and is_own_class and not is_machinery
    if not is_ours and f"{module}.{name}" not in PLAIN:
        raise _no_data(module, name)


def _no_data(module: str, name: str) -> pickle.PickleError:
    return pickle.PickleError(f"{module}.{name} is not data")
