"""`cgw user`: the users of the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.request_options import pair
from cognito_gw.app.users import (
    change,
    check_name,
    described,
    found,
    look_at_pool,
    person,
    require_attributes,
    require_groups,
    require_own_pool,
)
from cognito_gw.app.walks import failure_code
from cognito_gw.cli import completions
from cognito_gw.cli.command import Group, command
from cognito_gw.cli.options import (
    given_password,
    password_options,
    step_options,
    typed_password,
    yes_option,
)
from cognito_gw.cli.output import say
from cognito_gw.cli.results import show_json, show_steps
from cognito_gw.cli.stack import ask_before_deletion, take
from cognito_gw.cli.terminal import show_error, with_context, with_reading_context
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth.cache import forget
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cognito_gw.app.context import Context
    from cognito_gw.engine.resource import Action, Step
    from cognito_gw.resources.user import Person


@command(
    "groups",
    "cgw user groups alice@example.com",
    "cgw user groups alice@example.com --add readers",
)
@click.argument("name", shell_complete=completions.users)
@click.option(
    "--add",
    "joined",
    multiple=True,
    metavar="GROUP",
    shell_complete=completions.groups,
    help="Add the user to this group; can be repeated.",
)
@click.option(
    "--remove",
    "left",
    multiple=True,
    metavar="GROUP",
    shell_complete=completions.groups,
    help="Remove the user from this group; can be repeated.",
)
@with_reading_context
def groups(
    context: Context, *, name: str, joined: tuple[str, ...], left: tuple[str, ...]
) -> None:
    """Show the groups of a user, or change them."""
    if both := set(joined) & set(left):
        raise UsageError(f"--add and --remove both name {', '.join(sorted(both))}")
    if not joined and not left:
        _show(context, name)
        return
    require_own_pool(context)
    (person,) = found(context, [name], groups=[])
    require_groups(context, [*joined, *left])
    names = {*person["Groups"], *joined} - set(left)
    _change(context, [person], lambda user: user.regroup(context.aws, names))


def _show(context: Context, name: str) -> None:
    (person,) = found(context, [name], groups=[])
    names = sorted(person["Groups"])
    if context.options.as_json:
        show_json({"username": person.username, "groups": names})
        return
    for group in names:
        say(group)


@command("list", "cgw user list", "cgw user list -o json")
@with_reading_context
def list_users(context: Context) -> None:
    """List all users with their status, and whether they are in the file."""
    from cognito_gw.resources.user import users_of

    look_at_pool(context)
    rows = [
        described(context, found) for found in users_of(context.stack.pool, context.aws)
    ]
    if context.options.as_json:
        show_json({"users": rows})
    elif rows:
        _show_list(rows)
    elif not context.options.quiet:
        say("no users yet", err=True)


def _show_list(rows: list[dict[str, Any]]) -> None:
    names = [one_line(row["username"]) for row in rows]
    width = max(map(len, names))
    statuses = max(len(row["status"]) for row in rows)
    for name, row in zip(names, rows, strict=True):
        words = f"{name:<{width}}  {row['status']:<{statuses}}  "
        words += "enabled   " if row["enabled"] else "disabled  "
        say(f"{words}{'in the file' if row['in_file'] else ''}".rstrip())


def _change(
    context: Context, people: Sequence[Person], verb: Callable[[Person], Action]
) -> None:
    """Call `verb` for each user, print the results, and exit as the failures say."""
    steps = change(context, people, verb)
    if context.options.as_json:
        users = [_document(step) for step in steps]
        show_json({"stack": context.config.name, "users": users})
    for step in steps:
        if step.error:
            show_error(step.error)
        elif not context.options.as_json:
            show_steps([step])
    if code := failure_code(steps):
        raise SystemExit(code)


def _document(step: Step) -> dict[str, Any]:
    live = step.resource.live or {}
    document = {
        "username": step.resource.label,
        "action": step.word,
        "status": live.get("UserStatus"),
        "enabled": live.get("Enabled"),
    }
    return document | ({"error": str(step.error)} if step.error else {})


_several = click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="NAME...",
    shell_complete=completions.users,
)


def _people(context: Context, names: Sequence[str]) -> list[Person]:
    """Return the users to change; raise for an existing pool."""
    require_own_pool(context)
    return found(context, names)


@command("disable", "cgw user disable bob@example.com")
@_several
@with_reading_context
def disable(context: Context, *, names: tuple[str, ...]) -> None:
    """Disable users, so that they cannot sign in."""
    people = _people(context, names)
    _change(context, people, lambda user: user.disable(context.aws))


@command("enable", "cgw user enable bob@example.com")
@_several
@with_reading_context
def enable(context: Context, *, names: tuple[str, ...]) -> None:
    """Enable users, so that they can sign in again."""
    people = _people(context, names)
    _change(context, people, lambda user: user.enable(context.aws))


@command("confirm", "cgw user confirm bob@example.com")
@_several
@with_reading_context
def confirm(context: Context, *, names: tuple[str, ...]) -> None:
    """Confirm users who signed up, without a confirmation code."""
    people = _people(context, names)
    for member in people:
        if member.unconfirmable:
            raise member.unconfirmable
    _change(context, people, lambda user: user.confirm(context.aws))


@command(
    "remove",
    "cgw user remove bob@example.com",
    "cgw user remove bob@example.com carol@example.com --yes",
)
@_several
@yes_option
@with_reading_context
def remove(context: Context, *, names: tuple[str, ...], yes: bool) -> None:
    """Delete users from the pool."""
    from cognito_gw.resources.user import is_called

    people = _people(context, names)
    in_file = [user.username for user in context.config.users]
    for member in people:
        if is_called(context.stack.pool, member.live or {}, in_file):
            context.ui.tell(f"{member} is in the file: `cgw up` will create it again")
    if not yes:
        ask_before_deletion(context, people, "cgw user remove")
    forget(context.config.name)  # it has tokens of these users
    _change(context, people, lambda user: user.delete(context.aws))


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
@with_context
def user(context: Context, **options: bool) -> None:
    """Create the users of the file, with their passwords and groups.

    The subcommands work on any user of the pool.
    """
    if click.get_current_context().invoked_subcommand is None:
        take(context, "user", **options)
    elif any(options.values()):
        raise UsageError(
            "--with-deps, --dry-run and --yes are for `cgw user` without a subcommand"
        )


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
    help="A group of the user; can be repeated.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="An attribute of the user; can be repeated.",
)
@password_options
@with_reading_context
def add(context: Context, *, name: str, **options: Any) -> None:
    """Create a user who can sign in immediately.

    The password comes from CGW_PASSWORD, stdin or a prompt. Without a terminal, it is
    generated and shown once.
    """
    more = {
        "groups": sorted(set(options["names"])),
        "attributes": dict(
            pair(text, "=", "--attribute") for text in options["attributes"]
        ),
        "is_temporary": options["temporary"],
    }
    require_own_pool(context)
    check_name(context, name)
    given = given_password(context, from_stdin=options["password_stdin"])
    new = person(context, name, **more)
    look_at_pool(context, [new])
    require_attributes(context, new)
    if new.live is not None:
        raise CgwError(
            f"{new} already exists",
            hint="see `cgw user password` and `cgw user groups`",
        )
    require_groups(context, options["names"])
    new.password = given or typed_password(context, name)
    _change(context, [new], lambda user: user.create(context.aws))


@user.command(
    "password",
    examples=(
        "cgw user password alice@example.com",
        "cgw user password alice@example.com --temporary",
    ),
)
@click.argument("name", shell_complete=completions.users)
@password_options
@with_reading_context
def password(
    context: Context, *, name: str, temporary: bool, password_stdin: bool
) -> None:
    """Set a user's password.

    It comes from CGW_PASSWORD, stdin or a prompt. Without a terminal, it is generated
    and shown once.
    """
    require_own_pool(context)
    given = given_password(context, from_stdin=password_stdin)
    (person,) = found(context, [name], is_temporary=temporary)
    person.password = given or typed_password(context, person.username)
    _change(context, [person], lambda user: user.give_password(context.aws))


for subcommand in (list_users, groups, confirm, disable, enable, remove):
    user.add_command(subcommand)
COMMANDS = {"user": user}
