"""`cgw init` writes a first file; `cgw schema` prints what editors check it with."""

from __future__ import annotations

import click

from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command
from cognito_gw.errors import UsageError


@click.command("init", cls=Command)
@with_session
def init(session: Session) -> None:
    """Write a commented `cgw.yaml`, never over an existing one."""
    from importlib.resources import files

    target = session.settings.config
    example = files("cognito_gw.config").joinpath("starter.yaml").read_text("utf-8")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(example)
    except FileExistsError:
        raise UsageError(
            f"{target} is there already, and is left as it is",
            hint="`-c FILE` names another file",
        ) from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {target}", err=True)
    click.echo(f"try it without an account: cgw --local -c {target} up", err=True)


@click.command("schema", cls=Command)
def schema() -> None:
    """Print the file's JSON Schema, for editors."""
    from cognito_gw.config.schema import Config

    show_json(Config.model_json_schema())


COMMANDS = {"init": init, "schema": schema}
