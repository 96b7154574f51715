"""A resource that AWS keeps, the verbs the engine calls on it, and its steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from cognito_gw.aws.errors import lacking
from cognito_gw.errors import CannotChange, NotOurs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.errors import CgwError


KNOWN_AFTER_APPLY = "(known after apply)"
_previewing: ContextVar[bool] = ContextVar("previewing", default=False)


class NotReady(Exception):
    """Raised when a resource is asked for what only its existence can tell."""


class Action(StrEnum):
    """What is to be done with a resource."""

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
    """One field's value on AWS and the value that the file wants."""

    before: Any
    after: Any


@dataclass(frozen=True)
class Step:
    """What is to be done with one resource, or (`done`) what was."""

    resource: Resource
    action: Action
    changes: Mapping[str, Change] = field(default_factory=dict)
    error: CgwError | None = None
    done: bool = False

    @property
    def word(self) -> str:
        """The action as reports spell it: `create`, and `created` when done."""
        return _DONE[self.action] if self.done else self.action.value

    @property
    def is_change(self) -> bool:
        """Whether the step writes to AWS."""
        return self.action in (Action.CREATE, Action.UPDATE, Action.DELETE)

    @property
    def loss(self) -> str | None:
        """What is lost, where the update is a replacement."""
        if self.action is not Action.UPDATE:
            return None
        losses = self.resource.replaced
        return next((losses[each] for each in losses if each in self.changes), None)

    @property
    def is_loss(self) -> bool:
        """Whether it deletes or replaces something."""
        return self.action is Action.DELETE or self.loss is not None

    @property
    def spoken(self) -> str:
        """The action as people are told of it: a replacement is named as such."""
        return (
            self.word if self.loss is None else "replaced" if self.done else "replace"
        )

    def carried_out(self) -> Step:
        """Return the same step, done."""
        return replace(self, done=True)


@dataclass(eq=False)
class Resource(ABC):
    """One AWS object. It depends on the resources that it was built with.

    A subclass's fields say what the file wants; `live` is what AWS answered, in
    AWS's own spelling, or None while it is not known to exist.
    """

    kind: ClassVar[str]
    command: ClassVar[str]  # the `cgw` step that makes it
    id_field: ClassVar[str] = ""  # the field of `live` that names it to AWS
    hidden: ClassVar[frozenset[str]] = frozenset()  # fields whose values may be secret
    optional: ClassVar[bool] = False  # others can be made while it is absent
    # Fields that list what an update deletes: the kind of it. And fields that make an
    # update a replacement: what is lost.
    removes: ClassVar[Mapping[str, str]] = {}
    replaced: ClassVar[Mapping[str, str]] = {}

    live: dict[str, Any] | None = field(default=None, init=False, repr=False)
    step: Step | None = field(default=None, init=False, repr=False)

    @property
    @abstractmethod
    def label(self) -> str:
        """The name by which the user knows it."""

    @abstractmethod
    def desired(self) -> dict[str, Any]:
        """What the file wants, as the part of `live` it speaks of. Never a secret."""

    @abstractmethod
    def observe(self, aws: Aws) -> dict[str, Any] | None:
        """Read it from AWS; None when it is absent. Must not write."""

    def refresh(self, aws: Aws) -> None:  # noqa: B027 - most take nothing from others
        """Read anew what `observe` takes from other resources."""

    @abstractmethod
    def create(self, aws: Aws) -> dict[str, Any]:
        """Make it, tagged as ours in the same call, and answer as `observe` would."""

    @abstractmethod
    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        """Bring it to what is desired, and answer as `observe` would."""

    @abstractmethod
    def delete(self, aws: Aws) -> None:
        """Remove it."""

    @property
    def wanted(self) -> bool:
        """Whether the file wants it to exist; what is ours and unwanted is removed."""
        return True

    @property
    def managed(self) -> bool:
        """Whether cgw may change it: false for what the file names by `id`."""
        return True

    @property
    def inside(self) -> Resource | None:
        """The resource whose deletion takes this one along, as AWS does it."""
        return None

    @property
    def follows(self) -> Resource | None:
        """The resource before whose creation it cannot have been there."""
        return self.inside

    @property
    def frozen(self) -> Mapping[str, tuple[str, ...]]:
        """The fields that AWS fixes at creation, and the key of the file for each."""
        return {}

    @property
    def replacing(self) -> str:
        """How to have another one in its place, and what is lost."""
        return "`cgw down` and `cgw up` replace it"

    @property
    def obstacle(self) -> CgwError | None:
        """What stands in the way of creating or changing it, if anything."""
        return None

    @property
    def protected(self) -> CgwError | None:
        """Why it must not be deleted, if so."""
        return None

    @property
    def id(self) -> str | None:
        """The name by which AWS knows it, once it exists."""
        return self.live.get(self.id_field, self.label) if self.live else None

    @property
    def needs(self) -> list[Resource]:
        """The resources among its fields: those that must exist before it."""
        return list(_resources_in(vars(self).values()))

    @property
    def pending(self) -> bool:
        """Whether a change of it is planned and not carried out yet."""
        return self.step is not None and self.step.is_change and not self.step.done

    @property
    def changed(self) -> bool:
        """Whether this run has changed it."""
        return self.step is not None and self.step.is_change and self.step.done

    @property
    def is_new(self) -> bool:
        """Whether this run has made it."""
        return self.changed and self.step is not None and self.step.action == "create"

    def __getitem__(self, key: str) -> Any:
        """Return what AWS says of it, once it exists."""
        if self.live is None:
            if _previewing.get():
                return KNOWN_AFTER_APPLY
            raise NotReady(f"{self} does not exist yet, so its {key} is not known")
        if key not in self.live:
            raise lacking(f"{self}: what AWS tells of it", key)
        return self.live[key]

    def __str__(self) -> str:
        """Name it as error messages do."""
        return f"{self.kind} `{self.label}`"


