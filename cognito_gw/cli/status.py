"""`cgw status`: what exists, and what has drifted from the file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli.results import exists, show_json, show_outputs
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.report.say import line, say, styled

if TYPE_CHECKING:
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
        from cognito_gw.report.document import changes_document

        rows = [
            _row(step) | {"changes": changes_document(step.changes)} for step in steps
        ]
        rows += _unmanaged(session)
        show_json({"stack": session.config.name, "resources": rows})
    else:
        _show(session, steps)


def _looked_at(session: Session) -> list[Step]:
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.states import state_of
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
    from cognito_gw.engine.states import state_of

    resource = step.resource
    state = state_of(step)
    return {
        "kind": resource.kind,
        "name": resource.label,
        "id": resource.id,
        "state": state,
    }


def _unmanaged(session: Session) -> list[dict[str, Any]]:
    from cognito_gw.resources.leftovers import unmanaged

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


COMMANDS = {"status": status}
