"""YAML with line numbers: where each key is, and what ${VARIABLES} resolve to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from cognito_gw.config import environments
from cognito_gw.config.variables import KeyPath, Password, is_password, refusal
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


_TAG = "tag:yaml.org,2002:"
TEXT = f"{_TAG}str"
PLAIN = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float")}
_TYPES = PLAIN | {TEXT, f"{_TAG}seq", f"{_TAG}map"}


class Loader(yaml.SafeLoader):
    """Loads plain types only: dates are text, and sets are errors."""

    yaml_constructors = {  # noqa: RUF012 - as in the class above
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag in _TYPES
    }
    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [resolver for resolver in resolvers if resolver[0] != f"{_TAG}timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        """Load a text."""
        super().__init__(text)
        self.instead: dict[yaml.Node, Any] = {}  # values that YAML cannot express

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value; raise an error with its line if that fails."""
        if node in self.instead:
            return self.instead[node]
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError):  # such as !!int x
            raise yaml.constructor.ConstructorError(
                None, None, "the value does not fit its type", node.start_mark
            ) from None


LIMIT = 1 << 20  # bytes; thousands of routes and users stay below it


def read_text(file: Path) -> str:
    """Read a UTF-8 file, or a pipe."""
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            # A device may have no end.
            content = opened.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise UsageError(
                f"{file} is larger than {LIMIT >> 20} MiB",
                hint="is it the file that you meant? some KiB describe a whole stack",
            )
        return content.decode("utf-8")
    except FileNotFoundError:
        beside = other_suffix(file)
        raise UsageError(
            f"there is no file {file}" + (f", but {beside}" if beside else ""),
            hint=f"rename it to {file}, or name it: `-c {beside}`"
            if beside
            else "`cgw init` writes one; `-c FILE` names another",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file} cannot be read: {why}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without a writer as an empty file, instead of waiting for one."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)
    return handle


def other_suffix(file: Path) -> Path | None:
    """Return the file with the other suffix of YAML, if it exists."""
    suffix = {".yaml": ".yml", ".yml": ".yaml"}.get(file.suffix)
    other = file.with_suffix(suffix) if suffix else file
    return other if other != file and other.exists() else None


_LONGEST = 100  # characters of a line that are shown
# Sections whose values may be secret, and names of such values.
_SECRET = re.compile(
    r"^users|environment|passw|secret|token|key|://[^/]*:[^/]*@", re.IGNORECASE
)
_WORDS = {  # of the parser: patterns, and what they mean
    r"character '\\t'": "a tab: indent with spaces",
    r"character '[@`%]'": "a value that begins with this character needs quotes",
    r"mapping values are not allowed": "a colon and a space within a value: put the "
    "value in quotes; or check the indentation",
    r"but found '<block mapping start>'|expected <block end>": "the indentation does "
    "not fit the lines above",
    r"could not find expected ':'": "a key without a colon, or an indentation that "
    "does not fit the lines above",
    r"expected ',' or '[]}]'": "a bracket or brace is not closed, or a comma is "
    "missing; a value with braces needs quotes",
    r"unexpected end of stream|found '<stream end>'": "a bracket, brace or quotation "
    "mark is not closed",
    r"undefined alias|expected alphabetic or numeric": "a value that begins with * or "
    "& needs quotes",
    r"unhashable|expected the node content": "a value that begins with a brace or "
    "bracket needs quotes",
}


