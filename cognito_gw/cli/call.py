"""`cgw call`: calls the deployed API with the token that the method requires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.request_options import RequestOptions
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.cli.command import Command, fixes_shown
from cognito_gw.cli.explain import show_causes
from cognito_gw.cli.options import request_options, token_option, who_options
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import with_reading_context
from cognito_gw.errors import UsageError
from cognito_gw.report.say import say, say_content, styled

if TYPE_CHECKING:
    import httpx

    from cognito_gw.app.api_client import ApiClient, Credential
    from cognito_gw.app.context import Context
    from cognito_gw.diagnosis.rule import Cause


@click.command(
    "call",
    cls=Command,
    examples=(
        "cgw call /transactions",
        "cgw call /transactions -d '{\"amount\": 1}'",
        "cgw call /transactions --token none",
    ),
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
    _show(context, response, token, causes)
    if response.is_error:
        raise SystemExit(response.status_code // 100)


def _addressed(context: Context, path: str) -> tuple[ApiClient, str]:
    """Return the API and the path to call: of the file, or of an invoke URL."""
    from cognito_gw.app.api_client import ApiClient
    from cognito_gw.app.explain import (
        ExplainRequest,
        address_in,
        at_address,
        without_query,
    )

    address = address_in(path)
    if address is None:
        return ApiClient.of_stack(context), path
    request = ExplainRequest(context, None, TokenRequest(), None, None, True, False, {})
    found = at_address(request, address)
    if found is None:
        raise UsageError(
            f"`{without_query(address)}` is not the invoke URL of a REST API's stage",
            hint="such as https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH",
        )
    named, rest = found
    named = named.without_file() if named.api_id else named
    return named.client(), rest


def _show(
    context: Context,
    response: httpx.Response,
    token: Credential,
    causes: list[Cause],
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


COMMANDS = {"call": call}
