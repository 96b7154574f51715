"""`cgw call`: calls the deployed API with the token that the method wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli.inputs import given_token
from cognito_gw.cli.requested import Requested, request_options
from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command
from cognito_gw.cli.signing_in import raw_token, tokens_for
from cognito_gw.cli.wish import NeedsPerson, Wish, who_options
from cognito_gw.errors import Missing

if TYPE_CHECKING:
    import httpx

    from cognito_gw.oauth.causes import Cause
    from cognito_gw.oauth.tokens import Tokens


@dataclass(frozen=True)
class Credential:
    """What is sent as the token, and how it was come by."""

    kind: str  # id, access, none or given
    value: str | None

    def __repr__(self) -> str:
        """Show how it was come by, not what it is."""
        return f"Credential({self.kind})"


@click.command("call", cls=Command)
@request_options
@who_options
@click.option(
    "--token",
    "choice",
    metavar="id|access|none|RAW|@FILE|-",
    help="Default: the one that the method wants.",
)
@with_session
def call(
    session: Session,
    *,
    user: str | None,
    client: str | None,
    choice: str | None,
    **options: Any,
) -> None:
    """Call the deployed API with the right token: cgw call /transactions.

    The body goes to stdout, the status to stderr. Exit 0 for 2xx and 3xx, 4 for 4xx,
    5 for 5xx.
    """
    from cognito_gw.oauth.causes import causes_of
    from cognito_gw.oauth.request import message_in, send
    from cognito_gw.routing import Router

    asked = Requested.of(options)
    url = _invoke_url(session)
    router = Router(session.stack.api["Resources"].values())
    found = router.match(*asked.route)
    method = found.method if found else None
    credential = _credential(session, choice, method, Wish(user, client))
    sent = asked.headers
    if credential.value is not None:
        header = session.config.api.authorizer.identity_source
        sent = [(header, credential.value), *sent]
    response = send(asked.verb, url + asked.path, sent, asked.query, asked.body)
    causes = causes_of(
        response.status_code, message_in(response), credential.value, method
    )
    _show(session, response, credential, causes)
    if response.is_error:
        raise SystemExit(response.status_code // 100)


def _invoke_url(session: Session) -> str:
    from cognito_gw.resources.outputs import outputs

    stack = session.stack
    session.look([stack.api, stack.pool])
    url = outputs(stack, session.links)["invoke_url"]
    if url is None:
        raise Missing(f"{stack.api} does not exist yet", hint="run `cgw up` first")
    return str(url)


def _credential(
    session: Session, choice: str | None, method: dict[str, Any] | None, wish: Wish
) -> Credential:
    kind = choice or _wanted(method)
    if kind == "none":
        return Credential("none", None)
    if kind not in ("id", "access"):
        return Credential("given", given_token(kind))
    scopes = (method or {}).get("authorizationScopes") or []
    tokens = _tokens(session, wish, scopes if kind == "access" else [])
    return Credential(kind, raw_token(tokens, f"{kind}_token"))


def _tokens(session: Session, wish: Wish, scopes: list[str]) -> Tokens:
    """Return tokens with a scope that the method wants, where they are to be had."""
    fitting = wish.for_method(session, scopes)
    try:
        return tokens_for(session, fitting)
    except NeedsPerson as problem:
        session.tell(f"{problem}: this call goes with one without")
        return tokens_for(session, wish)


def _wanted(method: dict[str, Any] | None) -> str:
    """Return which token a method wants: by its scopes, as the authorizer decides."""
    if method is None or method["authorizationType"] == "NONE":
        return "none"
    return "access" if method.get("authorizationScopes") else "id"


def _show(
    session: Session,
    response: httpx.Response,
    credential: Credential,
    causes: list[Cause],
) -> None:
    if session.settings.as_json:
        show_json(
            {
                "status": response.status_code,
                "headers": dict(response.headers),
                "body": response.text,
                "token": credential.kind,
                "causes": [cause.document() for cause in causes],
            }
        )
        return
    if not session.settings.quiet:
        colour = "red" if response.is_error else "green"
        status = f"{response.status_code} {response.reason_phrase}"
        click.secho(f"{status}  (token: {credential.kind})", fg=colour, err=True)
        for cause in causes:
            click.echo(f"  {cause.code}: {cause.summary}", err=True)
            click.echo(f"  fix: {cause.fix}", err=True)
    click.echo(response.content)


COMMANDS = {"call": call}
