"""Options that several commands share."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.prompter import PASSWORD
from cognito_gw.aws_rules import PASSWORDS, is_password
from cognito_gw.cli import completions
from cognito_gw.cli.output import ask, say
from cognito_gw.cli.terminal import is_terminal
from cognito_gw.errors import UsageError
from cognito_gw.oauth.flows import FLOWS

if TYPE_CHECKING:
    from cognito_gw.app.context import Context
    from cognito_gw.config.variables import Password


_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _together(*parameters: _Decorator) -> _Decorator:
    """Return a decorator that adds parameters to a command in this order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for parameter in reversed(parameters):
            command = parameter(command)
        return command

    return add


without_path = _together(
    click.option(
        "-X",
        "--method",
        "verb",
        metavar="METHOD",
        shell_complete=completions.methods,
        help="Default: GET, or POST with a body.",
    ),
    click.option(
        "-H",
        "--header",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="A header; can be repeated.",
    ),
    click.option(
        "-d",
        "--data",
        metavar="TEXT",
        help="The body; @FILE reads a file, - reads stdin. Its Content-Type is "
        "application/json or text/plain, unless -H gives one.",
    ),
    click.option(
        "-q",
        "--query",
        "queries",
        multiple=True,
        metavar="KEY=VALUE",
        help="A query parameter; can be repeated.",
    ),
)
request_options = _together(
    click.argument("path", shell_complete=completions.paths), without_path
)
client_option = click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="The app client. Default: the first that fits.",
)
who_options = _together(
    click.option(
        "--user",
        metavar="NAME",
        shell_complete=completions.users,
        help="The user who signs in. Default: the first one in the file.",
    ),
    client_option,
)
flow_option = click.option(
    "--flow",
    type=click.Choice(FLOWS),
    default="auto",
    show_default=True,
    metavar="FLOW",
    help=f"How to sign in: {', '.join(FLOWS)}. auto selects one that the app client "
    "and the scopes allow.",
)
token_option = click.option(
    "--token",
    "choice",
    metavar="TOKEN",
    shell_complete=completions.words("id", "access", "none"),
    help="id, access, none, the token itself, the callback URL or JSON response "
    "that contains it, @FILE, or - for stdin. "
    "Default: the token that the method requires.",
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
step_options = _together(
    click.option("--with-deps", is_flag=True, help="Also create prerequisites."),
    click.option("--dry-run", is_flag=True, help="Show changes without applying them."),
    yes_option,
)
password_options = _together(
    click.option(
        "--temporary",
        is_flag=True,
        help="The user must change it at the first sign-in.",
    ),
    click.option(
        "--password-stdin", is_flag=True, help="Read the password from stdin, one line."
    ),
)
pool_options = _together(
    click.option(
        "--user-pool-id",
        "pool_id",
        metavar="ID",
        help="An existing user pool; no file is read.",
    ),
    click.option("--client-id", metavar="ID", help="An app client of that user pool."),
)
_POOL_ID = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)_([0-9A-Za-z]{1,55})")
_CLIENT_ID = re.compile(r"[0-9A-Za-z]{1,32}")


def of_pool(context: Context, options: dict[str, Any]) -> Context:
    """Return the context for the user pool that the options name, if any."""
    pool_id, client_id = options["pool_id"], options["client_id"]
    if pool_id is None and client_id is None:
        return context
    if pool_id is None or client_id is None:
        raise UsageError("--user-pool-id and --client-id must be used together")
    found = _POOL_ID.fullmatch(pool_id)
    if found is None:
        raise UsageError(
            f"`{pool_id}` is not a valid user pool ID, such as us-east-1_Ab12Cd34E"
        )
    if not _CLIENT_ID.fullmatch(client_id):
        raise UsageError(f"`{client_id}` is not a valid app client ID")
    from cognito_gw.config.model import AppClientConfig, Config, UserPoolConfig

    region, rest = found.groups()
    config = Config(
        name=f"pool-{rest}"[:32],
        region=region,
        user_pool=UserPoolConfig(id=pool_id),
        app_clients={client_id: AppClientConfig(id=client_id)},
    )
    return replace(context, given=config)


def given_password(context: Context, *, from_stdin: bool) -> Password | None:
    """Return the password of CGW_PASSWORD or stdin; raise if it is too weak."""
    value = context.environment.get(PASSWORD)
    if from_stdin and value is not None:
        raise UsageError(
            f"both {PASSWORD} and --password-stdin give a password",
            hint=f"remove the option, or unset {PASSWORD}",
        )
    if from_stdin:
        value = sys.stdin.readline().rstrip("\r\n")
    elif value is not None:
        context.ui.tell(f"using the password in {PASSWORD}")
    if value is None:
        return None
    if fault := _fault(context, value):
        raise UsageError(fault)
    return _secret(value)


def typed_password(context: Context, name: str) -> Password | None:
    """Ask in a terminal until the password is strong enough; None: generate one."""
    while is_terminal():
        value = _ask(f"Password of {name} (empty: generate one)")
        if not value:
            break
        fault = _fault(context, value)
        if fault is None and value == _ask("Repeat the password"):
            return _secret(value)
        say(fault or "the passwords differ", err=True)
    return None


def _fault(context: Context, value: str) -> str | None:
    from cognito_gw.config.rules import weaknesses

    if not is_password(value):
        return PASSWORDS
    lacks = weaknesses(value, context.config.user_pool.password_policy)
    words = "the password is too weak for user_pool.password_policy: needs "
    return words + ", ".join(lacks) if lacks else None


def _ask(question: str) -> str:
    return str(ask(question, default="", show_default=False, hide_input=True))


def _secret(value: str) -> Password:
    from cognito_gw.config.variables import Password

    return Password(value)
