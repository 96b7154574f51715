"""`cgw call` and `cgw explain`: call the API, and explain why a call fails."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.request_options import RequestOptions
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.cli import completions
from cognito_gw.cli.command import command, fixes_shown
from cognito_gw.cli.options import (
    flow_option,
    request_options,
    token_option,
    who_options,
    without_path,
)
from cognito_gw.cli.output import block, say, say_content, styled
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import with_reading_context
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    import httpx

    from cognito_gw.app.api_client import ApiClient, Credential
    from cognito_gw.app.context import Context
    from cognito_gw.app.explain import Explained
    from cognito_gw.diagnosis.rule import Cause, Diagnosis


_WIDTH = 27


def show_causes(causes: list[Cause], *, err: bool = False) -> None:
    """Print each cause with its evidence, one value per line, and its fix."""
    for cause in causes:
        code = styled(cause.code, fg="red", bold=True)
        say("  ", code, f": {cause.summary}", err=err)
        for name, value in cause.evidence.items():
            shown = block("none" if value is None else str(value), " " * 6)
            say(f"    {name:<{_WIDTH}} ", shown, err=err)
        say(f"    fix: {cause.fix}", err=err)


def show_rest(diagnosis: Diagnosis, *, in_full: bool) -> None:
    """Print what is not known, and `in_full` what was ruled out."""
    if in_full:
        reasons = [rule["why"] for rule in diagnosis.ruled_out]
        for why in dict.fromkeys(reasons):
            say(styled(f"    {why}", dim=True))
    for fact in diagnosis.unknown:
        say(f"  not known: {fact['what']}: {fact['why']}")
        if fact["codes"]:
            say(f"    so it may also be: {', '.join(fact['codes'])}")


@command(
    "explain",
    "cgw explain",
    "cgw explain /transactions --token access",
    "cgw explain /orders --api-id a1b2c3d4e5 --stage dev",
)
@click.argument("path", required=False, shell_complete=completions.paths)
@without_path
@who_options
@flow_option
@token_option
@click.option("--api-id", metavar="ID", help="The ID of any REST API; no file is read.")
@click.option(
    "--stage",
    metavar="NAME",
    shell_complete=completions.stages,
    help="The stage. Default: the file's.",
)
@click.option(
    "--error",
    metavar="TEXT",
    help="The error text of a sign-in or a call; @FILE reads a file, - reads stdin. "
    "Works without a stack.",
)
@click.option(
    "--no-call",
    is_flag=True,
    help="Send nothing: diagnose from the configuration only.",
)
@with_reading_context
def explain(  # noqa: PLR0913 - its options
    context: Context,
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
    """Explain why a call fails and how to fix it.

    Sends the call, reads the deployed stage, and prints the causes, the most likely
    first, with evidence and fixes. PATH can be a whole URL of the API or of the sign-in
    page. Without PATH, it examines the sign-in and every route. It changes nothing, and
    exits with 0 also if it finds causes.
    """
    from cognito_gw.app import explain as explanation

    if path is None:
        options["data"] = None  # routes are called without a body
    request = explanation.ExplainRequest(
        explanation.ApiStage(context, api_id, stage),
        TokenRequest(user, client, flow),
        RequestOptions.of(options | {"path": path or "/"}),
        choice,
        sends=not no_call,
        is_exact=path is None,
    )
    explained = explanation.explain(request, path, error)
    diagnosis = fixes_shown(explained.diagnosis)
    _show_explained(context, replace(explained, diagnosis=diagnosis))


def _show_explained(context: Context, explained: Explained) -> None:
    from cognito_gw.app.explain import NOTHING_WRONG

    diagnosis = explained.diagnosis
    if context.options.as_json:
        show_json(explained.document())
        return
    if explained.route:
        say(styled(f"{explained.route}: {_spelled(explained.status)}", bold=True))
    if explained.routes is not None:
        _show_routes(explained.routes)
    show_causes(diagnosis.causes)
    if diagnosis.note:
        say(f"  {diagnosis.note}")
    has_no_cause = not diagnosis.causes and explained.routes is None
    if explained.verdict == NOTHING_WRONG:
        say(f"  {NOTHING_WRONG}")
    elif has_no_cause and diagnosis.ruled_out:
        say("  no cause found; ruled out:")
    is_verbose = context.options.verbose or (
        explained.verdict != NOTHING_WRONG and has_no_cause
    )
    routes = [route.route for route in explained.routes or ()]
    rest = [fact for fact in diagnosis.unknown if fact["what"] not in routes]
    show_rest(replace(diagnosis, unknown=rest), in_full=bool(is_verbose))


def _show_routes(routes: tuple[Explained, ...]) -> None:
    """Print the result of each route, or why none was called."""
    for route in routes:
        title = styled(f"{route.route}: {_spelled(route.status)}", bold=True)
        say(title, ": ", route.verdict)
    if not routes:
        say("the routes were not called: the sign-in fails first")


def _spelled(status: int | None) -> str:
    if status is None:
        return "not sent"
    known = {status.value: status.phrase for status in HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()


@command(
    "call",
    "cgw call /transactions",
    "cgw call /transactions -d '{\"amount\": 1}'",
    "cgw call /transactions --token none",
)
@request_options
@who_options
@token_option
@with_reading_context
def call(
    context: Context,
    *,
    user: str | None,
    client: str | None,
    choice: str | None,
    **options: Any,
) -> None:
    """Call the deployed API with the token that the method requires.

    Prints the body on stdout, and on stderr the status and the causes of an error.
    Exits with 0 for 2xx and 3xx, 4 for 4xx, 5 for 5xx. PATH can be a whole invoke URL.
    """
    from cognito_gw.diagnosis.exchange import Answer

    request = RequestOptions.of(options)  # first: it needs no AWS call
    api, path = _addressed(context, options["path"])
    request = request.at(path)
    token = api.credential(request, choice, TokenRequest(user, client))
    sent = api.sent(request, token)
    response = api.send(sent, request.body)
    causes: list[Cause] = []
    if response.is_error:
        causes = fixes_shown(api.explained(sent, Answer.of(response))).causes
    _show_response(context, response, token, causes)
    if response.is_error:
        raise SystemExit(response.status_code // 100)


def _addressed(context: Context, path: str) -> tuple[ApiClient, str]:
    """Return the API and the path to call: of the file, or of an invoke URL."""
    from cognito_gw.app.api_client import ApiClient
    from cognito_gw.app.explain import address_in, at_address, without_query

    address = address_in(path)
    if address is None:
        return ApiClient.of_stack(context), path
    found = at_address(context, address)
    if found is None:
        raise UsageError(
            f"`{without_query(address)}` is not the invoke URL of a REST API's stage",
            hint="such as https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH",
        )
    stage, rest = found
    return stage.client(), rest


def _show_response(
    context: Context, response: httpx.Response, token: Credential, causes: list[Cause]
) -> None:
    if context.options.as_json:
        show_json(
            {
                "status": response.status_code,
                "headers": dict(response.headers),
                "body": response.text,
                "token": token.kind,
                "causes": [cause.document() for cause in causes],
            }
        )
        return
    if not context.options.quiet:
        color = "red" if response.is_error else "green"
        status = f"{response.status_code} {response.reason_phrase}"
        say(styled(f"{status}  (token: {token.kind})", fg=color), err=True)
        show_causes(causes, err=True)
    say_content(response.content, response.text)


COMMANDS = {"call": call, "explain": explain}
