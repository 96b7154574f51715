"""Reads the file into a `Config`, or reports all its problems."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cognito_gw.config.messages import complaint, path_of
from cognito_gw.config.model import Config
from cognito_gw.config.rules import check, warnings_of
from cognito_gw.config.yaml_file import Document, Problem, brief, read_document
from cognito_gw.errors import UsageError
from cognito_gw.text import key_path, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from cognito_gw.config.variables import KeyPath


_ROUNDS = 5  # a removal can make something else invalid
_MOST = 100  # problems in one report
_LONGEST = 2000  # characters of one


@dataclass(frozen=True)
class Loaded:
    """A valid configuration, and warnings about it."""

    config: Config
    warnings: list[str]
    unread: list[Problem] = field(default_factory=list)  # of other steps
    document: Document | None = None

    def where(self, path: KeyPath) -> str | None:
        """Return the file and the line of a key, if the file has it."""
        has_it = self.document and path in self.document.lines
        return self.document.where(path) if self.document and has_it else None


class BadConfig(UsageError):
    """Raised with every problem of a file at once."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        """List the problems in the order of their lines."""
        self.problems = sorted(
            problems, key=lambda problem: document.line(problem.path)
        )
        which = f" with the environment {document.env}" if document.env else ""
        lines = [f"{document.file}{which} has {_counted(len(problems))}:"]
        for problem in self.problems[:_MOST]:
            what = one_line(spell(problem.path) + problem.what)
            lines.append(brief(f"  {document.where(problem.path)}: {what}", _LONGEST))
        super().__init__("\n".join(lines), hint=_hint(document, problems))


def _hint(document: Document, problems: list[Problem]) -> str | None:
    """Return the environments to choose from, if one may have what is missing."""
    data = document.data if isinstance(document.data, dict) else {}
    known = data.get("environments")
    elsewhere = [
        problem for problem in problems if problem.path[:1] != ("environments",)
    ]
    if document.env or not elsewhere or not known or not isinstance(known, dict):
        return None
    return f"no environment was chosen; `--env NAME` chooses one: {', '.join(known)}"


def _counted(count: int) -> str:
    if count > _MOST:
        return f"over {_MOST} problems, such as"
    return "a problem" if count == 1 else f"{count} problems"


def spell(path: KeyPath) -> str:
    """Spell a key path as `app_clients.web.oauth_flows[1]: `; nothing for the root."""
    return f"{key_path(path)}: " if path else ""


def load(
    file: Path,
    environment: Mapping[str, str] = os.environ,
    steps: Collection[str] | None = None,
    env: str | None = None,
) -> Loaded:
    """Read and validate the file for these steps, or for all; no AWS call is made.

    The `environment` has the variables; `env` is one of the file's `environments`.
    """
    return loaded(read_document(file, environment, env), steps)


def loaded(document: Document, steps: Collection[str] | None = None) -> Loaded:
    """Validate a document; ignore problems that concern only other steps."""
    folder = document.file.parent
    config, problems = _validate(document)
    said = [problem for problem in problems if problem.path not in document.unset]
    problems = [*document.problems, *said]
    if config is not None and document.env:
        config = config.in_environment(document.env)
    if config is not None:
        problems += check(config, folder)
    unread: list[Problem] = []
    if steps is not None:
        needed = {None, *steps}
        unread = [problem for problem in problems if problem.step not in needed]
    problems = [problem for problem in problems if problem not in unread]
    if problems or config is None:
        raise BadConfig(document, _first_of_each(problems))
    warnings = warnings_of(config, document)
    return Loaded(_beside(config, folder), warnings, unread, document)


def _validate(document: Document) -> tuple[Config | None, list[Problem]]:
    """Return the model's validation errors, and a model without the invalid keys.

    With these keys removed, the rules across sections can be checked, too, so that one
    run reports everything.
    """
    if not isinstance(document.data, dict):
        return None, [Problem((), "the file must be a mapping, such as `name: my-api`")]
    problems: list[Problem] = []
    rest = copy.deepcopy(document.data)
    for _ in range(_ROUNDS):
        try:
            return Config.model_validate(rest), problems
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        # Later errors result from the removals.
        problems = problems or [complaint(error) for error in errors]
        for path in sorted(map(path_of, errors), key=_backwards):
            _take_out(rest, path)
        rest.setdefault("name", "unnamed")
    return None, problems


def _backwards(path: KeyPath) -> list[tuple[bool, int]]:
    """Order list items from last to first, so that a removal moves none of them."""
    return [(isinstance(key, str), -key if isinstance(key, int) else 0) for key in path]


def _take_out(data: Any, path: KeyPath) -> None:
    try:
        for key in path[:-1]:
            data = data[key]
        del data[path[-1]]
    except (KeyError, IndexError, TypeError):
        return  # it is absent, or was removed with its parent


def _first_of_each(problems: list[Problem]) -> list[Problem]:
    first: dict[tuple[KeyPath, str], Problem] = {}
    for problem in problems:
        first.setdefault((problem.path, problem.what), problem)
    return list(first.values())


def _beside(config: Config, folder: Path) -> Config:
    """Make the paths of code absolute."""
    functions = {
        key: function.model_copy(update={"code": (folder / function.code).resolve()})
        if function.code
        else function
        for key, function in config.functions.items()
    }
    return config.model_copy(update={"functions": functions})
