"""`cgw doctor`: whether this machine and this account are ready for cgw."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cognito_gw.app.context import Session
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command, Settings, with_options
from cognito_gw.errors import CgwError, ExitCode
from cognito_gw.report.say import block, say, styled

if TYPE_CHECKING:
    from cognito_gw.doctor.finding import DoctorOptions, Finding

_MARKS = {
    "ok": ("ok", "green"),
    "warn": ("warn", "yellow"),
    "fail": ("FAIL", "red"),
    "skipped": ("skip", None),
}
_INDENT = " " * 23
_UNTRIED = "what has never been tried on a real AWS account: see docs/aws.md"


@click.command(
    "doctor",
    cls=Command,
    examples=(
        "cgw doctor",
        "cgw --local doctor",
    ),
)
@click.pass_context
def doctor(context: click.Context) -> None:
    """Check that this machine and this account are ready, and say how to mend them.

    Changes nothing, here or there. Exit 1 when something will not work.
    """
    from cognito_gw.doctor.checkup import Checkup
    from cognito_gw.doctor.finding import examine

    # The place for state may be what is wrong: it is made, and judged, by its check.
    session = Session(context.ensure_object(Settings), state=Path(os.devnull))
    settings = session.settings
    asked = _asked(session)
    findings = {}
    for check, found in examine(Checkup(asked).checks()):
        finding = replace(found, fix=found.fix and with_options(found.fix))
        findings[check] = finding
        if not settings.as_json:
            _show(check, finding, quiet=settings.quiet)
    failed = sum(finding.state == "fail" for finding in findings.values())
    if settings.as_json:
        checks = [finding.document(check) for check, finding in findings.items()]
        show_json({"ok": not failed, "checks": checks})
    elif not settings.quiet:
        say(f"{len(findings)} checks, {failed or 'none'} failed", err=True)
        if not asked.is_local:
            say(_UNTRIED, err=True)
    if failed:
        raise SystemExit(ExitCode.FAILED)


def _asked(session: Session) -> DoctorOptions:
    from cognito_gw.doctor.finding import DoctorOptions

    settings = session.settings
    loaded = problem = None
    try:
        loaded = session.loaded if session.has_file else None
    except CgwError as error:  # it is one of the findings
        problem = error
    return DoctorOptions(
        settings.config,
        loaded,
        problem,
        is_local=session.is_local if loaded else settings.is_local,
        profile=settings.profile,
        region=settings.region,
        environment=session.environment,
        tell=session.tell if settings.verbose else None,
    )


def _show(check: str, finding: Finding, *, quiet: bool) -> None:
    """Print one finding; when quiet, only what asks for something."""
    if quiet and finding.state in ("ok", "skipped"):
        return
    mark, colour = _MARKS[finding.state]
    mark = styled(f"{mark:<6}", fg=colour, dim=colour is None)
    say(mark, f"{check:<17}", block(finding.found, _INDENT))
    if finding.fix:
        say(f"{_INDENT}fix: {finding.fix}")


COMMANDS = {"doctor": doctor}
