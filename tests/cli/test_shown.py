"""Each command in a message repeats the caller's global options."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import cognito_gw
from cognito_gw.app.context import Options
from cognito_gw.cli import cgw as cgw_group
from cognito_gw.cli.command import command_line, options_of, with_options

PACKAGE = Path(cognito_gw.__file__).parent
LOCAL = Options(local=True)
PROD = Options(local=True, config=Path("a.yaml"), env="prod")
OTHER = Options(config=Path("my prod.yaml"), profile="work", region="eu-west-1")


@pytest.mark.parametrize(
    ("settings", "words", "expected"),
    [
        (Options(), "up", "cgw up"),
        (Options(), "--local up", "cgw --local up"),
        (LOCAL, "up", "cgw --local up"),
        (LOCAL, "--local up", "cgw --local up"),
        (
            OTHER,
            "token --id",
            "cgw --profile work --region eu-west-1 -c 'my prod.yaml' token --id",
        ),
        (OTHER, "--local up", "cgw --local --region eu-west-1 -c 'my prod.yaml' up"),
        (LOCAL, "init", "cgw --local init"),
        (OTHER, "local stop", "cgw local stop"),
        (OTHER, "completion zsh", "cgw completion zsh"),
        (PROD, "up", "cgw --local --env prod -c a.yaml up"),
        (PROD, "--env dev up", "cgw --local -c a.yaml --env dev up"),
    ],
)
def test_command(settings, words, expected):
    """As the caller can run it."""
    with click.Context(click.Command("cgw"), obj=settings):
        assert command_line(words) == expected
        assert command_line(expected.removeprefix("cgw ")) == expected


def test_text():
    """In backticks and in a shell's $(…), and only once however often it is applied."""
    text = '`cgw up`, then `curl -H "$(cgw token --id)"`; cgw made it (cgw token)'
    with click.Context(click.Command("cgw"), obj=LOCAL):
        found = with_options(text)
        assert with_options(found) == found
    assert found == (
        '`cgw --local up`, then `curl -H "$(cgw --local token --id)"`; '
        "cgw made it (cgw token)"
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("call", "`cgw --local token --totp-secret FILE`, `--user NAME`, `--local`"),
        ("token", "`--totp-secret FILE`, `--user NAME`, `--local`"),
        ("logs", "`cgw --local token --totp-secret FILE`, `cgw --local token --user"),
    ],
)
def test_options(line, shown):
    """An option that the command lacks becomes a command that has it."""
    text = "`--totp-secret FILE`, `--user NAME`, `--local`"
    root = click.Context(cgw_group, obj=LOCAL)
    with click.Context(cgw_group.get_command(None, line), root):
        assert with_options(text).startswith(shown)


def test_every_option_that_is_shown_exists():
    """Some command has it: users can type anything in backticks."""
    known = {name for command in _commands(cgw_group) for name in options_of(command)}
    foreign = {"--cgw-config", "--option"}  # pytest's options, and any
    named = {
        found
        for file in PACKAGE.rglob("*.py")
        for found in re.findall(r"`(--[a-z][a-z-]*)", file.read_text(encoding="utf-8"))
    }
    assert named - known <= foreign
    assert "--totp-secret" in named


def _commands(command):
    yield command
    for name in command.list_commands(None) if isinstance(command, click.Group) else ():
        yield from _commands(command.get_command(None, name))


COMMANDS = (
    "call /transactions", "token", "logs", "check", "test-method /", "user list",
)  # fmt: skip


def test_hints(cgw):
    """An option of the command remains, and no command targets a real account."""
    cgw.write("name: shop\n")
    for line, shown in (
        ("token", "name one with `--user NAME`"),
        ("deploy --dry-run", "or add `--with-deps`"),
    ):
        assert shown in cgw("--local", *line.split(), code=3).err
    cgw.write("name: shop\nusers: [{username: a@b.c}]\n", "prod.yaml")
    for line in COMMANDS:
        said = cgw("--local", "-c", "prod.yaml", *line.split(), code=3).err
        assert "`cgw --local -c prod.yaml " in said, line
        assert "`cgw up" not in said, line


def test_hint_of_a_missing_file(cgw):
    """The hint's `init` writes the requested file."""
    assert "`cgw -c prod.yaml init`" in cgw("-c", "prod.yaml", "plan", code=2).err
