"""YAML with its line numbers: where each key stands, and what ${VARIABLES} say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from cognito_gw.config.secret import Password
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KeyPath = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_TYPES = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "str")}
_TYPES |= {f"{_TAG}seq", f"{_TAG}map"}
_MISSING = "!missing"
_VARIABLE = re.compile(r"\$\$(?=\{)|\$\{(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True)
class Problem:
    """One complaint about the file, and where."""

    path: KeyPath
    what: str


@dataclass
class Document:
    """A YAML file as data, the line of every key in it, and what is wrong already."""

    file: Path
    data: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    literal_passwords: list[KeyPath] = field(default_factory=list)
    unset: set[KeyPath] = field(default_factory=set)  # for want of a variable

    def where(self, path: KeyPath) -> str:
        """Return the file and the line of a key."""
        return f"{self.file}:{self.line(path)}"

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of the nearest one above it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(file: Path, environment: Mapping[str, str]) -> Document:
    """Read a YAML file and fill in its variables."""
    document = Document(file)
    try:
        loader = _Loader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None:
            document.data = {}
            return document
        _Variables(document, environment).fill(node)
        document.data = loader.construct_document(node)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {file}",
            hint="`cgw init` writes one; `-c FILE` names another",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file} cannot be read: {why}") from None
    except yaml.YAMLError as error:
        raise _bad_yaml(file, error) from None
    except RecursionError:
        what = "it is nested too deep, or an alias stands within itself"
        raise UsageError(f"{file}: {what}") from None
    return document


class _Loader(yaml.SafeLoader):
    """YAML's plain types and no others: dates are text, and there are no sets."""

    yaml_constructors = {  # noqa: RUF012 - as in the class above
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag in _TYPES
    }
    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [each for each in resolvers if each[0] != f"{_TAG}timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value; where that fails, say where it stands."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError):  # such as !!int x
            raise yaml.constructor.ConstructorError(
                None, None, "the value does not fit its type", node.start_mark
            ) from None


def _missing_password(_: _Loader, node: yaml.ScalarNode) -> Password:
    return Password(None, missing=node.value)


_Loader.add_constructor(_MISSING, _missing_password)


def _bad_yaml(file: Path, error: yaml.YAMLError) -> UsageError:
    mark = getattr(error, "problem_mark", None)
    where = f"{file}, line {mark.line + 1}, column {mark.column + 1}" if mark else file
    what = getattr(error, "problem", None) or str(error)
    return UsageError(f"{where}: this is not YAML: {what}")


class _Variables:
    """Walks the nodes once: notes lines and double keys, replaces ${VARIABLES}."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.document = document
        self.environment = environment
        self.raw: dict[yaml.Node, str] = {}  # an alias is met again after its change

    def fill(self, root: yaml.Node) -> None:
        """Replace variables, and mark the passwords that lack theirs."""
        for path, node in _scalars(root, (), self.document):
            raw = self.raw.setdefault(node, node.value)
            if _is_password(path) and not _VARIABLE.search(raw):
                self.document.literal_passwords.append(path)
            node.value = _VARIABLE.sub(partial(self._value, path), raw)
            if _is_password(path) and (missing := self._missing(raw)):
                node.tag, node.value = _MISSING, missing

    def _value(self, path: KeyPath, found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if name is None:  # $${ stands for a literal ${
            return "$"
        if name in self.environment:
            return self.environment[name]
        if default is None and not _is_password(path):
            what = f"the environment variable {name} is not set"
            self.document.problems.append(Problem(path, what))
            self.document.unset.add(path)
        return default or ""

    def _missing(self, raw: str) -> str | None:
        return next(
            (
                found[1]
                for found in _VARIABLE.finditer(raw)
                if found[1] and found[2] is None and found[1] not in self.environment
            ),
            None,
        )


def _is_password(path: KeyPath) -> bool:
    return path[:1] == ("users",) and path[-1:] == ("password",)


def _scalars(
    node: yaml.Node, path: KeyPath, document: Document
) -> Iterator[tuple[KeyPath, yaml.ScalarNode]]:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*path, index), document)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*path, str(key.value))
            if below in document.lines:
                first = document.lines[below]
                what = f"the key stands twice; it is first at line {first}"
                document.problems.append(Problem(below, what))
            document.lines[below] = key.start_mark.line + 1
            yield from _scalars(value, below, document)
