"""A command goes to the given target, whatever click reports about its defaults."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain
from pathlib import Path

import click
import pytest
from click.core import ParameterSource
from hypothesis import given
from hypothesis import strategies as st

from cognito_gw.app.context import Options
from cognito_gw.cli import cgw

# What click may report as the source of a value. 8.4.0 reports None for everything
# while callbacks run (https://github.com/pallets/click/issues/3458).
ANSWERS = [None, *ParameterSource]
WORDS = st.sampled_from(["", "a", "prod", "eu-west-1", "text", "cgw.yaml", "--local"])
OPTIONS = st.one_of(
    st.tuples(st.sampled_from(["local", "quiet", "verbose"]), st.just(True)),
    st.tuples(st.sampled_from(["profile", "region", "env"]), WORDS),
    st.tuples(st.just("config"), WORDS.map(Path)),
    st.tuples(st.just("output"), st.sampled_from(["text", "json"])),
)
EVERYTHING = [
    ("local", True),
    ("profile", "prod"),
    ("region", "eu-west-1"),
    ("env", "prod"),
    ("config", Path("other.yaml")),
    ("output", "json"),
    ("quiet", True),
    ("verbose", True),
]


def _paths(command=cgw, path=()):
    """Yield the path of every command and group."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _paths(command.get_command(context, name), (*path, name))


PATHS = list(_paths())


def _spelled(option):
    name, value = option
    return f"--{name}" if value is True else f"--{name}={value}"


def _understood(path, said):
    """Return the settings of a command with options before and after each word.

    `said` has the options of `cgw` first, then those of each word of `path`.
    """
    command, context = cgw, None
    for name, options in zip(("cgw", *path), said, strict=True):
        command = command.get_command(context, name) if context else command
        context = command.make_context(
            name, [*map(_spelled, options)], parent=context, resilient_parsing=True
        )
    return context.ensure_object(Options)


@pytest.fixture(params=ANSWERS, ids=str)
def lying_click(request, monkeypatch):
    """A click that reports the same source for each value."""
    _lie(monkeypatch, request.param)


def _lie(monkeypatch, answer):
    monkeypatch.setattr(click.Context, "get_parameter_source", lambda *_: answer)


@pytest.mark.usefixtures("lying_click")
def test_options_before_a_command_apply():
    """No default of a command overwrites an option given to `cgw` itself."""
    for path in PATHS:
        understood = _understood(path, [EVERYTHING, *([] for _ in path)])
        assert asdict(understood) == dict(EVERYTHING), path


@pytest.mark.usefixtures("lying_click")
def test_nothing_given_is_nothing_set():
    """Without global options, a command has the defaults."""
    for path in PATHS:
        assert _understood(path, [[] for _ in ("cgw", *path)]) == Options(), path


@given(st.data(), st.sampled_from(PATHS), st.sampled_from(ANSWERS))
def test_the_last_word_wins(data, path, answer):
    """Options can be split among the words of a command, and repeated."""
    said = [data.draw(st.lists(OPTIONS, max_size=4)) for _ in ("cgw", *path)]
    with pytest.MonkeyPatch.context() as patch:
        _lie(patch, answer)
        understood = _understood(path, said)
    assert asdict(understood) == asdict(Options()) | dict(chain(*said))
