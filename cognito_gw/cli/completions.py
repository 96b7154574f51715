"""Completions for arguments and options, read from files and never from AWS."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cognito_gw.app.context import Options
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from click.shell_completion import CompletionItem

    from cognito_gw.config.yaml_file import Names

    Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def words(*known: str) -> Offer:
    """Offer fixed words."""
    return lambda _context, _parameter, incomplete: _fitting(known, incomplete)


def _of_file(pick: Callable[[Names], list[str]]) -> Offer:
    def offer(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[str]:
        names = _names(context)
        given = context.params.get(parameter.name or "")
        several = given if isinstance(given, tuple) else ()
        found = pick(names) if names else []
        return _fitting([name for name in found if name not in several], incomplete)

    return offer


users = _of_file(lambda names: names.users)
groups = _of_file(lambda names: names.groups)
clients = _of_file(lambda names: names.clients)
scopes = _of_file(lambda names: names.scopes)
functions = _of_file(lambda names: names.functions)
routes = _of_file(lambda names: names.routes)
stages = _of_file(lambda names: names.stages)
methods = _of_file(lambda names: [*dict.fromkeys(verb for verb, _ in _pairs(names))])


def paths(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the paths of the file's routes, of the method if one is given."""
    from click.shell_completion import CompletionItem

    names = _names(context)
    given = (context.params.get("verb") or "").upper()
    found: dict[str, list[str]] = {}
    for verb, path in _pairs(names) if names else []:
        if given in ("", verb) or verb == "ANY":
            found.setdefault(path, []).append(verb)
    return [
        CompletionItem(path, help=", ".join(found[path]))
        for path in _fitting(found, incomplete)
    ]


def profiles(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Offer the profiles of the AWS configuration files."""
    from cognito_gw.aws.botocore_files import profile_regions

    return _fitting(profile_regions(os.environ), incomplete)


def regions(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Offer the Regions of the environment and the profiles."""
    from cognito_gw.aws.botocore_files import profile_regions, region_around

    found = {region_around(os.environ, None), *profile_regions(os.environ).values()}
    return _fitting(sorted(filter(None, found)), incomplete)


def _names(context: click.Context) -> Names | None:
    from cognito_gw.config.yaml_file import names_in

    file = context.ensure_object(Options).config
    with suppress(
        RuntimeError
    ):  # such as ~nobody/cgw.yaml, which the shell has not expanded
        file = file.expanduser()
    return names_in(file, os.environ)


def _pairs(names: Names) -> list[tuple[str, str]]:
    """Return the routes as method and path."""
    parts = (route.partition(" ") for route in names.routes)
    return [(verb, path) for verb, _, path in parts if path.startswith("/")]


def _fitting(known: Iterable[str], incomplete: str) -> list[str]:
    fitting = (name for name in known if name.startswith(incomplete))
    return [name for name in fitting if name == one_line(name)]
