"""The global options, which may stand before or after the command."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Collection


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
    """Note an option that was given; what was not given overwrites nothing."""
    settings = context.ensure_object(Settings)
    is_given = context.get_parameter_source(parameter.name or "") is not _DEFAULT
    if is_given and parameter.name:
        setattr(settings, parameter.name, value)


_DEFAULT = click.core.ParameterSource.DEFAULT


def global_options(taken: Collection[str] = ()) -> list[click.Option]:
    """Return the options that every command takes, but for the names it has itself."""
    specs: list[tuple[list[str], dict[str, Any]]] = [
        (
            ["-c", "--config"],
            {
                "type": click.Path(path_type=Path),
                "default": Path("cgw.yaml"),
                "show_default": True,
                "metavar": "FILE",
                "help": "The file that describes the stack.",
            },
        ),
        (["--local"], {"is_flag": True, "help": "Target the embedded local AWS."}),
        (["--profile"], {"metavar": "NAME", "help": "AWS profile."}),
        (["--region"], {"metavar": "REGION", "help": "AWS region."}),
        (
            ["-o", "--output"],
            {
                "type": click.Choice(["text", "json"]),
                "default": "text",
                "help": "json: one document on stdout.",
            },
        ),
        (["-q", "--quiet"], {"is_flag": True, "help": "Say less."}),
        (["-v", "--verbose"], {"is_flag": True, "help": "Show each AWS call."}),
    ]
    return [
        click.Option(
            [name for name in names if name not in taken],
            expose_value=False,
            callback=_keep,
            **details,
        )
        for names, details in specs
    ]


class Command(click.Command):
    """A command that takes the global options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the global options behind its own."""
        super().__init__(*args, **kwargs)
        taken = {name for parameter in self.params for name in parameter.opts}
        self.params += global_options(taken)
