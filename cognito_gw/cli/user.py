"""`cgw user`: the users of the pool."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Session, with_reading_session, with_session
from cognito_gw.app.users import (
    change,
    check_name,
    found,
    look_at_pool,
    require_attributes,
    require_groups,
    require_own_pool,
)
from cognito_gw.cli import completions
from cognito_gw.cli.down import ask_before_deletion
from cognito_gw.cli.options import (
    given_password,
    pair,
    password_options,
    typed_password,
)
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command, Group
from cognito_gw.cli.steps import step_options, take
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth.cache import forget
from cognito_gw.report.say import say
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from datetime import datetime


@click.command(
    "groups",
    cls=Command,
    examples=(
        "cgw user groups alice@example.com",
        "cgw user groups alice@example.com --add readers",
    ),
)
@click.argument("name", shell_complete=completions.users)
@click.option(
    "--add",
    "joined",
    multiple=True,
    metavar="GROUP",
    shell_complete=completions.groups,
    help="Put the user into this group; may be repeated.",
)
@click.option(
    "--remove",
    "left",
    multiple=True,
    metavar="GROUP",
    shell_complete=completions.groups,
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


@click.command(
    "list",
    cls=Command,
    examples=(
        "cgw user list",
        "cgw user list -o json",
    ),
)
@with_reading_session
def list_users(session: Session) -> None:
    """List all users: status, enabled or disabled, in the file or not."""
    from cognito_gw.resources.user import users_of

    look_at_pool(session)
    found = users_of(session.stack.pool, session.aws)
    rows = [_document(session, each) for each in found]
    if session.settings.as_json:
        show_json({"users": rows})
    elif rows:
        _user_list_show(rows)
    elif not session.settings.quiet:
        say("no users yet", err=True)


def _document(session: Session, found: dict[str, Any]) -> dict[str, Any]:
    from cognito_gw.resources.user import attributes_of, is_called, sign_in_name

    pool, attributes = session.stack.pool, attributes_of(found)
    in_file = [each.username for each in session.config.users]
    return {
        "username": sign_in_name(pool, found),
        "sub": attributes.get("sub"),
        "status": found["UserStatus"],
        "enabled": found["Enabled"],
        "in_file": is_called(pool, found, in_file),
        "attributes": attributes,
        "created": _spelled(found["UserCreateDate"]),
    }


def _user_list_show(rows: list[dict[str, Any]]) -> None:
    names = [one_line(row["username"]) for row in rows]
    width = max(map(len, names))
    statuses = max(len(row["status"]) for row in rows)
    for name, row in zip(names, rows, strict=True):
        words = f"{name:<{width}}  {row['status']:<{statuses}}  "
        words += "enabled   " if row["enabled"] else "disabled  "
        say(f"{words}{'in the file' if row['in_file'] else ''}".rstrip())


def _spelled(moment: datetime) -> str:
    at = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


_several = click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="NAME...",
    shell_complete=completions.users,
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
    change(session, people, lambda each: each.disable(session.aws))


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
    change(session, people, lambda each: each.enable(session.aws))


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
    from cognito_gw.resources.user import is_called

    require_own_pool(session)
    people = found(session, names)
    in_file = [each.username for each in session.config.users]
    for each in people:
        if is_called(session.stack.pool, each.live or {}, in_file):
            session.tell(f"{each} is in the file: `cgw up` would make it anew")
    if not yes:
        ask_before_deletion(session, people, "cgw user remove")
    forget(session.config.name)  # or it would hand out tokens of who is no more
    change(session, people, lambda each: each.delete(session.aws))


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
    shell_complete=completions.groups,
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
    from cognito_gw.resources.user import person

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
    change(session, [new], lambda each: each.create(session.aws))


def _attributes(given: tuple[str, ...]) -> dict[str, str]:
    return dict(pair(each, "=", "--attribute") for each in given)


@user.command(
    "password",
    examples=(
        "cgw user password alice@example.com",
        "cgw user password alice@example.com --temporary",
    ),
)
@click.argument("name", shell_complete=completions.users)
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
