"""Commands with the global options, and text that repeats those options."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Options
from cognito_gw.cli import completions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from cognito_gw.diagnosis.rule import Diagnosis


RUNNING = "cognito_gw.running"  # the key of the command in click's `meta`


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Store an option that was given; one that was not given changes nothing.

    Only the value decides: these options have no defaults. click's parameter source
    is no help: 8.4.0 reports every default as given, which turned
    `cgw --local down` into `cgw down`.
    """
    options = context.ensure_object(Options)
    if value is True or isinstance(value, str | Path):
        setattr(options, parameter.name, value)


class GlobalOption(click.Option):
    """An option of every command, shown after its own options."""


def global_options(taken: Collection[str] = ()) -> list[GlobalOption]:
    """Return the options of every command, without names that are `taken`."""

    def option(*names: str, **details: Any) -> GlobalOption:
        free = [name for name in names if name not in taken]
        return GlobalOption(free, expose_value=False, callback=_keep, **details)

    return [
        option(
            "-c",
            "--config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=f"The file that describes the stack.  [default: {Options.config}]",
        ),
        option("--local", is_flag=True, help="Target the embedded local AWS."),
        option(
            "--profile",
            metavar="NAME",
            help="AWS profile.",
            shell_complete=completions.profiles,
        ),
        option(
            "--region",
            metavar="REGION",
            help="AWS Region.",
            shell_complete=completions.regions,
        ),
        option(
            "--env",
            metavar="NAME",
            help="Environment of the file. Default: CGW_ENV.",
            shell_complete=completions.environments,
        ),
        option(
            "-o",
            "--output",
            type=click.Choice(["text", "json"]),
            help="json: one document on stdout.",
        ),
        option("-q", "--quiet", is_flag=True, help="Suppress progress output."),
        option("-v", "--verbose", is_flag=True, help="Show each AWS call."),
    ]


class Command(click.Command):
    """A command with the global options, and with examples in its help."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        """Add the global options; each of the `examples` is a line."""
        super().__init__(*args, **kwargs)
        self.examples = examples
        taken = {name for parameter in self.params for name in parameter.opts}
        self.params += global_options(taken)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, and store which one it is, for the hints of errors."""
        ctx.meta[RUNNING] = self
        return super().invoke(ctx)

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write its own options, its subcommands, and the global options."""
        own: list[tuple[str, str] | None] = []
        shared: list[tuple[str, str] | None] = []
        for option in self.get_params(ctx):
            if option.param_type_name == "option":
                is_shared = isinstance(option, GlobalOption)
                (shared if is_shared else own).append(option.get_help_record(ctx))
        _write(formatter, "Options", own)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        _write(formatter, "Global options", shared)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], Command]:
    """Return a decorator that makes a function a command with examples."""
    return click.command(name, cls=Command, examples=examples)


class Group(Command, click.Group):
    """A command with subcommands; all of them have the global options."""

    command_class = Command
    other_words: Mapping[str, str] = {}  # names in other tools: our command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one, suggest another."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            # click compares only the spelling of commands that are loaded.
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
    """Return a subcommand as the caller can run it."""
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
_WITHOUT_FILE = ("local ", "completion ", "schema")


def command_line(words: str) -> str:
    """Return a command as the caller can run it: `cgw --local -c prod.yaml up`."""
    if words.startswith(_WITHOUT_FILE):
        return f"cgw {words}"
    local, _, rest = words.rpartition("--local")
    arguments = partial(_arguments, to_local=bool(local or words != rest))
    given = shlex.join(arguments(_options()))
    if "--env" in words.split() and not words.startswith(given):
        given = shlex.join(arguments(replace(_options(), env=None)))
    if not given or words.startswith(given):
        return f"cgw {words}"
    return f"cgw {given} {rest.strip()}".rstrip()


def with_options(text: str) -> str:
    """Return text in which each `cgw …` repeats the caller's global options.

    An option that only `cgw token` has becomes such a command: its tokens are cached
    for other commands.
    """
    text = _OPTION.sub(lambda found: _of_token(found[0]), text)
    return _COMMAND.sub(lambda found: command_line(found["rest"]), text)


def _of_token(option: str) -> str:
    context = click.get_current_context(silent=True)
    if context is None:
        return option
    if option in options_of(context.meta.get(RUNNING, context.command)):
        return option
    root = context.find_root().command
    token = root.get_command(context, "token") if isinstance(root, Group) else None
    return f"cgw token {option}" if token and option in options_of(token) else option


def options_of(command: click.Command) -> set[str]:
    """Return the names of a command's options."""
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def fixes_shown(diagnosis: Diagnosis) -> Diagnosis:
    """Return a diagnosis whose fixes repeat the caller's global options."""
    causes = [replace(cause, fix=with_options(cause.fix)) for cause in diagnosis.causes]
    note = diagnosis.note and with_options(diagnosis.note)
    return replace(diagnosis, causes=causes, note=note)


def _options() -> Options:
    context = click.get_current_context(silent=True)
    return (context and context.find_object(Options)) or Options()


def _arguments(options: Options, *, to_local: bool) -> list[str]:
    is_local = options.local or to_local
    given = {
        "--profile": None if is_local and not options.local else options.profile,
        "--region": options.region,
        "--env": options.env,
        "-c": None if options.config == Options.config else str(options.config),
    }
    named = [[name, value] for name, value in given.items() if value is not None]
    return ["--local"] * is_local + [word for pair in named for word in pair]
