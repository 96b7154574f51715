"""`cgw outputs`: ids and URLs, for people and for scripts."""

from __future__ import annotations

from typing import Any

import click

from cognito_gw.cli.results import exists, exports, flat, show_json, show_outputs
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.report.say import say_exactly


@click.command(
    "outputs",
    cls=Command,
    examples=(
        "cgw outputs",
        'eval "$(cgw outputs --format env)"',
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "env"]),
    help='env: lines for `eval "$(cgw outputs --format env)"`.',
)
@with_reading_session
def outputs(session: Session, *, form: str | None) -> None:
    """Print ids and URLs."""
    from cognito_gw.resources.outputs import outputs as values_of

    session.look(session.stack.resources)
    values = values_of(session.stack, session.links)
    is_there = exists(values)
    if not is_there:
        name = session.config.name
        session.tell(f"nothing of the stack {name} exists yet: run `cgw up` first")
    form = form or session.settings.output
    if form == "json":
        show_json(values)
    elif form == "env":
        named = variables(values)
        if session.is_local:
            named |= session.server.variables(session.aws.region)
        say_exactly(*exports(named))
    elif is_there:
        show_outputs(values)


def variables(values: dict[str, Any]) -> dict[str, str]:
    """Return those that are known under the names of environment variables."""
    return {
        f"CGW_{_variable(key)}": str(value)
        for key, value in flat(values).items()
        if value is not None
    }


def _variable(key: str) -> str:
    return "".join(
        letter if letter.isascii() and letter.isalnum() else "_" for letter in key
    ).upper()


COMMANDS = {"outputs": outputs}
