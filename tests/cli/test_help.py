"""The help of every command fits a terminal's width and has lines to copy."""

from __future__ import annotations

import click
import pytest
from commandline import commands_in, parse

from cognito_gw.cli import cgw as whole


def _commands(command, name, parent=None):
    """Return every command by its path, including those of groups."""
    context = command.make_context(name, [], parent, resilient_parsing=True)
    found = {context.command_path: command}
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found |= _commands(command.get_command(context, each), each, context)
    return found


COMMANDS = _commands(whole, "cgw")
EXAMPLES = [(path, line) for path, each in COMMANDS.items() for line in each.examples]


@pytest.mark.parametrize("path", COMMANDS)
def test_help_ends_with_examples_and_fits_a_terminal(cgw, path):
    """One to three examples; the command's own options omit the global ones."""
    shown = cgw(*path.split()[1:], "--help").out
    sections = shown.split("\n\n")
    head, *lines = sections[-1].splitlines()
    assert head == "Examples:"
    assert 1 <= len(lines) <= 3
    assert sections[-2].startswith("Global options:\n  -c, --config FILE ")
    assert shown.count("--profile NAME") == 1
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(("path", "line"), EXAMPLES)
def test_an_example_is_a_line_of_the_command(path, line):
    """The parser of click accepts it; nothing runs. Groups list their commands'."""
    (found,) = [parse(words) for words in commands_in(line)]
    own = COMMANDS[path]
    assert found is own or isinstance(own, click.Group)


@pytest.mark.parametrize(
    ("line", "guess"),
    [
        ("stauts", "'status'"),
        ("usr list", "'user'"),
        ("user lst", "'list'"),
        ("local strat", "'start'"),
        ("up --reigon x", "'--region'"),
        ("call / --usr me", "'--user'"),
    ],
)
def test_a_typo_gets_the_nearest_suggestion(cgw, line, guess):
    """For commands, subcommands, and options."""
    outcome = cgw(*line.split(), code=2)
    assert "Did you mean" in outcome.err
    assert guess in outcome.err.partition("Did you mean")[2]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("destroy", "down"),
        ("apply", "up"),
        ("login", "token"),
        ("--local delete", "--local down"),
        ("-c my.yaml start", "local start"),
        ("version", "--version"),
        ("user ls", "user list"),
        ("--local user delete", "--local user remove"),
        ("local up", "local start"),
        ("local down", "local stop"),
        ("local tail", "local logs"),
        ("sync", "up"),
    ],
)
def test_words_of_other_tools(cgw, words, meant):
    """A command of another tool leads to ours."""
    said = cgw(*words.split(), code=2).err
    assert f"Did you mean `cgw {meant}`?" in said
