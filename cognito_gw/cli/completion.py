"""`cgw completion`, and completion for Bash, Zsh, and Fish."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from cognito_gw.cli.command import command
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import with_context
from cognito_gw.errors import UsageError
from cognito_gw.report.say import say, say_exactly

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cognito_gw.app.context import Context


@dataclass(frozen=True)
class _Shell:
    file: str  # its startup file
    line: str  # to add to the file


_SHELLS = {
    "bash": _Shell("~/.bashrc", 'eval "$(cgw completion bash)"'),
    "zsh": _Shell("~/.zshrc", 'eval "$(cgw completion zsh)"'),
    "fish": _Shell("~/.config/fish/config.fish", "cgw completion fish | source"),
}


@command("completion", "cgw completion", 'eval "$(cgw completion bash)"')
@click.argument("shell", required=False, type=click.Choice(list(_SHELLS)))
@with_context
def completion(context: Context, *, shell: str | None) -> None:
    """Print the completion script for your shell.

    It completes commands, options, and the names in the file: users, routes, app
    clients, functions. The default shell is that of the variable SHELL.
    """
    name = shell or _own_shell(context)
    script, its = _script(name), _SHELLS[name]
    if context.options.as_json:
        show_json({"shell": name, "script": script, "file": its.file, "line": its.line})
        return
    say_exactly(*script.rstrip("\n").split("\n"))
    if sys.stdout.isatty() and not context.options.quiet:
        say(f"to enable completion in every {name}, add to {its.file}:", err=True)
        say(f"  {its.line}", err=True)


def _own_shell(context: Context) -> str:
    name = PurePath(context.environment.get("SHELL", "")).name
    if name not in _SHELLS:
        known = " or ".join(f"`cgw completion {shell}`" for shell in _SHELLS)
        what = f"SHELL is {name}" if name else "SHELL is not set"
        raise UsageError(f"the shell is not known: {what}", hint=f"run {known}")
    return name


def _script(shell: str) -> str:
    cgw = click.get_current_context().find_root().command
    return SHELLS[shell](cgw, {}, "cgw", "_CGW_COMPLETE").source()


COMMANDS = {"completion": completion}


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
