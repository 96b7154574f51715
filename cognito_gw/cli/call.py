"""`cgw call`: calls the deployed API with the token that the method wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.api_client import token_option
from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.app.token_request import Wish, who_options
from cognito_gw.cli.explain import show_causes
from cognito_gw.cli.request_options import Requested, request_options
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command
from cognito_gw.errors import UsageError
from cognito_gw.report.say import say, say_content, styled

if TYPE_CHECKING:
    import httpx

    from cognito_gw.app.api_client import Calling, Credential
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
@with_reading_session
def call(
    session: Session,
    *,
    user: str | None,
    client: str | None,
    choice: str | None,
    **options: Any,
) -> None:
    """Call the deployed API with the token that the method wants.

    The body goes to stdout, the status to stderr, and why, where it is 4xx or 5xx. Exit
    0 for 2xx and 3xx, 4 for 4xx, 5 for 5xx. PATH may be a whole invoke URL.
    """
    from cognito_gw.diagnosis.exchange import Answer

    asked = Requested.of(options)  # first: a mistake in it needs no AWS
    calling, path = _addressed(session, options["path"])
    asked = asked.at(path)
    token = calling.credential(asked, choice, Wish(user, client))
    sent = calling.sent(asked, token)
    response = calling.send(sent, asked.body)
    causes: list[Cause] = []
    if response.is_error:
        causes = calling.explained(sent, Answer.of(response)).causes
    _show(session, response, token, causes)
    if response.is_error:
        raise SystemExit(response.status_code // 100)


def _addressed(session: Session, path: str) -> tuple[Calling, str]:
    """Return the stage and the path to call: of the file, or of an invoke URL."""
    from cognito_gw.app.api_client import Calling
    from cognito_gw.app.explain import Question, address_in, at_address, place_of

    address = address_in(path)
    if address is None:
        return Calling.of_stack(session), path
    question = Question(session, None, Wish(), None, None, True, False, {})
    found = at_address(question, address)
    if found is None:
        raise UsageError(
            f"`{place_of(address)}` is not the address of a REST API's stage",
            hint="such as https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH",
        )
    named, rest = found
    named = named.without_file() if named.api_id else named
    return named.calling(), rest


def _show(
    session: Session,
    response: httpx.Response,
    token: Credential,
    causes: list[Cause],
) -> None:
    if session.settings.as_json:
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
    if not session.settings.quiet:
        colour = "red" if response.is_error else "green"
        status = f"{response.status_code} {response.reason_phrase}"
        say(styled(f"{status}  (token: {token.kind})", fg=colour), err=True)
        show_causes(causes, err=True)
    say_content(response.content, response.text)


COMMANDS = {"call": call}