@contextmanager
def previewing() -> Iterator[None]:
    """Let `desired()` name what does not exist yet, for a plan to be read by people."""
    token = _previewing.set(True)
    try:
        yield
    finally:
        _previewing.reset(token)


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
    """Return ok, drifted, missing or unmanaged; None when AWS did not let us see."""
    if step.action is Action.FAIL:
        if isinstance(step.error, NotOurs):
            return "unmanaged"
        return "drifted" if isinstance(step.error, CannotChange) else None
    if step.action is Action.KEEP:
        return "ok" if step.resource.managed else "unmanaged"
    return _STATES[step.action]


def told(steps: Iterable[Step]) -> list[Step]:
    """Return the steps, each deletion that is part of an update after its step."""
    return [part for step in steps for part in _parts(step)]


def _parts(step: Step) -> list[Step]:
    fields = [each for each in step.resource.removes if each in step.changes]
    if step.action is not Action.UPDATE or not fields:
        return [step]
    rest = {key: each for key, each in step.changes.items() if key not in fields}
    own = replace(step, changes=rest, action=Action.UPDATE if rest else Action.KEEP)
    return [
        own,
        *(
            Step(
                Removed(step.resource.removes[each], name),
                Action.DELETE,
                done=step.done,
            )
            for each in fields
            for name in step.changes[each].before or ()
        ),
    ]


@dataclass(eq=False)
class Removed(Resource):
    """Something that the file does not name, in what the file does."""

    kind: str  # type: ignore[misc] # each has another
    name: str

    @property
    def label(self) -> str:
        return self.name

    @property
    def wanted(self) -> bool:
        return False

    def desired(self) -> dict[str, Any]:
        raise NotImplementedError  # what it is in sees to it

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        raise NotImplementedError

    def create(self, aws: Aws) -> dict[str, Any]:
        raise NotImplementedError

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        raise NotImplementedError

    def delete(self, aws: Aws) -> None:
        raise NotImplementedError
