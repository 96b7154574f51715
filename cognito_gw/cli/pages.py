"""`cgw open` and `cgw logout`: the sign-in page, and signing out."""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.app.token_request import Wish
from cognito_gw.aws.endpoints import sign_in_query
from cognito_gw.cli import completions
from cognito_gw.cli.options import of_pool, pool_options
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command
from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth import cache
from cognito_gw.report.say import say, say_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.oauth.app_client import AppClient
    from cognito_gw.oauth.cache import Key


_STDOUT, _STDERR = 1, 2


def show_page(url: str, *, opens: bool) -> None:
    """Print the address on stderr, and open it in a browser if one is to be had."""
    if not opens:
        say("open this address in a browser on this machine:", err=True)
        say(url, err=True)
        return
    say("your browser should open this address:", err=True)
    say(url, err=True)
    if not open_page(url):
        say("no browser could be opened: open the address yourself", err=True)


def open_page(url: str) -> bool:
    """Open an address in a browser; return whether there was one."""
    with _stdout_as_stderr():
        return webbrowser.open(url)


@contextmanager
def _stdout_as_stderr() -> Iterator[None]:
    """Let programs started meanwhile write to stderr: stdout is for the token."""
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


_AUTHORIZE = "/oauth2/authorize"


@click.command(
    "open",
    cls=Command,
    examples=(
        "cgw open",
        "cgw open --no-browser",
    ),
)
@click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="The app client. Default: the first that signs users in.",
)
@click.option("--no-browser", is_flag=True, help="Only print the link.")
@pool_options
@with_reading_session
def open_(
    session: Session, *, client: str | None, no_browser: bool, **ids: Any
) -> None:
    """Open the sign-in page of the hosted UI, and print its link.

    The page sends the browser back to the first callback URL. `cgw token --flow
    browser` waits there for the answer, and this command does not.
    """
    session = of_pool(session, ids)
    url = _link(session, client, "login")
    if session.settings.as_json:
        show_json({"url": url})
    else:
        say_exactly(url)
    if not no_browser and not open_page(url):
        session.tell("no browser could be opened")


@click.command(
    "logout",
    cls=Command,
    examples=(
        "cgw logout",
        "cgw logout --user alice@example.com --browser",
    ),
)
@click.option(
    "--user",
    metavar="NAME",
    shell_complete=completions.users,
    help="Only this user's. Default: everybody's.",
)
@click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="Only this app client's. Default: that of any.",
)
@click.option(
    "--browser", is_flag=True, help="Sign the browser out of the pages as well."
)
@pool_options
@with_reading_session
def logout(
    session: Session, *, user: str | None, client: str | None, browser: bool, **ids: Any
) -> None:
    """Revoke the sign-ins whose tokens are kept, and drop the tokens.

    What was handed on before is good until it expires: API Gateway does not ask
    whether a token was revoked.
    """
    session = of_pool(session, ids)
    chosen = list(_chosen(session, user, client))
    revoked = sum(_revoked(session, key) for key in chosen)
    if session.settings.as_json:
        show_json({"dropped": len(chosen), "revoked": revoked})
    else:
        session.tell(f"{len(chosen)} dropped, {revoked} of them revoked")
    if browser:
        open_page(_link(session, client, "logout"))


def _chosen(session: Session, user: str | None, client: str | None) -> Iterator[Key]:
    place = session.token_place
    for key in cache.kept(session.config.name):
        tokens = cache.recall(key)
        names = {key.user.casefold()} | (tokens.names if tokens else set())
        is_user = user is None or user.casefold() in names
        if key.target == place and is_user and client in (None, key.client):
            yield key


def _revoked(session: Session, key: Key) -> bool:
    """Revoke and drop what is kept under a key; return whether it was revoked."""
    from cognito_gw.app.sign_in import app_client
    from cognito_gw.oauth.token_endpoint import Renewal

    tokens, is_revoked = cache.recall(key), False
    if tokens and tokens.refresh_token and key.client in session.config.app_clients:
        try:
            renewal = Renewal(session.aws.sign_in, app_client(session, key.client))
            is_revoked = renewal.revoke(tokens.refresh_token)
        except Missing as gone:  # and its tokens with it
            session.trace(str(gone))
    cache.drop(key)
    return is_revoked


def _link(session: Session, name: str | None, page: str) -> str:
    """Return the link to a page of the pool's domain, for an app client."""
    from cognito_gw.app.sign_in import app_client, provider_of

    key = Wish(client=name).client_key(session)
    client = app_client(session, key)
    is_login, settings = page == "login", client.settings or {}
    query = sign_in_query(settings) if is_login else _sign_out_query(client)
    if query is None:
        where = "logout_urls" if page == "logout" else "callback_urls"
        raise UsageError(
            f"the app client {key} does not use the sign-in pages: it has no `{where}`",
            hint=f"add some to app_clients.{key}, then `cgw client`",
        )
    endpoint = provider_of(session, client).endpoint("authorization")
    return f"{endpoint.removesuffix(_AUTHORIZE)}/{page}?{urlencode(query)}"


def _sign_out_query(client: AppClient) -> dict[str, str] | None:
    if not client.logout_urls:
        return None
    return {"client_id": client.client_id, "logout_uri": client.logout_urls[0]}


COMMANDS = {"open": open_, "logout": logout}
