"""Rules of the file's environments, and of the stack of the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.config.environments import KEY, OF_ALL
from cognito_gw.config.yaml_file import Document, Problem
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.config.model import Config
    from cognito_gw.config.variables import KeyPath

_STACK_LIMIT = 32  # characters, as of `name`
_TAG_LIMIT = 48  # of AWS's 50, without those of the stack and its environment


def problems_of(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with environments, also those that are not chosen."""
    for env in aws_rules.doubles(config.environments):
        yield Problem(
            (KEY, env),
            "differs from another only in case: IAM takes a role's name once",
        )
    for env, overlay in config.environments.items():
        for key in overlay:
            yield from _key(config, env, key)
    if config.env is None:
        return
    if len(config.name) > _STACK_LIMIT:
        yield Problem(
            (KEY, config.env),
            f"the stack's name `{config.name}` is over {_STACK_LIMIT} characters: "
            "shorten `name` or the environment's name",
        )
    if len(config.tags) > _TAG_LIMIT + 1:
        what = f"must have at most {_TAG_LIMIT} entries with an environment"
        yield Problem(("tags",), what)


def _key(config: Config, env: str, key: str) -> Iterator[Problem]:
    at: KeyPath = (KEY, env, key)
    known = type(config).model_fields
    if key in OF_ALL:
        stack = f"{config.stacks[0]}-{env}"
        yield Problem(at, f"an environment cannot have it; its stack is `{stack}`")
    elif key not in known and env != config.env:  # all of that one is validated
        yield Problem(at, unknown("unknown key", key, known))


def shared_names(config: Config, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Yield names, unique in a Region, that the chosen environment does not set."""
    names: dict[KeyPath, str | None] = {
        ("functions", key, "name"): function.name
        for key, function in config.functions.items()
    }
    names["domain", "prefix"] = config.domain.prefix
    overlay: KeyPath = (KEY, config.env or "")
    is_apart = config.env is None or (*overlay, "region") in document.lines
    for path, name in {} if is_apart else names.items():
        if name and document.line(path) != document.line((*overlay, *path)):
            yield path, name
