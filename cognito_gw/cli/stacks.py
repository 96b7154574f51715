"""`cgw list`: the stacks of this account and Region."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.report.say import say

if TYPE_CHECKING:
    from cognito_gw.aws.clients import Aws


@click.command("list", cls=Command, examples=("cgw list", "cgw --local list -o json"))
@with_reading_session
def list_stacks(session: Session) -> None:
    """List the stacks of this account and Region, and when each was made.

    Finds them by their tag, so it needs no file. A resource that takes no tags is not
    counted.
    """
    from cognito_gw.config.schema import Config

    if not session.has_file:
        session = replace(session, given=Config(name="none"))
    stacks = _found(session.aws)
    if session.settings.as_json:
        show_json({"stacks": stacks})
        return
    if not stacks:
        say(f"no stacks in {session.aws.account.region}", err=True)
    for each in stacks:
        made = (each["created"] or "(unknown)")[:19].replace("T", " ")
        say(f"{each['name']:<32}{each['resources']:>4} resources  {made}")


def _found(aws: Aws) -> list[dict[str, Any]]:
    """Return the stacks, by name; what AWS has deleted and not forgotten is none."""
    from cognito_gw.aws.tags import creation, owned

    found = []
    for name, arns in sorted(owned(aws).items()):
        made = creation(aws, name)
        if made or any(":lambda:" in arn or ":logs:" in arn for arn in arns):
            found.append(
                {
                    "name": name,
                    "env": None,
                    "region": aws.account.region,
                    "resources": len(arns),
                    "created": made.isoformat() if made else None,
                }
            )
    return found


COMMANDS = {"list": list_stacks}
