"""API Gateway's patch operations, applied to moto's objects."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from cognito_gw.local.apigateway.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


class Words(NamedTuple):
    """How a part of API Gateway refuses a path, and an operation on one."""

    path: str
    operation: str


# Recorded on AWS 2024-04-15 and 2025-07-02, localstack: test_update_method_validation,
# test_update_rest_api_compression; test_update_gateway_response;
# test_update_resource_behaviour.
PLAIN = Words(
    "Invalid patch path {path}",
    "Invalid patch operation specified. Must be one of: [replace]",
)
TERSE = Words(PLAIN.path, PLAIN.path)
LISTING = Words(
    "Invalid patch path  '{path}' specified for op '{op}'. Must be one of: [{paths}]",
    "Invalid patch path  '{path}' specified for op '{op}'. Please choose supported "
    "operations",
)


_OF_MANY = ("add", "remove", "replace")


class Field(Protocol):
    """What a path means: an attribute of moto's object, and how it changes."""

    @property
    def attribute(self) -> str:
        """The attribute's name."""

    def fits(self, key: str) -> bool:
        """Tell whether the path may go on with a key."""

    def takes(self, op: str) -> bool:
        """Tell whether there is such an operation for it."""

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the attribute's new value."""


@dataclass(frozen=True)
class Value:
    """A single value, which can only be replaced."""

    attribute: str
    convert: Callable[[str], Any] = str

    def fits(self, key: str) -> bool:
        """Refuse a key."""
        return not key

    def takes(self, op: str) -> bool:
        """Take no other operation."""
        return op == "replace"

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new value."""
        del old, op, key
        return self.convert(value)


@dataclass(frozen=True)
class Items:
    """A list: one item added or removed, named by value or path, or all replaced."""

    attribute: str
    is_keyed: bool = False  # whether the path must name the item

    def fits(self, key: str) -> bool:
        """Take a key, or a value instead of one."""
        return bool(key) or not self.is_keyed

    def takes(self, op: str) -> bool:
        """Take what changes a list."""
        return op in _OF_MANY

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new list."""
        if op == "replace" and key:
            return [value if item == key else item for item in old or []]
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

    def fits(self, key: str) -> bool:
        """Require a key."""
        return bool(key)

    def takes(self, op: str) -> bool:
        """Take what changes a map."""
        return op in _OF_MANY

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new map."""
        others = {name: kept for name, kept in (old or {}).items() if name != key}
        return others if op == "remove" else others | {key: self.convert(value)}


def boolean(value: str) -> bool:
    """Read a boolean as patch operations spell it."""
    return value.lower() == "true"


def number(low: int, high: int, refusal: str) -> Callable[[str], int | None]:
    """Return what reads a number within bounds; none is none."""

    def read(value: str) -> int | None:
        if not value:
            return None
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise bad_request(refusal)
        return int(value)

    return read


def patched(
    target: T,
    operations: Sequence[Mapping[str, str]],
    fields: Mapping[str, Field],
    words: Words = PLAIN,
) -> T:
    """Return a copy of moto's object with the operations applied."""
    result = copy(target)
    for operation in operations:
        op, path = operation["op"], operation.get("path", "null")
        before, _, rest = path.partition("/")
        name, _, key = rest.partition("/")
        field = fields.get(name)
        said = {
            "op": op,
            "path": path,
            "paths": ", ".join(f"/{each}" for each in fields),
        }
        if before or field is None or "/" in key or not field.fits(key):
            raise bad_request(words.path.format(**said))
        if not field.takes(op):
            raise bad_request(words.operation.format(**said))
        key = key.replace("~1", "/").replace("~0", "~")
        old = getattr(result, field.attribute)
        new = field.apply(old, op, key, operation.get("value", ""))
        setattr(result, field.attribute, new)
    return result
