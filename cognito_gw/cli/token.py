"""`cgw token`: signs a user in and hands the tokens over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command
from cognito_gw.cli.signing_in import tokens_for
from cognito_gw.errors import Missing
from cognito_gw.oauth import cache
from cognito_gw.oauth.tokens import claims_of, header_of

if TYPE_CHECKING:
    from cognito_gw.oauth.tokens import Tokens

_TIMES = ("auth_time", "iat", "exp")


@click.command("token", cls=Command)
@click.option("--id", "raw", flag_value="id_token", help="Print the raw ID token.")
@click.option("--access", "raw", flag_value="access_token", help="… the access token.")
@click.option(
    "--refresh", "raw", flag_value="refresh_token", help="… the refresh token."
)
@click.option("--user", metavar="NAME", help="Who signs in. Default: the first user.")
@click.option(
    "--client", metavar="NAME", help="Default: the first that signs users in."
)
@click.option(
    "--flow",
    type=click.Choice(["auto", "password"]),
    default="auto",
    help="How to sign in; auto takes what the app client allows.",
)
@click.option("--decode", is_flag=True, help="Print headers and claims as JSON.")
@click.option("--forget", is_flag=True, help="Drop the kept tokens of this stack.")
@with_session
def token(  # noqa: PLR0913 - one argument per option
    session: Session,
    *,
    raw: str | None,
    user: str | None,
    client: str | None,
    flow: str,  # noqa: ARG001 - both values mean the password for now
    decode: bool,
    forget: bool,
) -> None:
    """Sign a user in and show the ID and the access token.

    Tokens are kept until shortly before they expire, and refreshed silently.

        TOKEN=$(cgw token --id)
    """
    if forget:
        cache.forget(session.config.name)
        return
    tokens = tokens_for(session, user, client)
    if raw:
        click.echo(_raw(tokens, raw))
    elif decode:
        show_json(_decoded(tokens))
    elif session.settings.as_json:
        show_json(tokens.document())
    else:
        _show(tokens)


def _raw(tokens: Tokens, name: str) -> str:
    value: str | None = getattr(tokens, name)
    if value is None:
        raise Missing(f"this sign-in gave no {name.replace('_', ' ')}")
    return value


def _decoded(tokens: Tokens) -> dict[str, object]:
    return {
        name: {"header": header_of(value), "claims": claims_of(value)}
        for name in ("id_token", "access_token")
        if (value := getattr(tokens, name))
    }


def _show(tokens: Tokens) -> None:
    for name in ("id_token", "access_token"):
        value = getattr(tokens, name)
        if value is None:
            continue
        click.secho(name.replace("_", " ").replace("id", "ID"), bold=True)
        click.echo(value)
        for claim, content in claims_of(value).items():
            click.echo(f"  {claim:<22}{_spelled(claim, content)}")
        click.echo()
    click.echo(f"both expire in {tokens.expires_in // 60} minutes")


def _spelled(claim: str, content: object) -> str:
    if claim in _TIMES and isinstance(content, int):
        moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(content))
        return f"{content}  ({moment})"
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)


COMMANDS = {"token": token}
