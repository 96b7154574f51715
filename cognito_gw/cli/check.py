"""`cgw check`: verifies that every route enforces authorization."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.app.token_request import Wish
from cognito_gw.cli import completions
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command
from cognito_gw.errors import ExitCode, Missing, UsageError
from cognito_gw.report.say import say, styled
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from cognito_gw.config.model import Route
    from cognito_gw.oauth.probes import Knock

    Case = dict[str, Any]  # route, case, expected, got, ok

NOT_TRIED = "not tried"
_PATIENCE = 60.0  # seconds in which a new stage begins to answer


@click.command(
    "check",
    cls=Command,
    examples=(
        "cgw check",
        "cgw check --user alice --user 'GET /admin=bob'",
        "cgw check --junit check.xml",
    ),
)
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="'METHOD /path'",
    shell_complete=completions.routes,
    help="Only this route; may be repeated.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    metavar="NAME | 'ROUTE=NAME'",
    shell_complete=completions.users,
    help="Who signs in, or who signs in for one route; may be repeated. Default: the "
    "first user of the file.",
)
@click.option(
    "--include-writes",
    is_flag=True,
    help="Also call POST, PUT, PATCH and DELETE routes with a good token.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Write the results as JUnit XML, too.",
)
@with_reading_session
def check(
    session: Session,
    *,
    routes: tuple[str, ...],
    users: tuple[str, ...],
    include_writes: bool,
    junit: Path | None,
) -> None:
    """Verify that every route enforces authorization.

    Sends each route no token, forged tokens, the wrong tokens, and the right one. The
    right one calls the function, so it goes to GET, HEAD and OPTIONS only. Exit 1 when
    an answer is not the one that the file describes.
    """
    chosen = _chosen(session, routes)
    knocks = _knocks(session, chosen, users)
    cases = _tried(session, knocks, include_writes=include_writes)
    cases += [] if routes else _strangers(session)
    if junit:
        from cognito_gw.report.lines import write_junit

        write_junit(junit, f"cgw check {session.config.name}", cases)
    is_ok = all(case["ok"] for case in cases)
    if session.settings.as_json:
        show_json({"ok": is_ok, "cases": cases})
    else:
        _show(session, cases)
    if not is_ok:
        raise SystemExit(ExitCode.FAILED)


def _chosen(session: Session, names: tuple[str, ...]) -> dict[str, Route]:
    routes = session.config.api.routes
    for name in names:
        if name not in routes:
            what = f"no route `{name}` in the file"
            raise UsageError(unknown(what, name, routes))
    return {name: routes[name] for name in names or routes}


def _knocks(
    session: Session, routes: dict[str, Route], users: tuple[str, ...]
) -> list[Knock]:
    """Return what to try on the routes, signed in as the users."""
    from cognito_gw.app.security_check import Doors
    from cognito_gw.cli.options import pair
    from cognito_gw.oauth.probes import knocks

    named = dict(pair(each, "=", "--user") for each in users if " /" in each)
    everywhere = [each for each in users if " /" not in each]
    if len(everywhere) > 1:
        raise UsageError(
            "--user names more than one user for every route",
            hint="`--user 'GET /admin=bob'` names one for a single route",
        )
    if "" in (*everywhere, *named.values()):
        raise UsageError("--user names no user")
    _chosen(session, tuple(named))
    _invoke_url(session)  # before anybody signs in
    doors = Doors(session, Wish(everywhere[0] if everywhere else None), named)
    return [
        knock
        for name, settings in routes.items()
        for knock in knocks(doors.door(name, settings))
    ]


def _tried(
    session: Session, knocks: list[Knock], *, include_writes: bool
) -> list[Case]:
    """Try them on the deployed stage, some at a time."""
    from cognito_gw.oauth.probes import Waiting, tried

    url = _invoke_url(session)
    header = session.config.api.authorizer.identity_source

    def case_of(knock: Knock) -> Case:
        if knock.may_write and not include_writes:
            return knock.untried()
        return knock.case_at(url, header)

    aws = session.aws
    patience = 0.0 if session.is_local else _PATIENCE
    return tried(knocks, case_of, Waiting(aws.sleep, session.tell, patience))


def _invoke_url(session: Session) -> str:
    from cognito_gw.resources.outputs import outputs

    stack = session.stack
    if stack.api.live is None:
        session.look([stack.api, stack.stage] if stack.api.managed else [stack.api])
    url = outputs(stack, session.links)["invoke_url"]
    if url is None or (stack.api.managed and stack.stage.live is None):
        raise Missing(f"{stack.api} is not deployed yet", hint="run `cgw up` first")
    return str(url)


def _strangers(session: Session) -> list[Case]:
    """Return a case for each route of the API that the file does not know."""
    config = session.config.api
    known = {*config.routes}
    if config.cors:
        known |= {f"OPTIONS {name.split(' ', 1)[1]}" for name in config.routes}
    there = {
        f"{verb} {resource['path']}"
        for resource in session.stack.api["Resources"].values()
        for verb in resource.get("resourceMethods", {})
    }
    found = {"expected": "in the file", "got": "only in the API", "ok": False}
    return [
        {"route": route, "case": "known route"} | found
        for route in sorted(there - known)
    ]


def _show(session: Session, cases: list[Case]) -> None:
    """Print the cases under their routes; only failures when quiet."""
    route = None
    for case in cases:
        if case["ok"] and session.settings.quiet:
            continue
        if case["route"] != route:
            route = case["route"]
            say(styled(route, bold=True))
        mark, color = _mark(case)
        wanted = "" if case["ok"] else f"  expected: {case['expected']}"
        mark = styled(f"  {mark:<6}", fg=color)
        say(mark, f"{case['case']:<18} {case['got']}{wanted}")
    if not session.settings.quiet:
        say(_summary(cases), err=True)


def _mark(case: Case) -> tuple[str, str]:
    if not case["ok"]:
        return "FAIL", "red"
    return ("-", "yellow") if case["got"] == NOT_TRIED else ("ok", "green")


def _summary(cases: list[Case]) -> str:
    failures = sum(not case["ok"] for case in cases)
    untried = sum(case["got"] == NOT_TRIED for case in cases)
    tries = len(cases) - untried
    words = f"{tries} {'try' if tries == 1 else 'tries'}, "
    words += f"{failures or 'no'} failure{'' if failures == 1 else 's'}"
    if untried:
        words += f", {untried} not tried: --include-writes calls functions that write"
    return words


COMMANDS = {"check": check}
