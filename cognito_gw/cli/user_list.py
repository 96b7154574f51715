"""`cgw user list`: who is in the pool."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli.people import look_at_pool
from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.printable import one_line
from cognito_gw.report.say import say

if TYPE_CHECKING:
    from datetime import datetime


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
    from cognito_gw.resources.people import users_of

    look_at_pool(session)
    found = users_of(session.stack.pool, session.aws)
    rows = [_document(session, each) for each in found]
    if session.settings.as_json:
        show_json({"users": rows})
    elif rows:
        _show(rows)
    elif not session.settings.quiet:
        say("no users yet", err=True)


def _document(session: Session, found: dict[str, Any]) -> dict[str, Any]:
    from cognito_gw.resources.people import attributes_of, is_called, sign_in_name

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


def _show(rows: list[dict[str, Any]]) -> None:
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
