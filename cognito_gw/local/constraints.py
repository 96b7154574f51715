"""The constraints of a service model on each parameter, with AWS's messages.

botocore reads them and checks only a few. AWS checks all of them first.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Shapes to which AWS applies other constraints than the model says.
OVERRIDES: dict[str, dict[str, Any]] = {
    # Spaces within are allowed: see the guide on password policies, and the message
    # quoted in cds-snc/platform-forms-client#5635. The model says [\S]+.
    "PasswordType": {"max": 256, "pattern": r"^[\S]+.*[\S]+$"},
    # Custom domains have dots; prefixes are checked where domains are.
    "DomainType": {"min": 1},
    # The model also covers functions on managed instances: see Lambda quotas.
    "MemorySize": {"min": 128, "max": 10_240},
    "Timeout": {"min": 1, "max": 900},
    # Lambda answers with another code, and accepts ARNs: see its operations.
    "Runtime": {},
}
SCALARS = ("string", "integer", "long", "float", "double", "blob")
_MAJOR = "LMNPSZC"  # Unicode's categories, by their first letter
_CATEGORY = re.compile(r"\\p\{([A-Z])\}")


class Violation(NamedTuple):
    """A value that violates a constraint."""

    at: str
    shown: str  # in quotes, and with a space behind; empty if it is a secret
    constraint: str

    def __str__(self) -> str:
        """Return the message of AWS."""
        return (
            f"Value {self.shown}at '{self.at}' failed to satisfy constraint: "
            f"{self.constraint}"
        )


def refusal(params: Mapping[str, Any], shape: Any, prefix: str = "") -> str | None:
    """Return why AWS refuses the parameters, or None.

    The messages of REST services start with the `prefix`, the input's shape.
    """
    violations = [*_structure(params, shape, prefix)]
    return report(*violations) if violations else None


def report(*violations: Violation) -> str:
    """Return the message of AWS for all violations of a call."""
    errors = "error" if len(violations) == 1 else "errors"
    listed = "; ".join(map(str, violations))
    return f"{len(violations)} validation {errors} detected: {listed}"


def _violations(value: Any, shape: Any, at: str) -> Iterator[Violation]:
    match shape.type_name:
        case "structure":
            yield from _structure(value, shape, f"{at}.")
        case "list":
            yield from _scalar(value, shape, at)
            yield from _list(value, shape.member, at)
        case "map":
            yield from _scalar(value, shape, at)
            yield from _map(value, shape, at)
        case kind if kind in SCALARS:
            yield from _scalar(value, shape, at)


def _structure(
    value: Mapping[str, Any], shape: Any, prefix: str
) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield Violation(
                f"{prefix}{_member(name)}",
                "null ",
                "Member must not be null",
            )
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(value[name], member, f"{prefix}{_member(name)}")


def _scalar(value: Any, shape: Any, at: str) -> Iterator[Violation]:
    """Check a value itself, or the number of items in a list or map."""
    for said in _unmet(value, shape):
        yield Violation(at, _shown(value, shape), said)


def _list(values: list[Any], member: Any, at: str) -> Iterator[Violation]:
    if member.type_name not in SCALARS:
        for index, item in enumerate(values, 1):
            yield from _violations(item, member, f"{at}.{index}.member")
    elif any(_unmet(item, member) for item in values):
        shown = "" if _is_secret(member) else f"'[{', '.join(map(str, values))}]' "
        yield Violation(at, shown, f"Member must satisfy constraint: [{_all(member)}]")


def _map(values: Mapping[str, Any], shape: Any, at: str) -> Iterator[Violation]:
    shown = _shown(values, shape)
    if any(_unmet(key, shape.key) for key in values):
        yield Violation(
            at, shown, f"Map keys must satisfy constraint: [{_all(shape.key)}]"
        )
    if shape.value.type_name not in SCALARS:
        for key, item in values.items():
            yield from _violations(item, shape.value, f"{at}.{key}.member")
    elif any(_unmet(item, shape.value) for item in values.values()):
        yield Violation(
            at, shown, f"Map value must satisfy constraint: [{_all(shape.value)}]"
        )


def _all(shape: Any) -> str:
    return ", ".join(said for said, _ in _constraints(shape))


def _unmet(value: Any, shape: Any) -> list[str]:
    return [said for said, is_met in _constraints(shape) if not is_met(value)]


def _constraints(shape: Any) -> Iterator[tuple[str, Any]]:
    """Yield each constraint of a shape: AWS's message, and a check of a value."""
    traits = OVERRIDES.get(shape.name, shape.metadata)
    is_number = shape.type_name in ("integer", "long", "float", "double")
    size: Any = (lambda value: value) if is_number else len
    noun = "value" if is_number else "length"
    if (most := traits.get("max")) is not None:
        said = f"Member must have {noun} less than or equal to {most}"
        yield said, lambda value: size(value) <= most
    if (least := traits.get("min")) is not None:
        said = f"Member must have {noun} greater than or equal to {least}"
        yield said, lambda value: size(value) >= least
    if pattern := traits.get("pattern"):
        said = f"Member must satisfy regular expression pattern: {pattern}"
        yield said, lambda value: matches(pattern, value)
    if options := traits.get("enum"):
        said = f"Member must satisfy enum value set: [{', '.join(options)}]"
        yield said, lambda value: value in options


def matches(pattern: str, text: str) -> bool:
    """Whether a whole text matches one of AWS's patterns, which are Java's."""
    if "\\p{" in pattern and not text.isascii():
        text = "".join(
            character
            if character.isascii()
            else _STAND_INS[unicodedata.category(character)[0]]
            for character in text
        )
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; a category is its ASCII characters and one stand-in."""
    spelled = _CATEGORY.sub(lambda found: _category(found[1]), pattern)
    return re.compile(spelled, re.ASCII)


def _category(major: str) -> str:
    characters = map(chr, range(128))
    own = [text for text in characters if unicodedata.category(text)[0] == major]
    return re.escape("".join(own)) + _STAND_INS[major]


# By category, the one character that replaces all of its characters beyond ASCII.
_STAND_INS = {major: chr(0xE000 + index) for index, major in enumerate(_MAJOR)}


def _member(name: str) -> str:
    """Return a member's name as AWS writes it in messages."""
    return name[:1].lower() + name[1:]


def _is_secret(shape: Any) -> bool:
    return bool(shape.metadata.get("sensitive"))


def _shown(value: Any, shape: Any) -> str:
    """Return the value as AWS repeats it: nothing if the model marks it as secret."""
    parts = (shape, *(getattr(shape, name, shape) for name in ("key", "value")))
    if shape.type_name == "blob" or any(map(_is_secret, parts)):
        return ""
    if isinstance(value, dict):
        pairs = (f"{key}={item}" for key, item in value.items())
        return f"'{{{', '.join(pairs)}}}' "
    if isinstance(value, list):
        return f"'[{', '.join(map(str, value))}]' "
    return f"'{value}' "
