"""Completions for Bash, Zsh and Fish, read from files and never from AWS."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from cognito_gw.app.context import Options
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

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


def environments(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Offer the environments of the file."""
    names = _names_with(context, None)
    return _fitting(names.environments if names else [], incomplete)


def _names(context: click.Context) -> Names | None:
    return _names_with(context, context.ensure_object(Options).chosen_env)


def _names_with(context: click.Context, env: str | None) -> Names | None:
    """Return the names in the file, with an environment merged in."""
    from cognito_gw.config.yaml_file import names_in

    file = context.ensure_object(Options).config
    with suppress(
        RuntimeError
    ):  # such as ~nobody/cgw.yaml, which the shell has not expanded
        file = file.expanduser()
    return names_in(file, os.environ, env)


def _pairs(names: Names) -> list[tuple[str, str]]:
    """Return the routes as method and path."""
    parts = (route.partition(" ") for route in names.routes)
    return [(verb, path) for verb, _, path in parts if path.startswith("/")]


def _fitting(known: Iterable[str], incomplete: str) -> list[str]:
    fitting = (name for name in known if name.startswith(incomplete))
    return [name for name in fitting if name == one_line(name)]


_END = "\0"  # marks the end of the line, also within quotes
_SPECIAL = re.compile(r"([^\w@%+=:,./{}-])")
_BASH = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(%(complete_var)s=bash_complete COMP_LINE="${COMP_LINE:0:COMP_POINT}" \
COMP_WORD="$2" COMP_QUOTE="${COMP_WORDS[COMP_CWORD]:0:1}" "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
# click's script requires this, unless the user's own files contain it.
_COMPINIT = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }\n"


class _Joined(ShellComplete):
    """Keeps `--option=` before a value: for the shell both are one word."""

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return completions of the whole word."""
        found = super().get_completions(args, incomplete)
        option, sign, _ = incomplete.partition("=")
        if option.startswith("-") and sign:
            for item in found:
                item.value = f"{option}={item.value}"
        return found


class Bash(_Joined, BashComplete):
    """Splits the line as the shell will when it runs it."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the word at the cursor."""
        line = os.environ["COMP_LINE"]
        *args, incomplete = split_arg_string(f"{line}{_END}")
        return args[1:], incomplete.removesuffix(_END)

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return the replacement for bash's own last word."""
        _, incomplete = self.get_completion_args()
        quote = os.environ["COMP_QUOTE"]
        is_quoted = quote in ("'", '"')
        word = os.environ["COMP_WORD"]
        last = word if is_quoted else "".join(split_arg_string(word))
        value = item.value.removeprefix(incomplete.removesuffix(last))
        text = _quoted(value, quote) if is_quoted else _SPECIAL.sub(r"\\\1", value)
        return f"{item.type},{text}"


def _quoted(value: str, quote: str) -> str:
    """Escape text for the shell's open quote."""
    if quote == "'":
        return value.replace("'", r"'\''")
    return re.sub(r'([$`"\\!])', r"\\\1", value)


class Zsh(_Joined, ZshComplete):
    """click's own, with its requirement."""

    source_template = ZshComplete.source_template.replace(
        "    compdef ", f"    {_COMPINIT}    compdef "
    )


class Fish(_Joined, FishComplete):
    """click's own."""


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}
