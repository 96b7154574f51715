"""`cgw user disable|enable|confirm|remove`: what befalls users, several at once."""

from __future__ import annotations

import click

from cognito_gw.cli import offers
from cognito_gw.cli.down import ask_before_deletion
from cognito_gw.cli.people import change, found, require_own_pool
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.oauth.cache import forget

_several = click.argument(
    "names", nargs=-1, required=True, metavar="NAME...", shell_complete=offers.users
)


@click.command(
    "disable",
    cls=Command,
    examples=("cgw user disable bob@example.com",),
)
@_several
@with_reading_session
def disable(session: Session, *, names: tuple[str, ...]) -> None:
    """Keep users from signing in."""
    require_own_pool(session)
    people = found(session, names)
    change(session, people, lambda each: each.shut_out(session.aws))


@click.command(
    "enable",
    cls=Command,
    examples=("cgw user enable bob@example.com",),
)
@_several
@with_reading_session
def enable(session: Session, *, names: tuple[str, ...]) -> None:
    """Let users sign in again."""
    require_own_pool(session)
    people = found(session, names)
    change(session, people, lambda each: each.let_in(session.aws))


@click.command(
    "confirm",
    cls=Command,
    examples=("cgw user confirm bob@example.com",),
)
@_several
@with_reading_session
def confirm(session: Session, *, names: tuple[str, ...]) -> None:
    """Confirm users who signed up, without the code that was sent to them."""
    require_own_pool(session)
    people = found(session, names)
    for each in people:
        if each.unconfirmable:
            raise each.unconfirmable
    change(session, people, lambda each: each.confirm(session.aws))


@click.command(
    "remove",
    cls=Command,
    examples=(
        "cgw user remove bob@example.com",
        "cgw user remove bob@example.com carol@example.com --yes",
    ),
)
@_several
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_reading_session
def remove(session: Session, *, names: tuple[str, ...], yes: bool) -> None:
    """Remove users from the pool, for good."""
    from cognito_gw.resources.people import is_called

    require_own_pool(session)
    people = found(session, names)
    in_file = [each.username for each in session.config.users]
    for each in people:
        if is_called(session.stack.pool, each.live or {}, in_file):
            session.tell(f"{each} is in the file: `cgw up` would make it anew")
    if not yes:
        ask_before_deletion(session, people, "cgw user remove")
    forget(session.config.name)  # or it would hand out tokens of who is no more
    change(session, people, lambda each: each.vanish(session.aws))
