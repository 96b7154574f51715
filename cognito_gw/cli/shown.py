"""Commands that cgw shows: with the caller's global options, to be run as they are."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cognito_gw.cli.settings import RUNNING, Settings

if TYPE_CHECKING:
    from cognito_gw.diagnosis.diagnose import Diagnosis

_COMMAND = re.compile(r"(?:(?<=`)|(?<=\$\())cgw (?P<rest>[^`)\n]+)")  # `…` or $(…)
_OPTION = re.compile(r"(?<=`)--[a-z][a-z-]*")  # `--…`
_ELSEWHERE = ("local ", "completion ", "schema")  # they have no file and no target


def command(words: str) -> str:
    """Return a command as the caller can run it: `cgw --local -c prod.yaml up`."""
    if words.startswith(_ELSEWHERE):
        return f"cgw {words}"
    local, _, rest = words.rpartition("--local")
    given = shlex.join(_options(_settings(), to_local=bool(local or words != rest)))
    if not given or words.startswith(given):
        return f"cgw {words}"
    return f"cgw {given} {rest.strip()}".rstrip()


def with_options(text: str) -> str:
    """Return text in which each `cgw …` repeats the caller's global options.

    An option that only `cgw token` has becomes a command of it: what that gets is kept
    for other commands, too.
    """
    text = _OPTION.sub(lambda found: _of_token(found[0]), text)
    return _COMMAND.sub(lambda found: command(found["rest"]), text)


def _of_token(option: str) -> str:
    context = click.get_current_context(silent=True)
    if context is None:
        return option
    if option in options_of(context.meta.get(RUNNING, context.command)):
        return option
    from cognito_gw.cli.token import token

    return f"cgw token {option}" if option in options_of(token) else option


def options_of(command: click.Command) -> set[str]:
    """Return the names of a command's options."""
    return {
        name for each in command.params for name in (*each.opts, *each.secondary_opts)
    }


def fixes_shown(diagnosis: Diagnosis) -> Diagnosis:
    """Return a diagnosis whose fixes repeat them, too."""
    causes = [replace(each, fix=with_options(each.fix)) for each in diagnosis.causes]
    note = diagnosis.note and with_options(diagnosis.note)
    return replace(diagnosis, causes=causes, note=note)


def _settings() -> Settings:
    context = click.get_current_context(silent=True)
    return (context and context.find_object(Settings)) or Settings()


def _options(settings: Settings, *, to_local: bool) -> list[str]:
    is_local = settings.local or to_local
    given = {
        "--profile": None if is_local and not settings.local else settings.profile,
        "--region": settings.region,
        "-c": None if settings.config == Settings.config else str(settings.config),
    }
    named = [[name, value] for name, value in given.items() if value is not None]
    return ["--local"] * is_local + [word for pair in named for word in pair]
