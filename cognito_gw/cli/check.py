"""`cgw check`: proves that the API is secured, by trying to get in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli import offers
from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_reading_session
from cognito_gw.cli.settings import Command
from cognito_gw.cli.wish import Wish
from cognito_gw.errors import ExitCode, Missing, UsageError
from cognito_gw.report.say import say, styled

if TYPE_CHECKING:
    from cognito_gw.config.schema import Route

    Case = dict[str, Any]  # route, case, expected, got, ok

_AT_ONCE = 8


@click.command(
    "check",
    cls=Command,
    examples=(
        "cgw check",
        "cgw check --route 'GET /transactions'",
        "cgw check --junit check.xml",
    ),
)
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="'METHOD /path'",
    shell_complete=offers.routes,
    help="Only this route; may be repeated.",
)
@click.option(
    "--user",
    metavar="NAME",
    shell_complete=offers.users,
    help="Who signs in. Default: the first user of the file.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Write the results as JUnit XML, too.",
)
@with_reading_session
def check(
    session: Session, *, routes: tuple[str, ...], user: str | None, junit: Path | None
) -> None:
    """Prove that the API is secured: try to get in, by all routes.

    Without a token, with forged ones, with the wrong ones, and with the right one,
    which calls the function. Exit 1 when an answer is not the one that the file wants.
    """
    chosen = _chosen(session, routes)
    cases = _tried(session, chosen, Wish(user))
    cases += [] if routes else _strangers(session)
    if junit:
        from cognito_gw.report.junit import write_junit

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
            there = ", ".join(routes)
            raise UsageError(f"no route `{name}` in the file; there are: {there}")
    return {name: routes[name] for name in names or routes}


def _tried(session: Session, routes: dict[str, Route], wish: Wish) -> list[Case]:
    """Try the routes on the deployed stage, some at a time."""
    from cognito_gw.cli.doors import Doors
    from cognito_gw.oauth.knocking import knocks

    url = _invoke_url(session)
    header = session.config.api.authorizer.identity_source
    doors = Doors(session, wish)
    tries = [
        knock
        for name, settings in routes.items()
        for knock in knocks(doors.door(name, settings))
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda knock: knock.case_at(url, header), tries))


def _invoke_url(session: Session) -> str:
    from cognito_gw.resources.outputs import outputs

    stack = session.stack
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
    """Print the cases under their routes; only those that surprise when quiet."""
    route = None
    for case in cases:
        if case["ok"] and session.settings.quiet:
            continue
        if case["route"] != route:
            route = case["route"]
            say(styled(route, bold=True))
        mark, colour = ("ok", "green") if case["ok"] else ("HOLE", "red")
        wanted = "" if case["ok"] else f"  expected: {case['expected']}"
        mark = styled(f"  {mark:<6}", fg=colour)
        say(mark, f"{case['case']:<18} {case['got']}{wanted}")
    if not session.settings.quiet:
        holes = sum(not case["ok"] for case in cases)
        say(f"{len(cases)} tries, {holes or 'no'} surprises", err=True)


COMMANDS = {"check": check}
