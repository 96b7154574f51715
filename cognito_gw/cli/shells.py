"""What click's completion lacks: words that bash takes apart, and `--user=alice`.

Bash ends a word at `@`, `:` and `=`, and puts what it is given there after the last of
them. So it hands over the whole line, and gets the rest of its own last word.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from click.shell_completion import (
    BashComplete,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_END = "\0"  # of the line, even within quotes: no line can have it
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
# What click's script stands on, where the user's own files have not seen to it.
_COMPINIT = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }\n"


class _Joined(ShellComplete):
    """Keeps `--option=` before a value: the shell has both as one word."""

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return what fits the whole word."""
        found = super().get_completions(args, incomplete)
        option, sign, _ = incomplete.partition("=")
        if option.startswith("-") and sign:
            for item in found:
                item.value = f"{option}={item.value}"
        return found


class Bash(_Joined, BashComplete):
    """Takes the line apart as the shell will when it runs it."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the one that it is at the end of."""
        line = os.environ["COMP_LINE"]
        *args, incomplete = split_arg_string(f"{line}{_END}")
        return args[1:], incomplete.removesuffix(_END)

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return what bash is to put in the place of its own last word."""
        _, incomplete = self.get_completion_args()
        quote = os.environ["COMP_QUOTE"]
        is_quoted = quote in ("'", '"')
        word = os.environ["COMP_WORD"]
        last = word if is_quoted else "".join(split_arg_string(word))
        value = item.value.removeprefix(incomplete.removesuffix(last))
        text = _quoted(value, quote) if is_quoted else _SPECIAL.sub(r"\\\1", value)
        return f"{item.type},{text}"


def _quoted(value: str, quote: str) -> str:
    """Spell text so that the shell's quote, which is open, does not end in it."""
    if quote == "'":
        return value.replace("'", r"'\''")
    return re.sub(r'([$`"\\!])', r"\\\1", value)


class Zsh(_Joined, ZshComplete):
    """click's own, and what it needs."""

    source_template = ZshComplete.source_template.replace(
        "    compdef ", f"    {_COMPINIT}    compdef "
    )


class Fish(_Joined, FishComplete):
    """click's own."""


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}
