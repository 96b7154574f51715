"""A resource on AWS, the verbs that the engine calls on it, and its steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from cognito_gw.errors import CannotChange, NotOurs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.errors import CgwError


KNOWN_AFTER_APPLY = "(known after apply)"  # a planned value, as `desired` spells it


class Exactly(dict[str, Any]):
    """A mapping that AWS must have exactly so, without further keys."""


class NotReady(Exception):
    """Raised when a value is needed of a resource that does not exist yet."""


class Action(StrEnum):
    """What the engine does with a resource."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    DELETE = "delete"
    FAIL = "fail"
    SKIP = "skip"


_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.KEEP: "unchanged",
    Action.DELETE: "deleted",
    Action.FAIL: "failed",
    Action.SKIP: "skipped",
}


@dataclass(frozen=True)
class Change:
    """A field's value on AWS, and its value according to the file."""

    before: Any
    after: Any


@dataclass(frozen=True)
class Step:
    """One planned change of a resource, or the result of it (`done`)."""

    resource: Resource
    action: Action
    changes: Mapping[str, Change] = field(default_factory=dict)
    error: CgwError | None = None
    done: bool = False

    @property
    def word(self) -> str:
        """The action as JSON spells it: `create`, or `created` when done."""
        return _DONE[self.action] if self.done else self.action.value

    @property
    def is_change(self) -> bool:
        """Whether the step writes to AWS."""
        return self.action in (Action.CREATE, Action.UPDATE, Action.DELETE)

    @property
    def loss(self) -> str | None:
        """What an update that replaces the resource loses; None for another step."""
        if self.action is not Action.UPDATE:
            return None
        losses = self.resource.replaced
        return next((losses[field] for field in losses if field in self.changes), None)

    @property
    def is_loss(self) -> bool:
        """Whether the step deletes or replaces something."""
        return self.action is Action.DELETE or self.loss is not None

    @property
    def spoken(self) -> str:
        """The action as text output shows it: like `word`, and `replace`."""
        return (
            self.word if self.loss is None else "replaced" if self.done else "replace"
        )


@dataclass(eq=False)
class Resource(ABC):
    """One AWS object. It depends on the resources among its fields.

    The fields of a subclass hold the file's settings. `live` is what AWS returned, in
    AWS's own spelling, or None while the object is not known to exist.
    """

    kind: ClassVar[str]
    command: ClassVar[str]  # the `cgw` step that creates it
    id_field: ClassVar[str] = ""  # the field of `live` with its AWS ID
    hidden: ClassVar[frozenset[str]] = frozenset()  # fields whose values may be secret
    optional: ClassVar[bool] = False  # its dependents can be created without it
    # Fields that list what an update deletes, with its kind; and fields of which a
    # change replaces the resource, with what is lost.
    removes: ClassVar[Mapping[str, str]] = {}
    replaced: ClassVar[Mapping[str, str]] = {}

    live: dict[str, Any] | None = field(default=None, init=False, repr=False)
    step: Step | None = field(default=None, init=False, repr=False)

    @property
    @abstractmethod
    def label(self) -> str:
        """The name that users know it by."""

    @abstractmethod
    def desired(self) -> dict[str, Any]:
        """Return the part of `live` that the file sets; never a secret.

        A value of a dependency that does not exist yet is `KNOWN_AFTER_APPLY`.
        """

    @abstractmethod
    def observe(self, aws: Aws) -> dict[str, Any] | None:
        """Read it from AWS; return None when it is absent. Must not write."""

    def refresh_source(self, aws: Aws) -> None:  # noqa: B027 - most have no source
        """Refresh the resource whose response `observe` takes this one from."""

    @abstractmethod
    def create(self, aws: Aws) -> dict[str, Any]:
        """Create it, tagged in the same call; return what `observe` would."""

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        """Change it to match `desired`; return what `observe` would."""
        raise NotImplementedError(f"{self}: cannot change {', '.join(changes)}")

    @abstractmethod
    def delete(self, aws: Aws) -> None:
        """Remove it."""

    @property
    def enabled(self) -> bool:
        """Whether it should exist; if not, the stack's own is deleted."""
        return True

    @property
    def managed(self) -> bool:
        """Whether cgw may change it: false if the file names it by `id`."""
        return True

    @property
    def parent(self) -> Resource | None:
        """The resource that contains it: AWS deletes both together."""
        return None

    @property
    def is_known_absent(self) -> bool:
        """Whether it cannot exist yet, because this run has created its parent."""
        return self.parent is not None and self.parent.is_new

    @property
    def frozen(self) -> Mapping[str, tuple[str | int, ...]]:
        """The fields that AWS fixes at creation, each with its key in the file."""
        return {}

    @property
    def replacing(self) -> str:
        """How the user can replace it, and what that loses."""
        return "`cgw down` and `cgw up` replace it"

    @property
    def id(self) -> str | None:
        """Its ID on AWS, once it exists."""
        return self.live.get(self.id_field, self.label) if self.live else None

    @property
    def needs(self) -> list[Resource]:
        """The resources among its fields, which must exist before it."""
        return list(_resources_in(vars(self).values()))

    @property
    def pending(self) -> bool:
        """Whether a change of it is planned and not made yet."""
        return self.step is not None and self.step.is_change and not self.step.done

    @property
    def changed(self) -> bool:
        """Whether this run has changed it."""
        return self.step is not None and self.step.is_change and self.step.done

    @property
    def is_new(self) -> bool:
        """Whether this run has created it."""
        return self.changed and self.step is not None and self.step.action == "create"

    def __getitem__(self, key: str) -> Any:
        """Return a field of `live`; raise NotReady while it does not exist."""
        if self.live is None:
            raise NotReady(f"{self} does not exist yet, so its {key} is not known")
        if key not in self.live:
            from cognito_gw.aws.errors import lacking  # botocore: slow to import

            raise lacking(f"{self}: the description by AWS", key)
        return self.live[key]

    def get(self, key: str, default: Any) -> Any:
        """Return a field of `live`, or the default while it does not exist."""
        return default if self.live is None else self[key]

    def __str__(self) -> str:
        """Return its name for messages."""
        return f"{self.kind} `{self.label}`"


