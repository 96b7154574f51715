"""YAML with its line numbers: where each key stands, and what ${VARIABLES} say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from cognito_gw.config.bad_yaml import bad_yaml
from cognito_gw.config.loader import DEEPEST, PLAIN, TEXT, Excessive, Loader, too_deep
from cognito_gw.config.secret import Password
from cognito_gw.config.text import read_text
from cognito_gw.config.variables import is_password, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KeyPath = tuple[str | int, ...]
MOST_VALUES = 50_000  # with those that aliases repeat
_VARIABLE = re.compile(r"\$\$(?=\{)|\$\{(\w+)(?::-([^}]*))?\}")


def brief(text: str, most: int) -> str:
    """Return a text that is not too long, or how it begins."""
    return text if len(text) <= most else f"{text[:most]}…"


@dataclass(frozen=True)
class Problem:
    """One complaint about the file, and where."""

    path: KeyPath
    what: str
    step: str | None = None  # the only one that needs what is wrong; None: all


@dataclass
class Document:
    """A YAML file as data, the line of every key in it, and what is wrong already."""

    file: Path
    data: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    literal_passwords: list[KeyPath] = field(default_factory=list)
    unset: set[KeyPath] = field(default_factory=set)  # their variable is not filled in
    values: int = 0  # how many there are

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
    return document_of(read_text(file), file, environment)


def document_of(text: str, file: Path, environment: Mapping[str, str]) -> Document:
    """Return the document of a text that stands in the file, or is to stand there."""
    document = Document(file)
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            document.data = {}
            return document
        loader.instead.update(_Variables(document, environment).fill(node))
        document.data = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise bad_yaml(text, file, error) from None
    return document


class _Variables:
    """Walks the nodes once: notes lines and double keys, replaces ${VARIABLES}."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.document = document
        self.environment = environment
        self.raw: dict[yaml.Node, str] = {}  # an alias is met again after its change

    def fill(self, root: yaml.Node) -> dict[yaml.Node, Password]:
        """Replace variables; return the passwords that lack theirs."""
        lacking: dict[yaml.Node, Password] = {}
        for path, node in _scalars(root, (), self.document):
            raw = self.raw.setdefault(node, node.value)
            end = raw.rfind("}") + 1  # past it no variable ends: do not look for one
            text, rest = raw[:end], raw[end:]
            if is_password(path) and not _VARIABLE.search(text):
                self.document.literal_passwords.append(path)
            filled = _VARIABLE.sub(partial(self._value, path), text)
            node.value = filled + rest.replace("$${", "${")
            if is_password(path) and (missing := self._missing(text)):
                lacking[node] = Password(None, missing=missing)
        return lacking

    def _value(self, path: KeyPath, found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if name is None:  # $${ stands for a literal ${
            return "$"
        value = self.environment.get(name)
        if what := refusal(path, name, value or ""):
            return self._refused(path, what)
        if value is not None:
            return value
        if default is None and not is_password(path):
            self._refused(path, f"the environment variable {name} is not set")
        return default or ""

    def _refused(self, path: KeyPath, what: str) -> str:
        step = "lambda" if _is_of_lambda(path) else None
        self.document.problems.append(Problem(path, what, step))
        self.document.unset.add(path)
        return ""

    def _missing(self, text: str) -> str | None:
        return next(
            (
                found[1]
                for found in _VARIABLE.finditer(text)
                if found[1] and found[2] is None and found[1] not in self.environment
            ),
            None,
        )


def _is_of_lambda(path: KeyPath) -> bool:
    """Whether only the step that deploys a function needs the value."""
    return path[:1] == ("functions",) and path[2:3] not in ((), ("name",))


def _scalars(
    node: yaml.Node, path: KeyPath, document: Document
) -> Iterator[tuple[KeyPath, yaml.ScalarNode]]:
    document.lines.setdefault(path, node.start_mark.line + 1)
    _bound(node, path, document)
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*path, index), document)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, _below(path, key, document), document)


def _below(path: KeyPath, key: yaml.Node, document: Document) -> KeyPath:
    """Note where a key stands, and whether it is there already."""
    if not isinstance(key, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(
            None, None, "a key must be text", key.start_mark
        )
    if key.tag in PLAIN:
        key.tag = TEXT  # a key is text without quotes, too: 2024, on, null
    below = (*path, str(key.value))
    if below in document.lines:
        first = document.lines[below]
        what = f"the key stands twice; it is first at line {first}"
        document.problems.append(Problem(below, what))
    document.lines[below] = key.start_mark.line + 1
    return below


def _bound(node: yaml.Node, path: KeyPath, document: Document) -> None:
    """Refuse what a few aliases blow up beyond all bounds."""
    document.values += 1
    if len(path) > DEEPEST:
        raise too_deep(node.start_mark)
    if document.values > MOST_VALUES:
        what = f"with what aliases repeat, these are over {MOST_VALUES:,} values"
        raise Excessive(problem=what, problem_mark=node.start_mark)
