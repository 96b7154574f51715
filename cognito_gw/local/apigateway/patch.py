"""API Gateway's patch operations, applied to moto's objects."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from cognito_gw.local.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


class Messages(NamedTuple):
    """Error messages for an invalid path, and for an invalid operation on one."""

    path: str
    operation: str


# Recorded on AWS 2024-04-15 and 2025-07-02, localstack: test_update_method_validation,
# test_update_rest_api_compression; test_update_gateway_response;
# test_update_resource_behaviour.
PLAIN = Messages(
    "Invalid patch path {path}",
    "Invalid patch operation specified. Must be one of: [replace]",
)
TERSE = Messages(PLAIN.path, PLAIN.path)
LISTING = Messages(
    "Invalid patch path  '{path}' specified for op '{op}'. Must be one of: [{paths}]",
    "Invalid patch path  '{path}' specified for op '{op}'. Please choose supported "
    "operations",
)


_REPLACE, _CHANGES = ("replace",), ("add", "remove", "replace")


@dataclass(frozen=True)
class Field:
    """A path that holds a single value: an attribute of moto's object."""

    attribute: str
    convert: Callable[[str], Any] = str
    operations: ClassVar[tuple[str, ...]] = _REPLACE

    def fits(self, key: str) -> bool:
        """Whether the path may continue with this key ("" if it does not)."""
        return not key

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the attribute's new value."""
        del old, op, key
        return self.convert(value)


@dataclass(frozen=True)
class Items(Field):
    """A list: one item added or removed, named by value or path, or all replaced."""

    needs_key: bool = False  # whether the path must name the item
    operations = _CHANGES

    def fits(self, key: str) -> bool:
        """Accept a key; without one, the value names the item."""
        return bool(key) or not self.needs_key

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
class Entries(Field):
    """A map: the path names one entry, set or removed."""

    operations = _CHANGES

    def fits(self, key: str) -> bool:
        """Require a key."""
        return bool(key)

    def apply(self, old: Any, op: str, key: str, value: str) -> Any:
        """Return the new map."""
        others = {name: kept for name, kept in (old or {}).items() if name != key}
        return others if op == "remove" else others | {key: self.convert(value)}


def boolean(value: str) -> bool:
    """Parse a boolean in a patch operation."""
    return value.lower() == "true"


def number(low: int, high: int, message: str) -> Callable[[str], int | None]:
    """Return a parser of numbers from `low` to `high`; "" is None."""

    def read(value: str) -> int | None:
        if not value:
            return None
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise bad_request(message)
        return int(value)

    return read


def patched(
    target: T,
    operations: Sequence[Mapping[str, str]],
    fields: Mapping[str, Field],
    messages: Messages = PLAIN,
) -> T:
    """Return a copy of moto's object with the operations applied."""
    result = copy(target)
    for operation in operations:
        op, path = operation["op"], operation.get("path", "null")
        before, _, rest = path.partition("/")
        name, _, key = rest.partition("/")
        field = fields.get(name)
        paths = ", ".join(f"/{known}" for known in fields)
        values = {"op": op, "path": path, "paths": paths}
        if before or field is None or "/" in key or not field.fits(key):
            raise bad_request(messages.path.format(**values))
        if op not in field.operations:
            raise bad_request(messages.operation.format(**values))
        key = key.replace("~1", "/").replace("~0", "~")
        old = getattr(result, field.attribute)
        new = field.apply(old, op, key, operation.get("value", ""))
        setattr(result, field.attribute, new)
    return result
