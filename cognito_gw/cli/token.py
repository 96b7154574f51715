"""`cgw token`: signs in and prints tokens."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.app.prompter import Prepared
from cognito_gw.app.sign_in import raw_token, tokens_for
from cognito_gw.app.token_request import Wish
from cognito_gw.cli import completions
from cognito_gw.cli.options import of_pool, pair, pool_options
from cognito_gw.cli.results import show_json
from cognito_gw.cli.settings import Command
from cognito_gw.errors import UsageError
from cognito_gw.gateway_rules import token_use
from cognito_gw.oauth import cache
from cognito_gw.oauth.flows import FLOWS
from cognito_gw.report.say import say, say_exactly, styled
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from typing import Any

    from cognito_gw.app.context import Session
    from cognito_gw.oauth.tokens import Tokens


def formatted(
    session: Session, tokens: Tokens, form: str, name: str | None
) -> list[str]:
    """Return lines of tokens as `env`, `header` or `curl`; `name` says which one."""
    if form == "env":
        return _env(tokens, name)
    name = name or ("id_token" if tokens.id_token else "access_token")
    header = session.config.api.authorizer.identity_source
    line = f"{header}: {raw_token(tokens, name)}"
    return [line if form == "header" else _curl(session, line, name)]


def _env(tokens: Tokens, name: str | None) -> list[str]:
    """Spell them as `export CGW_ID_TOKEN=…`, for `eval`."""
    names = [name] if name else ["id_token", "access_token", "refresh_token"]
    values = {each: getattr(tokens, each) for each in names}
    return [
        f"export CGW_{each.upper()}={shlex.quote(value)}"
        for each, value in values.items()
        if value is not None
    ]


def _curl(session: Session, line: str, name: str) -> str:
    """Spell a whole command line for a route that takes the token, if there is one."""
    parts = ["curl", "--header", line]
    if session.given is None and (url := _route_url(session, name)):
        verb, address = url
        parts += ([] if verb in ("GET", "ANY") else ["--request", verb]) + [address]
    return shlex.join(parts)


def _route_url(session: Session, name: str) -> tuple[str, str] | None:
    """Return method and URL of the first route that wants this kind of token."""
    from cognito_gw.resources.outputs import outputs

    session.look([session.stack.api, session.stack.pool])
    base = outputs(session.stack, session.links)["invoke_url"]
    for verb, path, route in session.stack.routes:
        wants = f"{token_use(route.scopes)}_token"
        if base and route.auth == "cognito" and wants == name:
            return verb, f"{base}{path}"
    return None


_KEPT = "kept"  # what `--decode` alone decodes
_FORMATS = ("env", "header", "curl")
_RAW = {"--id": "id_token", "--access": "access_token", "--refresh": "refresh_token"}


@click.command(
    "token",
    cls=Command,
    examples=(
        "TOKEN=$(cgw token --id)",
        "cgw token --scope transactions/write",
        "pbpaste | cgw token --decode -",
    ),
)
@click.option("--id", "id_token", is_flag=True, help="Print the raw ID token.")
@click.option(
    "--access", "access_token", is_flag=True, help="Print the raw access token."
)
@click.option(
    "--refresh", "refresh_token", is_flag=True, help="Print the raw refresh token."
)
@click.option(
    "--format",
    type=click.Choice(_FORMATS),
    help="env: lines for eval; header, curl: with the ID token, or as --access says.",
)
@click.option(
    "--decode",
    is_flag=False,
    flag_value=_KEPT,
    metavar="[-|@FILE]",
    help="Verify the tokens, or one from stdin or a file, and say what they open.",
)
@click.option(
    "--user",
    metavar="NAME",
    shell_complete=completions.users,
    help="Who signs in. Default: the first user of the file.",
)
@click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="The app client. Default: the first that gives such tokens.",
)
@click.option(
    "--flow",
    type=click.Choice(FLOWS),
    default="auto",
    show_default=True,
    metavar="FLOW",
    help=f"How to sign in: {', '.join(FLOWS)}. auto takes what the app client and "
    "the scopes allow.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    shell_complete=completions.scopes,
    help="A scope of the access token; may be repeated.",
)
@click.option(
    "--code",
    envvar="CGW_MFA_CODE",
    metavar="CODE",
    help="The code that Cognito sent, or that the authenticator app shows.",
)
@click.option(
    "--factor",
    "factors",
    multiple=True,
    metavar="FACTOR",
    help="How to sign in where Cognito lets one choose, such as EMAIL_OTP.",
)
@click.option(
    "--totp-secret",
    envvar="CGW_TOTP_SECRET_FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="An authenticator app's secret: codes are computed; set-up writes it.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="An attribute that the pool requires along with a new password.",
)
@click.option("--no-browser", is_flag=True, help="Print the link, open no browser.")
@click.option(
    "--timeout",
    type=int,
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the browser.",
)
@click.option("--forget", is_flag=True, help="Drop the kept tokens of this stack.")
@pool_options
@with_reading_session
def token(session: Session, **options: Any) -> None:
    """Sign in and show the tokens, their claims and their expiry.

    Tokens are kept until shortly before they expire, and refreshed silently. Passwords
    come from the file, CGW_PASSWORD and CGW_NEW_PASSWORD, or are asked for.
    """
    _check(options)
    session = of_pool(session, options)
    if options["forget"]:
        cache.forget(session.config.name)
    elif options["decode"] not in (None, _KEPT):
        from cognito_gw.cli.decode import show_given

        show_given(session, options["decode"])
    else:
        _hand_over(session, tokens_for(session, _wish(options)), options)


def _check(options: dict[str, Any]) -> None:
    """Refuse options of which only one could be obeyed."""
    raw = [name for name in _RAW if options[_RAW[name]]]
    others = [name for name in ("format", "decode", "forget") if options[name]]
    given = [*raw, *(f"--{name}" for name in others)]
    # `--format` with one of the tokens means that token.
    if len(given) > 1 and not (len(raw) == 1 and others == ["format"]):
        raise UsageError(f"{' and '.join(given)} exclude each other: choose one")


def _raw(options: dict[str, Any]) -> str | None:
    """Return which token alone is to be printed."""
    return next((name for name in _RAW.values() if options[name]), None)


def _wish(options: dict[str, Any]) -> Wish:
    attributes = dict(pair(each, "=", "--attribute") for each in options["attributes"])
    prepared = Prepared(
        options["code"], options["factors"], attributes, options["totp_secret"]
    )
    return Wish(
        options["user"],
        options["client"],
        options["flow"],
        tuple(scope for each in options["scopes"] for scope in each.split()),
        prepared,
        opens_browser=not options["no_browser"],
        seconds=options["timeout"],
    )


def _hand_over(session: Session, tokens: Tokens, options: dict[str, Any]) -> None:
    raw, form = _raw(options), options["format"]
    if form:
        say_exactly(*formatted(session, tokens, form, raw))
    elif options["decode"]:
        from cognito_gw.cli.decode import show_kept

        show_kept(session, tokens)
    elif raw:
        say_exactly(raw_token(tokens, raw))
    elif session.settings.as_json:
        show_json(tokens.document())
    else:
        _show(tokens)


def _show(tokens: Tokens) -> None:
    from cognito_gw.cli.decode import spelled
    from cognito_gw.oauth.tokens import claims_of

    for name, title in (("id_token", "ID token"), ("access_token", "access token")):
        value = getattr(tokens, name)
        if value is None:
            continue
        say(styled(title, bold=True))
        say(value)
        for claim, content in claims_of(value).items():
            say(f"  {one_line(claim):<22}{spelled(claim, content)}")
        say()
    whose = "both expire" if tokens.id_token else "it expires"
    say(f"{whose} in {tokens.expires_in // 60} minutes")


COMMANDS = {"token": token}
