"""`cgw open` and `cgw logout`: the sign-in page, and signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli import completions
from cognito_gw.cli.command import command
from cognito_gw.cli.options import of_pool, pool_options
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import open_page, with_reading_context
from cognito_gw.report.say import say_exactly

if TYPE_CHECKING:
    from cognito_gw.app.context import Context


@command("open", "cgw open", "cgw open --no-browser")
@click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="The app client. Default: the first that signs users in.",
)
@click.option("--no-browser", is_flag=True, help="Only print the URL.")
@pool_options
@with_reading_context
def open_(
    context: Context, *, client: str | None, no_browser: bool, **ids: Any
) -> None:
    """Open the sign-in page of the hosted UI, and print its URL.

    The page redirects to the first callback URL. Only `cgw token --flow browser` waits
    there for the response.
    """
    from cognito_gw.app.auth import page_url

    context = of_pool(context, ids)
    url = page_url(context, client, "login")
    if context.options.as_json:
        show_json({"url": url})
    else:
        say_exactly(url)
    if not no_browser and not open_page(url):
        context.ui.tell("no browser could be opened")


@command("logout", "cgw logout", "cgw logout --user alice@example.com --browser")
@click.option(
    "--user",
    metavar="NAME",
    shell_complete=completions.users,
    help="Only tokens of this user. Default: of all users.",
)
@click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="Only tokens of this app client. Default: of all app clients.",
)
@click.option(
    "--browser", is_flag=True, help="Also sign out of the sign-in pages in the browser."
)
@pool_options
@with_reading_context
def logout(
    context: Context, *, user: str | None, client: str | None, browser: bool, **ids: Any
) -> None:
    """Revoke cached refresh tokens and clear the cache.

    Tokens already issued stay valid until they expire: API Gateway does not check
    whether a token was revoked.
    """
    from cognito_gw.app.auth import page_url, sign_out

    context = of_pool(context, ids)
    dropped, revoked = sign_out(context, user, client)
    if context.options.as_json:
        show_json({"dropped": dropped, "revoked": revoked})
    else:
        context.ui.tell(f"{dropped} dropped, {revoked} of them revoked")
    if browser:
        open_page(page_url(context, client, "logout"))


COMMANDS = {"open": open_, "logout": logout}
