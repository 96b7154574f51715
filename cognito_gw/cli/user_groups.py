"""`cgw user groups`: the groups of one user, shown and changed."""

from __future__ import annotations

import click

from cognito_gw.cli import offers
from cognito_gw.cli.people import (
    change,
    found,
    require_groups,
    require_own_pool,
)
from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.errors import UsageError
from cognito_gw.report.say import say


@click.command(
    "groups",
    cls=Command,
    examples=(
        "cgw user groups alice@example.com",
        "cgw user groups alice@example.com --add readers",
    ),
)
@click.argument("name", shell_complete=offers.users)
@click.option(
    "--add",
    "joined",
    multiple=True,
    metavar="GROUP",
    shell_complete=offers.groups,
    help="Put the user into this group; may be repeated.",
)
@click.option(
    "--remove",
    "left",
    multiple=True,
    metavar="GROUP",
    shell_complete=offers.groups,
    help="Take the user out of this group; may be repeated.",
)
@with_reading_session
def groups(
    session: Session, *, name: str, joined: tuple[str, ...], left: tuple[str, ...]
) -> None:
    """Show the groups of a user, or change them."""
    if both := set(joined) & set(left):
        raise UsageError(f"--add and --remove both name {', '.join(sorted(both))}")
    if not joined and not left:
        _show(session, name)
        return
    require_own_pool(session)
    (person,) = found(session, [name], groups=[])
    require_groups(session, [*joined, *left])
    wanted = {*person["Groups"], *joined} - set(left)
    change(session, [person], lambda each: each.regroup(session.aws, wanted))


def _show(session: Session, name: str) -> None:
    (person,) = found(session, [name], groups=[])
    names = sorted(person["Groups"])
    if session.settings.as_json:
        show_json({"username": person.username, "groups": names})
        return
    for each in names:
        say(each)
