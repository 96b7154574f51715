"""The global options, and commands printed with them."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli import completions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cognito_gw.diagnosis.diagnose import Diagnosis


RUNNING = "cognito_gw.running"  # the command, in click's notes of one run


@dataclass
class Settings:
    """What the global options say."""

    config: Path = Path("cgw.yaml")
    local: bool = False
    profile: str | None = None
    region: str | None = None
    output: str = "text"
    quiet: bool = False
    verbose: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the command line or the environment asks for the local AWS."""
        return self.local or os.environ.get("CGW_LOCAL", "") not in ("", "0")

    @property
    def as_json(self) -> bool:
        """Whether stdout is to carry one JSON document and nothing else."""
        return self.output == "json"


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Note an option that was given; what was not given overwrites nothing.

    The value alone decides: these options have no defaults. The source that click
    reports does not: 8.4.0 reports every default as given, which turned
    `cgw --local down` into `cgw down`.
    """
    settings = context.ensure_object(Settings)
    if value is True or isinstance(value, str | Path):
        setattr(settings, parameter.name, value)


class GlobalOption(click.Option):
    """An option that every command takes, shown behind its own."""


def global_options(taken: Collection[str] = ()) -> list[GlobalOption]:
    """Return the options that every command takes, but for the names it has itself."""
    specs: list[tuple[list[str], dict[str, Any]]] = [
        (
            ["-c", "--config"],
            {
                "type": click.Path(path_type=Path),
                "metavar": "FILE",
                "help": "The file that describes the stack."
                f"  [default: {Settings.config}]",
            },
        ),
        (["--local"], {"is_flag": True, "help": "Target the embedded local AWS."}),
        (
            ["--profile"],
            {
                "metavar": "NAME",
                "help": "AWS profile.",
                "shell_complete": completions.profiles,
            },
        ),
        (
            ["--region"],
            {
                "metavar": "REGION",
                "help": "AWS region.",
                "shell_complete": completions.regions,
            },
        ),
        (
            ["-o", "--output"],
            {
                "type": click.Choice(["text", "json"]),
                "help": "json: one document on stdout.",
            },
        ),
        (["-q", "--quiet"], {"is_flag": True, "help": "Say less."}),
        (["-v", "--verbose"], {"is_flag": True, "help": "Show each AWS call."}),
    ]
    return [
        GlobalOption(
            [name for name in names if name not in taken],
            expose_value=False,
            callback=_keep,
            **details,
        )
        for names, details in specs
    ]


class Command(click.Command):
    """A command that takes the global options too, and ends its help with examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        """Add the global options behind its own; each of the `examples` is a line."""
        super().__init__(*args, **kwargs)
        self.examples = examples
        taken = {name for parameter in self.params for name in parameter.opts}
        self.params += global_options(taken)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, and remember which one it is: errors are told when it has ended."""
        ctx.meta[RUNNING] = self
        return super().invoke(ctx)

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write its own options, its commands, and the global options."""
        options = [
            each for each in self.get_params(ctx) if each.param_type_name == "option"
        ]
        own = [each for each in options if not isinstance(each, GlobalOption)]
        _write(formatter, "Options", [each.get_help_record(ctx) for each in own])
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        rest = [each for each in options if isinstance(each, GlobalOption)]
        _write(
            formatter, "Global options", [each.get_help_record(ctx) for each in rest]
        )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, as they are to be typed."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Group(Command, click.Group):
    """A command with commands; all of them take the global options."""

    command_class = Command
    other_words: Mapping[str, str] = {}  # of other tools, and our command for each

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            # click knows only those that are loaded, and only by their spelling.
            name = error.command_name
            meant = self.other_words.get(name)
            words = f"No such command {name!r}. Did you mean {_shown(ctx, meant)}?"
            raise click.exceptions.NoSuchCommand(
                name,
                words if meant else None,
                None if meant else self.list_commands(ctx),
                ctx,
            ) from None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands in their sections."""
        for title, names in self.sections(ctx).items():
            found = {name: self.get_command(ctx, name) for name in names}
            rows = [
                (name, command.get_short_help_str(limit=100))
                for name, command in found.items()
                if command
            ]
            _write(formatter, title, rows)

    def sections(self, ctx: click.Context) -> Mapping[str, Iterable[str]]:
        """Return the names of the commands under their titles."""
        return {"Commands": self.list_commands(ctx)}


def _shown(context: click.Context, command: str | None) -> str:
    """Return a command of a group as the caller can run it."""
    path = f"{context.command_path} {command}"
    return with_options(f"`cgw{path.removeprefix(context.find_root().command_path)}`")


def _write(
    formatter: click.HelpFormatter,
    title: str,
    records: Sequence[tuple[str, str] | None],
) -> None:
    rows = [record for record in records if record]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


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
