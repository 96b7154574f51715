"""A diagnosis as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cognito_gw.report.printable import printable

if TYPE_CHECKING:
    from cognito_gw.diagnosis.diagnose import Diagnosis
    from cognito_gw.diagnosis.rule import Cause

_WIDTH = 28


def show_causes(causes: list[Cause], *, err: bool = False) -> None:
    """Print each cause with its evidence, one value under the other, and its fix."""
    for cause in causes:
        code = click.style(cause.code, fg="red", bold=True)
        click.echo(f"  {code}: {printable(cause.summary)}", err=err)
        for name, value in cause.evidence.items():
            shown = "none" if value is None else printable(str(value))
            click.echo(f"    {name:<{_WIDTH}}{shown}", err=err)
        click.echo(f"    fix: {printable(cause.fix)}", err=err)


def show_rest(diagnosis: Diagnosis, *, in_full: bool) -> None:
    """Print what could not be told, and, with no cause, what was ruled out."""
    if in_full:
        reasons = [each["why"] for each in diagnosis.ruled_out]
        for why in dict.fromkeys(reasons):
            click.secho(f"    {why}", dim=True)
    for each in diagnosis.unknown:
        click.echo(f"  not known: {each['what']}: {printable(each['why'])}")
        if each["codes"]:
            click.echo(f"    so it may also be: {', '.join(each['codes'])}")