def _resources_in(values: Iterable[Any]) -> Iterator[Resource]:
    for value in values:
        if isinstance(value, Resource):
            yield value
        elif isinstance(value, list | tuple):
            yield from _resources_in(value)


_STATES = {
    Action.CREATE: "missing",
    Action.UPDATE: "drifted",
    Action.DELETE: "drifted",
    Action.SKIP: "missing",
}


def state_of(step: Step) -> str | None:
    """Return ok, drifted, missing or unmanaged; None when AWS refused the read."""
    if step.action is Action.FAIL:
        if isinstance(step.error, NotOurs):
            return "unmanaged"
        return "drifted" if isinstance(step.error, CannotChange) else None
    if step.action is Action.KEEP:
        return "ok" if step.resource.managed else "unmanaged"
    return _STATES[step.action]


def told(steps: Iterable[Step]) -> list[Step]:
    """Return the steps, each update followed by a step per deletion in it."""
    return [part for step in steps for part in _parts(step)]


def _parts(step: Step) -> list[Step]:
    fields = [field for field in step.resource.removes if field in step.changes]
    if step.action is not Action.UPDATE or not fields:
        return [step]
    rest = {key: value for key, value in step.changes.items() if key not in fields}
    own = replace(step, changes=rest, action=Action.UPDATE if rest else Action.KEEP)
    removed = (
        Removed(step.resource.removes[field], name)
        for field in fields
        for name in step.changes[field].before or ()
    )
    return [own, *(Step(part, Action.DELETE, done=step.done) for part in removed)]


@dataclass(eq=False)
class Removed(Resource):
    """A part of a resource that is not in the file, for the report of its deletion."""

    kind: str  # type: ignore[misc] # differs by instance
    name: str

    @property
    def label(self) -> str:
        return self.name

    def desired(self) -> dict[str, Any]:
        raise NotImplementedError  # the update of its resource deletes it

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        raise NotImplementedError

    def create(self, aws: Aws) -> dict[str, Any]:
        raise NotImplementedError

    def delete(self, aws: Aws) -> None:
        raise NotImplementedError
