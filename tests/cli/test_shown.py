"""Each command that is shown repeats the caller's global options."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cognito_gw.cli.settings import Settings
from cognito_gw.cli.shown import command, with_options

LOCAL = Settings(local=True)
OTHER = Settings(config=Path("my prod.yaml"), profile="work", region="eu-west-1")


@pytest.mark.parametrize(
    ("settings", "words", "expected"),
    [
        (Settings(), "up", "cgw up"),
        (Settings(), "--local up", "cgw --local up"),
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
    ],
)
def test_command(settings, words, expected):
    """As the caller can run it."""
    with click.Context(click.Command("cgw"), obj=settings):
        assert command(words) == expected


def test_text():
    """In backticks and in a shell's $(…), and once however often it is asked for."""
    text = '`cgw up`, then `curl -H "$(cgw token --id)"`; cgw made it (cgw token)'
    with click.Context(click.Command("cgw"), obj=LOCAL):
        found = with_options(text)
        assert with_options(found) == found
    assert found == (
        '`cgw --local up`, then `curl -H "$(cgw --local token --id)"`; '
        "cgw made it (cgw token)"
    )


@pytest.mark.parametrize(
    "line",
    ["call /transactions", "token", "logs", "check", "test-method /", "user list"],
)
def test_hints_of_commands(cgw, line):
    """Not even the local AWS's own hints lead to a real account."""
    cgw.write("name: shop\nusers: [{username: a@b.c}]\n", "prod.yaml")
    said = cgw("--local", "-c", "prod.yaml", *line.split(), code=3).err
    assert "`cgw --local -c prod.yaml " in said
    assert "`cgw up" not in said


def test_hint_of_a_missing_file(cgw):
    """`init` is to write the file that was asked for."""
    assert "`cgw -c prod.yaml init`" in cgw("-c", "prod.yaml", "plan", code=2).err
