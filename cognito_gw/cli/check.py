"""`cgw check`: verifies that every route enforces authorization."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli import completions
from cognito_gw.cli.command import command
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import with_reading_context
from cognito_gw.errors import ExitCode
from cognito_gw.report.say import say, styled

if TYPE_CHECKING:
    from cognito_gw.app.context import Context

    Case = dict[str, Any]  # route, case, expected, got, ok

NOT_TRIED = "not tried"


@command(
    "check",
    "cgw check",
    "cgw check --user alice --user 'GET /admin=bob'",
    "cgw check --junit check.xml",
)
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="'METHOD /path'",
    shell_complete=completions.routes,
    help="Only this route; can be repeated.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    metavar="NAME | 'ROUTE=NAME'",
    shell_complete=completions.users,
    help="The user who signs in, for all routes or for one; can be repeated. "
    "Default: the first user in the file.",
)
@click.option(
    "--include-writes",
    is_flag=True,
    help="Also call POST, PUT, PATCH and DELETE routes with the right token.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Also write the results as JUnit XML.",
)
@with_reading_context
def check(
    context: Context,
    *,
    routes: tuple[str, ...],
    users: tuple[str, ...],
    include_writes: bool,
    junit: Path | None,
) -> None:
    """Verify that every route enforces authorization.

    Calls each route without a token, with forged and wrong tokens, and with the right
    one. The right token invokes the function, so only GET, HEAD and OPTIONS routes get
    it. Exits with 1 if a response differs from what the file describes.
    """
    from cognito_gw.app.security_check import check_routes

    cases = check_routes(context, routes, users, include_writes=include_writes)
    if junit:
        from cognito_gw.report.lines import write_junit

        write_junit(junit, f"cgw check {context.config.name}", cases)
    is_ok = all(case["ok"] for case in cases)
    if context.options.as_json:
        show_json({"ok": is_ok, "cases": cases})
    else:
        _show(context, cases)
    if not is_ok:
        raise SystemExit(ExitCode.FAILED)


def _show(context: Context, cases: list[Case]) -> None:
    """Print the cases by route; only failures when quiet."""
    route = None
    for case in cases:
        if case["ok"] and context.options.quiet:
            continue
        if case["route"] != route:
            route = case["route"]
            say(styled(route, bold=True))
        mark, color = _mark(case)
        expected = "" if case["ok"] else f"  expected: {case['expected']}"
        mark = styled(f"  {mark:<6}", fg=color)
        say(mark, f"{case['case']:<18} {case['got']}{expected}")
    if not context.options.quiet:
        say(_summary(cases), err=True)


def _mark(case: Case) -> tuple[str, str]:
    if not case["ok"]:
        return "FAIL", "red"
    return ("-", "yellow") if case["got"] == NOT_TRIED else ("ok", "green")


def _summary(cases: list[Case]) -> str:
    failures = sum(not case["ok"] for case in cases)
    untried = sum(case["got"] == NOT_TRIED for case in cases)
    tries = len(cases) - untried
    words = f"{tries} {'check' if tries == 1 else 'checks'}, "
    words += f"{failures or 'no'} failure{'' if failures == 1 else 's'}"
    if untried:
        words += f", {untried} not tried: `--include-writes` includes routes that write"
    return words


COMMANDS = {"check": check}
