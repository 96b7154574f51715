"""API Gateway's patch operations, applied to moto's objects."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


class Field(Protocol):
    """What a path means: an attribute of moto's object, and how it changes."""

    @property
    def attribute(self) -> str:
        """The attribute's name."""

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the attribute's new value."""


@dataclass(frozen=True)
class Value:
    """A single value: replaced, or removed."""

    attribute: str
    convert: Callable[[str], Any] = str

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new value."""
        del old, key
        return None if op == "remove" else self.convert(value)


@dataclass(frozen=True)
class Items:
    """A list: one item added or removed, named by value or path, or all replaced."""

    attribute: str

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new list."""
        if op == "replace":
            return value.split(",")
        item = key or value
        others = [other for other in old or [] if other != item]
        return [*others, item] if op == "add" else others


@dataclass(frozen=True)
class Entries:
    """A map: the path names one entry, set or removed."""

    attribute: str
    convert: Callable[[str], Any] = str

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new map."""
        others = {name: kept for name, kept in (old or {}).items() if name != key}
        return others if op == "remove" else others | {key: self.convert(value)}


def boolean(value: str) -> bool:
    """Read a boolean as patch operations spell it."""
    return value.lower() == "true"


def patched(
    target: T,
    operations: Sequence[Mapping[str, str]],
    fields: Mapping[str, Field],
) -> T:
    """Return a copy of moto's object with the operations applied."""
    result = copy(target)
    for operation in operations:
        op, path = operation["op"], operation["path"]
        name, _, key = path.removeprefix("/").partition("/")
        if name not in fields:
            raise AwsFault(
                "BadRequestException",
                f"Invalid patch path  '{path}' specified for op '{op}'. "
                f"Must be one of: [{', '.join(f'/{field}' for field in fields)}]",
            )
        field = fields[name]
        key = key.replace("~1", "/").replace("~0", "~")
        old = getattr(result, field.attribute)
        new = field.apply(old, op, key, operation.get("value", ""))
        setattr(result, field.attribute, new)
    return result