def bad_yaml(text: str, file: Path, error: yaml.YAMLError) -> UsageError:
    """Return the error with its place, its meaning, and the line."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}, line {mark.line + 1}, column {mark.column + 1}" if mark else file
    what = getattr(error, "problem", None) or str(error)
    meant = next((words for raw, words in _WORDS.items() if re.search(raw, what)), what)
    shown = _line(text, mark.line) if mark else ""
    return UsageError(f"{where}: this is not YAML: {meant}{shown}")


def _line(text: str, number: int) -> str:
    """Return the line to show; nothing of a section that may contain a secret."""
    lines = text.splitlines()[: number + 1]
    if len(lines) <= number:
        return ""
    tops = [at for at, line in enumerate(lines) if line[:1].strip(" -\t")]
    section = "\n".join(lines[tops[-1] if tops else 0 :])
    line = lines[number].replace("\t", "⇥").strip()[:_LONGEST]
    return f"\n  {line}" if line and not _SECRET.search(section) else ""


_MOST_VALUES = 50_000  # with those that aliases repeat
_VARIABLE = re.compile(r"\$\$(?=\{)|\$\{(\w+)(?::-([^}]*))?\}")


def brief(text: str, most: int) -> str:
    """Return the text, cut after `most` characters."""
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
    env: str | None = None  # the environment that is merged in

    def where(self, path: KeyPath) -> str:
        """Return the file and the line of a key."""
        return f"{self.file}:{self.line(path)}"

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of the nearest one above it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(
    file: Path, environment: Mapping[str, str], env: str | None = None
) -> Document:
    """Read a YAML file, merge in the environment `env`, and fill in its variables."""
    return document_of(read_text(file), file, environment, env)


def document_of(
    text: str, file: Path, environment: Mapping[str, str], env: str | None = None
) -> Document:
    """Return the document of the text of a file."""
    document = Document(file, env=env)
    try:
        _load(Loader(text), document, environment)
    except yaml.YAMLError as error:
        raise bad_yaml(text, file, error) from None
    except RecursionError:
        what = "it is nested too deep, or an alias contains itself"
        raise UsageError(f"{file}: {what}") from None
    return document


def _load(loader: Loader, document: Document, environment: Mapping[str, str]) -> None:
    """Load the data; of environments that are not merged in, only their keys."""
    root = loader.get_single_node() or _nothing()
    scalars = [*_scalars(root, (), document)]
    others = environments.section(root)
    if others or document.env is not None:
        root = environments.chosen(root, document.env, document.file)
        at = (environments.KEY,)
        lines = document.lines
        document.lines = {path: lines[path] for path in lines if path[:1] == at}
        scalars = [*_scalars(root, (), document)]
    lacking = _Variables(document, environment).fill(scalars)
    loader.instead.update(lacking)
    document.data = loader.construct_document(root)
    if others:
        document.data[environments.KEY] = _shape(loader, others, _KEYS_OF_EACH)


def _nothing() -> yaml.Node:
    """Return an empty mapping at the start of a file."""
    start = yaml.Mark("", 0, 0, 0, None, 0)
    return yaml.MappingNode(f"{_TAG}map", [], start, start)


_KEYS_OF_EACH = 2  # levels: the names of the environments, and their keys


def _shape(loader: Loader, node: yaml.Node, depth: int) -> Any:
    """Return the keys of mappings down to a depth; other values as they are."""
    if not depth:
        return None
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node, deep=True)
    return {
        key: _shape(loader, value, depth - 1)
        for key, (_, value) in environments.pairs(node).items()
    }


class _Variables:
    """Replaces ${VARIABLES} in all nodes."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.document = document
        self.environment = environment
        self.raw: dict[yaml.Node, str] = {}  # before replacement: aliases repeat nodes

    def fill(
        self, scalars: list[tuple[KeyPath, yaml.ScalarNode]]
    ) -> dict[yaml.Node, Password]:
        """Replace variables; return the passwords whose variable is not set."""
        lacking: dict[yaml.Node, Password] = {}
        for path, node in scalars:
            raw = self.raw.setdefault(node, node.value)
            node.value = _VARIABLE.sub(partial(self._value, path), raw)
            if is_password(path):
                used = [found.groups() for found in _VARIABLE.finditer(raw)]
                if not used:
                    self.document.literal_passwords.append(path)
                for name, default in used:
                    if name and default is None and name not in self.environment:
                        lacking.setdefault(node, Password(None, missing=name))
        return lacking

    def _value(self, path: KeyPath, found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if name is None:  # $${ is a literal ${
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


def _is_of_lambda(path: KeyPath) -> bool:
    """Whether only the step that deploys a function needs the value."""
    return path[:1] == ("functions",) and path[2:3] not in ((), ("name",))


def _scalars(
    node: yaml.Node, path: KeyPath, document: Document
) -> Iterator[tuple[KeyPath, yaml.ScalarNode]]:
    document.lines.setdefault(path, node.start_mark.line + 1)
    document.values += 1
    if document.values > _MOST_VALUES:
        what = f"with what aliases repeat, these are over {_MOST_VALUES:,} values"
        raise UsageError(f"{document.file}, line {node.start_mark.line + 1}: {what}")
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*path, index), document)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, _below(path, key, document), document)


def _below(path: KeyPath, key: yaml.Node, document: Document) -> KeyPath:
    """Store the line of a key; report a duplicate."""
    if not isinstance(key, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(
            None, None, "a key must be text", key.start_mark
        )
    if key.tag in PLAIN:
        key.tag = TEXT  # keys are text even without quotes: 2024, on, null
    below = (*path, str(key.value))
    if below in document.lines:
        first = document.lines[below]
        what = f"duplicate key; first used on line {first}"
        document.problems.append(Problem(below, what))
    document.lines[below] = key.start_mark.line + 1
    return below


# The model's defaults, repeated here as importing it is too slow for a completion.
_CLIENTS = {"web": {"oauth_scopes": ["openid", "email", "profile"]}}
_FUNCTIONS = {"hello": None}
_ROUTES = {"GET /transactions": None}
_STAGE = "dev"


@dataclass(frozen=True)
class Names:
    """The names in the file, for completion; empty where they cannot be read."""

    users: list[str]
    groups: list[str]
    clients: list[str]
    scopes: list[str]
    functions: list[str]
    routes: list[str]
    stages: list[str]
    environments: list[str]


def names_in(
    file: Path, environment: Mapping[str, str], env: str | None = None
) -> Names | None:
    """Return the names in a file; None where there is no file, or it is not YAML."""
    try:
        data = read_document(file, environment, env).data
    except UsageError:
        return None
    return _names(data) if isinstance(data, dict) else None


def _names(data: dict[str, Any]) -> Names:
    clients = _mapping(data, "app_clients", _CLIENTS)
    api = _mapping(data, "api", {})
    scopes = [_get(client, "oauth_scopes") for client in clients.values()]
    return Names(
        users=_plain(_get(user, "username") for user in _list(data.get("users"))),
        groups=_plain(_list(_get(data.get("user_pool"), "groups"))),
        clients=_plain(clients),
        scopes=_plain(scope for some in scopes for scope in _list(some)),
        functions=_plain(_mapping(data, "functions", _FUNCTIONS)),
        routes=_plain(_mapping(api, "routes", _ROUTES)),
        stages=_plain([api.get("stage", _STAGE)]),
        environments=_plain(_mapping(data, environments.KEY, {})),
    )


def _mapping(data: Any, key: str, default: dict[str, Any]) -> dict[str, Any]:
    found = data.get(key, default)
    return found if isinstance(found, dict) else {}


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _plain(found: Any) -> list[str]:
    """Return the printable texts, each once."""
    texts = (text for text in found if isinstance(text, str) and text.isprintable())
    return list(dict.fromkeys(filter(None, texts)))
