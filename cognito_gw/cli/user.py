"""`cgw user`: the tutorial's step, and the commands for every user of the pool."""

from __future__ import annotations

from typing import Any

import click

from cognito_gw.cli import offers
from cognito_gw.cli.inputs import pair
from cognito_gw.cli.passwords import given_password, password_options, typed_password
from cognito_gw.cli.people import (
    change,
    check_name,
    found,
    look_at_pool,
    require_attributes,
    require_groups,
    require_own_pool,
)
from cognito_gw.cli.session import Session, with_reading_session, with_session
from cognito_gw.cli.settings import Group
from cognito_gw.cli.steps import step_options, take
from cognito_gw.cli.user_groups import groups
from cognito_gw.cli.user_list import list_users
from cognito_gw.cli.user_state import confirm, disable, enable, remove
from cognito_gw.errors import CgwError, UsageError


@click.group(
    "user",
    cls=Group,
    invoke_without_command=True,
    examples=(
        "cgw user",
        "cgw user list",
        "cgw user add bob@example.com --group readers",
    ),
)
@step_options
@with_session
def user(session: Session, **options: bool) -> None:
    """Make the users, set their passwords once, put them into groups.

    Alone, it does so for the users of the file; its commands are for every user of
    the pool.
    """
    if click.get_current_context().invoked_subcommand is None:
        take(session, "user", **options)
    elif any(options.values()):
        raise UsageError("--with-deps, --dry-run and --yes are for `cgw user` alone")


user.other_words = {
    "ls": "list",
    "show": "list",
    "delete": "remove",
    "destroy": "remove",
    "rm": "remove",
    "create": "add",
    "new": "add",
    "invite": "add",
    "passwd": "password",
    "group": "groups",
}


@user.command(
    "add",
    examples=(
        "cgw user add bob@example.com --group readers",
        "cgw user add bob@example.com --password-stdin < password.txt",
    ),
)
@click.argument("name")
@click.option(
    "--group",
    "names",
    multiple=True,
    metavar="GROUP",
    shell_complete=offers.groups,
    help="A group to put the user into; may be repeated.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="An attribute beside the address; may be repeated.",
)
@password_options
@with_reading_session
def add(session: Session, *, name: str, **options: Any) -> None:
    """Make a user who can sign in at once.

    The password comes from CGW_PASSWORD or stdin, or is asked for; without a terminal
    one is made up and shown this once.
    """
    from cognito_gw.resources.people import person

    more = {
        "groups": sorted(set(options["names"])),
        "attributes": _attributes(options["attributes"]),
        "is_temporary": options["temporary"],
    }
    require_own_pool(session)
    check_name(session, name)
    given = given_password(session, from_stdin=options["password_stdin"])
    new = person(session.stack, name, **more)
    look_at_pool(session, [new])
    require_attributes(session, more["attributes"])
    if new.live is not None:
        raise CgwError(
            f"{new} exists already",
            hint="see `cgw user password` and `cgw user groups`",
        )
    require_groups(session, options["names"])
    new.password = given or typed_password(session, name)
    change(session, [new], lambda each: each.appear(session.aws))


def _attributes(given: tuple[str, ...]) -> dict[str, str]:
    return dict(pair(each, "=", "--attribute") for each in given)


@user.command(
    "password",
    examples=(
        "cgw user password alice@example.com",
        "cgw user password alice@example.com --temporary",
    ),
)
@click.argument("name", shell_complete=offers.users)
@password_options
@with_reading_session
def password(
    session: Session, *, name: str, temporary: bool, password_stdin: bool
) -> None:
    """Set a user's password.

    It comes from CGW_PASSWORD or stdin, or is asked for; without a terminal one is
    made up and shown this once.
    """
    require_own_pool(session)
    given = given_password(session, from_stdin=password_stdin)
    (person,) = found(session, [name], is_temporary=temporary)
    person.password = given or typed_password(session, person.username)
    change(session, [person], lambda each: each.give_password(session.aws))


for command in (list_users, groups, confirm, disable, enable, remove):
    user.add_command(command)
COMMANDS = {"user": user}
