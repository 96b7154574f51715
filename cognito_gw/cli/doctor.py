"""`cgw doctor`: checks this machine and account for problems."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cognito_gw.app.context import Context, Options
from cognito_gw.cli.command import command, with_options
from cognito_gw.cli.output import block, say, styled
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import Terminal
from cognito_gw.errors import CgwError, ExitCode

if TYPE_CHECKING:
    from cognito_gw.doctor.finding import DoctorOptions, Finding

_MARKS = {
    "ok": ("ok", "green"),
    "warn": ("warn", "yellow"),
    "fail": ("FAIL", "red"),
    "skipped": ("skip", None),
}
_INDENT = " " * 23
_UNTRIED = "docs/aws.md lists what was never tested on a real AWS account"


@command("doctor", "cgw doctor", "cgw --local doctor")
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check this machine and account for problems and suggest fixes.

    Changes nothing. Exits with 1 if something will not work.
    """
    from cognito_gw.doctor.checkup import Checkup
    from cognito_gw.doctor.finding import examine

    options = ctx.ensure_object(Options)
    # A check of its own creates the state folder, and reports if that fails.
    context = Context(options, state=Path(os.devnull), ui=Terminal(options))
    asked = _asked(context)
    findings = {}
    for check, found in examine(Checkup(asked).checks()):
        finding = replace(found, fix=found.fix and with_options(found.fix))
        findings[check] = finding
        if not options.as_json:
            _show(check, finding, quiet=options.quiet)
    failed = sum(finding.state == "fail" for finding in findings.values())
    if options.as_json:
        checks = [finding.document(check) for check, finding in findings.items()]
        show_json({"ok": not failed, "checks": checks})
    elif not options.quiet:
        say(f"{len(findings)} checks, {failed or 'none'} failed", err=True)
        if not asked.is_local:
            say(_UNTRIED, err=True)
    if failed:
        raise SystemExit(ExitCode.FAILED)


def _asked(context: Context) -> DoctorOptions:
    from cognito_gw.doctor.finding import DoctorOptions

    options = context.options
    loaded = problem = None
    try:
        loaded = context.loaded if context.has_file else None
    except CgwError as error:  # a check reports it
        problem = error
    return DoctorOptions(
        options.config,
        loaded,
        problem,
        is_local=context.is_local if loaded else options.is_local,
        profile=options.profile,
        region=options.region,
        environment=context.environment,
        tell=context.ui.tell if options.verbose else None,
    )


def _show(check: str, finding: Finding, *, quiet: bool) -> None:
    """Print one finding; when quiet, only warnings and failures."""
    if quiet and finding.state in ("ok", "skipped"):
        return
    mark, color = _MARKS[finding.state]
    mark = styled(f"{mark:<6}", fg=color, dim=color is None)
    say(mark, f"{check:<17}", block(finding.found, _INDENT))
    if finding.fix:
        say(f"{_INDENT}fix: {finding.fix}")


COMMANDS = {"doctor": doctor}
