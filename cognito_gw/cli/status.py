"""`cgw status` and `cgw list`: what exists, and what has drifted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.cli.results import exists, show_json, show_outputs
from cognito_gw.cli.settings import Command
from cognito_gw.report.say import line, say, styled

if TYPE_CHECKING:
    from cognito_gw.aws.clients import Aws
    from cognito_gw.engine.resource import Step


_COLOURS = {"ok": "green", "drifted": "yellow", "missing": "red", "unmanaged": "cyan"}


@click.command(
    "status",
    cls=Command,
    examples=(
        "cgw status",
        "cgw status -o json",
    ),
)
@with_reading_session
def status(session: Session) -> None:
    """Show what exists, its ids and links, and what has drifted from the file."""
    session.tell_unread()
    steps = _looked_at(session)
    if session.settings.as_json:
        from cognito_gw.report.lines import changes_document

        rows = [
            _row(step) | {"changes": changes_document(step.changes)} for step in steps
        ]
        rows += _unmanaged(session)
        show_json({"stack": session.config.name, "resources": rows})
    else:
        _show(session, steps)


def _looked_at(session: Session) -> list[Step]:
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.resource import state_of
    from cognito_gw.engine.walk import forward

    session.prepare()
    resources = session.stack.resources
    visit = partial(reconcile.plan, aws=session.aws)
    steps = session.walk(visit, forward(resources), resources, silently=True)
    for step in steps:
        if state_of(step) is None and step.error:
            raise step.error
    return steps


def _row(step: Step) -> dict[str, Any]:
    from cognito_gw.engine.resource import state_of

    resource = step.resource
    state = state_of(step)
    return {
        "kind": resource.kind,
        "name": resource.label,
        "id": resource.id,
        "state": state,
    }


def _unmanaged(session: Session) -> list[dict[str, Any]]:
    from cognito_gw.resources.unmanaged import unmanaged

    keys = ("kind", "name", "id")
    found = unmanaged(session.stack, session.aws)
    return [
        dict(zip(keys, each, strict=True)) | {"state": "unmanaged", "changes": {}}
        for each in found
    ]


def _show(session: Session, steps: list[Step]) -> None:
    from cognito_gw.report.lines import change_lines
    from cognito_gw.resources.outputs import outputs

    for step in steps:
        row = _row(step)
        _show_row(row)
        if row["state"] == "drifted":
            for each in change_lines(step.changes):
                say(each)
        if step.error:
            say(" " * 11, step.error)
    for row in _unmanaged(session):
        _show_row(row)
    say()
    values = outputs(session.stack, session.links)
    if exists(values):
        show_outputs(values)


def _show_row(row: dict[str, Any]) -> None:
    state = styled(f"{row['state']:<11}", fg=_COLOURS[row["state"]])
    has_id = row["id"] not in (None, row["name"])
    id_ = line("  ", styled(row["id"], dim=True)) if has_id else ""
    say(state, f"{row['kind']:<18}", row["name"], id_)


@click.command("list", cls=Command, examples=("cgw list", "cgw --local list -o json"))
@with_reading_session
def list_stacks(session: Session) -> None:
    """List the stacks of this account and Region, and when each was made.

    Finds them by their tag, so it needs no file. A resource that takes no tags is not
    counted.
    """
    from cognito_gw.config.model import Config

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


COMMANDS = {"status": status, "list": list_stacks}
