"""`cgw explain`: why a call or a sign-in fails, and how to fix it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import click

from cognito_gw.app.api_client import token_option
from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.app.explain import Question, address_in, at_address, place_of
from cognito_gw.app.token_request import Wish, who_options
from cognito_gw.cli import completions
from cognito_gw.cli.options import given_body
from cognito_gw.cli.request_options import Requested, without_path
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.gateway_rules import split_route
from cognito_gw.oauth.flows import FLOWS
from cognito_gw.report.say import block, say, styled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.diagnosis.diagnose import Diagnosis
    from cognito_gw.diagnosis.rule import Cause


_WIDTH = 27


def show_causes(causes: list[Cause], *, err: bool = False) -> None:
    """Print each cause with its evidence, one value under the other, and its fix."""
    for cause in causes:
        code = styled(cause.code, fg="red", bold=True)
        say("  ", code, f": {cause.summary}", err=err)
        for name, value in cause.evidence.items():
            shown = block("none" if value is None else str(value), " " * 6)
            say(f"    {name:<{_WIDTH}} ", shown, err=err)
        say(f"    fix: {cause.fix}", err=err)


def show_rest(diagnosis: Diagnosis, *, in_full: bool) -> None:
    """Print what could not be told, and, with no cause, what was ruled out."""
    if in_full:
        reasons = [each["why"] for each in diagnosis.ruled_out]
        for why in dict.fromkeys(reasons):
            say(styled(f"    {why}", dim=True))
    for each in diagnosis.unknown:
        say(f"  not known: {each['what']}: {each['why']}")
        if each["codes"]:
            say(f"    so it may also be: {', '.join(each['codes'])}")


_SAFE = ("GET", "HEAD")
_GOOD = "nothing is wrong"
_VARIABLE = re.compile(r"\{[^}]+\}")


@dataclass(frozen=True)
class Explained:
    """One answer: of which route, with which status, and why."""

    diagnosis: Diagnosis
    route: str | None = None
    status: int | None = None
    routes: tuple[Explained, ...] | None = None  # each by itself, where all are asked

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        found: dict[str, Any] = {"status": self.status, "route": self.route}
        found |= self.diagnosis.document()
        if self.routes is not None:
            found["routes"] = [each.brief() for each in self.routes]
        return found

    def brief(self) -> dict[str, Any]:
        """Return which route it is, its answer, and the codes of the causes."""
        codes = [each.code for each in self.diagnosis.causes]
        return {"route": self.route, "status": self.status, "codes": codes}

    @property
    def verdict(self) -> str:
        """What is wrong, on one line."""
        diagnosis = self.diagnosis
        if codes := [each.code for each in diagnosis.causes]:
            return ", ".join(codes)
        if diagnosis.note or diagnosis.unknown:
            return diagnosis.note or diagnosis.unknown[0]["why"]
        if self.status and self.status >= HTTPStatus.BAD_REQUEST:
            return "no cause found"
        return _GOOD if all(each.verdict == _GOOD for each in self.routes or ()) else ""


@click.command(
    "explain",
    cls=Command,
    examples=(
        "cgw explain",
        "cgw explain /transactions --token access",
        "cgw explain /orders --api-id a1b2c3d4e5 --stage dev",
    ),
)
@click.argument("path", required=False, shell_complete=completions.paths)
@without_path
@who_options
@click.option(
    "--flow",
    type=click.Choice(FLOWS),
    default="auto",
    show_default=True,
    metavar="FLOW",
    help=f"How to sign in: {', '.join(FLOWS)}.",
)
@token_option
@click.option("--api-id", metavar="ID", help="Any REST API; no file is read then.")
@click.option(
    "--stage",
    metavar="NAME",
    shell_complete=completions.stages,
    help="The stage. Default: the file's.",
)
@click.option(
    "--error",
    metavar="TEXT",
    help="What an app was told: an error of a sign-in or of a call; @FILE reads a "
    "file, - reads stdin. No stack is needed.",
)
@click.option(
    "--no-call", is_flag=True, help="Send nothing: tell from how it is set up."
)
@with_reading_session
def explain(  # noqa: PLR0913 - its options
    session: Session,
    *,
    path: str | None,
    user: str | None,
    client: str | None,
    flow: str,
    choice: str | None,
    api_id: str | None,
    stage: str | None,
    error: str | None,
    no_call: bool,
    **options: Any,
) -> None:
    """Say why a call is refused or fails, and what mends it.

    Sends the call, reads what the stage serves, and names the causes, the most likely
    first, with what shows them and what mends them. PATH may be a whole address, of the
    API or of the sign-in page. Without PATH it looks at the sign-in and at every route.
    It changes nothing; exit 0 whenever it could look.
    """
    wish = Wish(user, client, flow)
    question = Question(
        session, choice, wish, stage, api_id, not no_call, path is None, options
    )
    if error is not None:
        explained = _of_sign_in(question, error, path)
    elif path is None:
        explained = _of_everything(question)
    elif address := address_in(path):
        explained = _of_address(question, address)
    else:
        explained = _of_call(question, path)
    _show(session, explained)


def _of_call(question: Question, path: str) -> Explained:
    """Explain one call; where there is no token to be had, why not."""
    from cognito_gw.app.explain import Attempts
    from cognito_gw.diagnosis.exchange import Answer

    question = question.without_file() if question.api_id else question
    asked = Requested.of(question.options | {"path": path})
    calling = question.calling()
    try:
        token = calling.credential(
            asked, question.choice, question.wish, is_exact=question.is_exact
        )
    except CgwError as problem:
        if question.api_id is not None:
            raise
        refused = Attempts(question.session, question.wish).refused(problem)
        if not refused.causes:
            raise
        return Explained(refused, " ".join(asked.route))
    sent = calling.sent(asked, token)
    route = " ".join(asked.route)
    if not question.sends:
        return Explained(calling.explained(sent, None), route)
    answer = Answer.of(calling.send(sent, asked.body))
    return Explained(calling.explained(sent, answer), route, answer.status)


def _of_address(question: Question, url: str) -> Explained:
    """Explain the address of a call, or one of the sign-in pages."""
    found = at_address(question, url)
    if found is None:
        return _of_pages(question, url)
    named, path = found
    return _of_call(named, path)


def _of_pages(question: Question, url: str) -> Explained:
    from cognito_gw.app.explain import Attempts

    parts = urlsplit(url)
    query = dict(parse_qsl(f"{parts.query}&{parts.fragment}"))
    if "client_id" not in query and "error" in query:
        return _of_sign_in(question, url, None)
    if "client_id" not in query:
        raise UsageError(
            f"`{place_of(url)}` is neither the address of a REST API's stage nor one "
            "of the sign-in pages with its `client_id`",
            hint="give an address with tokens to --token, beside the path of a call",
        )
    attempts = Attempts(question.session, question.wish)
    return Explained(attempts.asked(query))


def _of_sign_in(question: Question, words: str, path: str | None) -> Explained:
    from cognito_gw.app.explain import Attempts

    if path is not None:
        raise UsageError("--error names no path: give one or the other")
    told = (given_body(words) or b"").decode(errors="replace")
    return Explained(Attempts(question.session, question.wish).told(told))


def _of_everything(question: Question) -> Explained:
    """Explain the sign-in and all routes; call those that only read."""
    from cognito_gw.app.explain import Attempts
    from cognito_gw.diagnosis.diagnose import merged

    if question.api_id is not None:
        raise UsageError("--api-id needs the path of a call")
    found = [*Attempts(question.session, question.wish).in_file()]
    routes: tuple[Explained, ...] = ()
    if not any(each.causes for each in found):
        routes = tuple(_of_routes(question))
    whole = merged([*found, *(each.diagnosis for each in routes)])
    return Explained(whole, routes=routes)


def _of_routes(question: Question) -> Iterator[Explained]:
    from cognito_gw.diagnosis.diagnose import Diagnosis

    for route in question.session.config.api.routes:
        verb, path = split_route(route)
        options = question.options | {"verb": verb, "data": None}
        one = replace(question, options=options, sends=question.sends and verb in _SAFE)
        try:
            explained = _of_call(one, _VARIABLE.sub("cgw-explain", path))
            yield replace(explained, route=route)
        except CgwError as problem:
            why = f"{problem}"
            unknown = [{"what": route, "why": why, "codes": list[str]()}]
            yield Explained(Diagnosis(unknown=unknown), route)


def _show(session: Session, explained: Explained) -> None:
    diagnosis = explained.diagnosis
    if session.settings.as_json:
        show_json(explained.document())
        return
    if explained.route:
        say(styled(f"{explained.route}: {_spelled(explained.status)}", bold=True))
    if explained.routes is not None:
        _show_routes(explained.routes)
    show_causes(diagnosis.causes)
    if diagnosis.note:
        say(f"  {diagnosis.note}")
    is_strange = not diagnosis.causes and explained.routes is None
    if explained.verdict == _GOOD:
        say(f"  {_GOOD}")
    elif is_strange and diagnosis.ruled_out:
        say("  no cause found; this was ruled out:")
    is_verbose = session.settings.verbose or (explained.verdict != _GOOD and is_strange)
    told = [each.route for each in explained.routes or ()]
    untold = [each for each in diagnosis.unknown if each["what"] not in told]
    show_rest(replace(diagnosis, unknown=untold), in_full=bool(is_verbose))


def _show_routes(routes: tuple[Explained, ...]) -> None:
    """Print what became of each route, or why none was called."""
    for each in routes:
        say(
            styled(f"{each.route}: {_spelled(each.status)}", bold=True),
            ": ",
            each.verdict,
        )
    if not routes:
        say("the routes were not called: the sign-in fails first")


def _spelled(status: int | None) -> str:
    if status is None:
        return "not sent"
    known = {each.value: each.phrase for each in HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()


COMMANDS = {"explain": explain}
