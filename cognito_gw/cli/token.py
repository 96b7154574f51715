"""`cgw token`, `open` and `logout`: sign in, print tokens, and sign out."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.auth import page_url, raw_token, sign_out, tokens_for
from cognito_gw.app.stack_state import outputs
from cognito_gw.app.walks import look
from cognito_gw.cli import completions
from cognito_gw.cli.command import command
from cognito_gw.cli.options import (
    client_option,
    of_pool,
    pool_options,
    sign_in_options,
    token_request,
)
from cognito_gw.cli.output import say, say_exactly, styled
from cognito_gw.cli.results import exports, show_json
from cognito_gw.cli.terminal import open_page, with_reading_context
from cognito_gw.errors import ExitCode, UsageError
from cognito_gw.gateway_rules import token_use
from cognito_gw.oauth import cache
from cognito_gw.oauth.tokens import claims_of, header_of, in_words
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from cognito_gw.app.context import Context
    from cognito_gw.app.decode import Decoded
    from cognito_gw.oauth.tokens import Tokens


def formatted(
    context: Context, tokens: Tokens, form: str, name: str | None
) -> list[str]:
    """Return tokens as lines: `env`, `header` or `curl`; `name` selects one."""
    if form == "env":
        return _env(tokens, name)
    name = name or ("id_token" if tokens.id_token else "access_token")
    header = context.config.api.authorizer.identity_source
    line = f"{header}: {raw_token(tokens, name)}"
    return [line if form == "header" else _curl(context, line, name)]


def _env(tokens: Tokens, name: str | None) -> list[str]:
    """Return lines such as `export CGW_ID_TOKEN=…`, for `eval`."""
    names = [name] if name else ["id_token", "access_token", "refresh_token"]
    values = {f"CGW_{key.upper()}": getattr(tokens, key) for key in names}
    return exports({key: value for key, value in values.items() if value is not None})


def _curl(context: Context, line: str, name: str) -> str:
    """Return a command line, for a route that accepts the token if there is one."""
    parts = ["curl", "--header", line]
    if context.given is None and (url := _route_url(context, name)):
        verb, address = url
        parts += ([] if verb in ("GET", "ANY") else ["--request", verb]) + [address]
    return shlex.join(parts)


def _route_url(context: Context, name: str) -> tuple[str, str] | None:
    """Return method and URL of the first route that requires this kind of token."""
    look(context, [context.stack.api, context.stack.pool])
    base = outputs(context)["invoke_url"]
    for verb, path, route in context.stack.routes:
        required = f"{token_use(route.scopes)}_token"
        if base and route.auth == "cognito" and required == name:
            return verb, f"{base}{path}"
    return None


_KEPT = "kept"  # `--decode` without a value: the tokens of the sign-in
_FORMATS = ("env", "header", "curl")
_RAW = {"--id": "id_token", "--access": "access_token", "--refresh": "refresh_token"}


@command(
    "token",
    "TOKEN=$(cgw token --id)",
    "cgw token --scope transactions/write",
    "pbpaste | cgw token --decode -",
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
    help="Verify the tokens, or one from stdin or a file, and list their routes.",
)
@sign_in_options
@click.option("--forget", is_flag=True, help="Clear the cached tokens of this stack.")
@pool_options
@with_reading_context
def token(context: Context, **options: Any) -> None:
    """Sign in and show the tokens, their claims and their expiry.

    Tokens are cached and refreshed. Passwords come from the file, from CGW_PASSWORD and
    CGW_NEW_PASSWORD, or from a prompt.
    """
    _check(options)
    context = of_pool(context, options)
    if options["forget"]:
        cache.forget(context.config.name)
    elif options["decode"] not in (None, _KEPT):
        from cognito_gw.app.decode import Decoder, given_jwt

        decoded = Decoder(context).decoded(given_jwt(options["decode"]))
        _show_decoded(context, [decoded], decoded.document())
    else:
        _show_tokens(context, tokens_for(context, token_request(options)), options)


def _check(options: dict[str, Any]) -> None:
    """Raise for options that exclude each other."""
    raw = [name for name in _RAW if options[_RAW[name]]]
    others = [name for name in ("format", "decode", "forget") if options[name]]
    given = [*raw, *(f"--{name}" for name in others)]
    # `--format` with one of the tokens means that token.
    if len(given) > 1 and not (len(raw) == 1 and others == ["format"]):
        raise UsageError(f"{' and '.join(given)} cannot be combined")


def _raw(options: dict[str, Any]) -> str | None:
    """Return the name of the one token to print, if any."""
    return next((name for name in _RAW.values() if options[name]), None)


def _show_tokens(context: Context, tokens: Tokens, options: dict[str, Any]) -> None:
    raw, form = _raw(options), options["format"]
    if form:
        say_exactly(*formatted(context, tokens, form, raw))
    elif options["decode"]:
        _decode(context, tokens)
    elif raw:
        say_exactly(raw_token(tokens, raw))
    elif context.options.as_json:
        show_json(tokens.document())
    else:
        _show_all(tokens)


def _show_all(tokens: Tokens) -> None:
    for name, title in (("id_token", "ID token"), ("access_token", "access token")):
        value = getattr(tokens, name)
        if value is None:
            continue
        say(styled(title, bold=True))
        say(value)
        for claim, content in claims_of(value).items():
            say(f"  {one_line(claim):<22}{_spelled(claim, content)}")
        say()
    whose = "both expire" if tokens.id_token else "it expires"
    say(f"{whose} in {tokens.expires_in // 60} minutes")


_TITLES = {"id": "ID token", "access": "access token"}


def _decode(context: Context, tokens: Tokens) -> None:
    """Decode the tokens of a sign-in."""
    from cognito_gw.app.decode import Decoder

    both = {"id_token": tokens.id_token, "access_token": tokens.access_token}
    decoder = Decoder(context)
    decoded = {name: decoder.decoded(token) for name, token in both.items() if token}
    document = {name: token.document() for name, token in decoded.items()}
    _show_decoded(context, [*decoded.values()], document)


def _show_decoded(
    context: Context, decoded: list[Decoded], document: dict[str, Any]
) -> None:
    """Print decoded tokens, and exit 1 if one is not valid."""
    if context.options.as_json:
        show_json(document)
    else:
        for token in decoded:
            _show_one(token)
    if any(token.flaw for token in decoded):
        raise SystemExit(ExitCode.FAILED)


def _show_one(decoded: Decoded) -> None:
    title = _TITLES.get(decoded.kind, decoded.kind)
    say(styled(title, bold=True))
    if decoded.flaw:
        words = f"not valid: {decoded.flaw.words} ({decoded.flaw.code})"
        say(styled(f"  {words}", fg="red"))
    else:
        say(styled("  valid: signed by its pool, and not expired", fg="green"))
    _show_fields("header", header_of(decoded.token))
    _show_fields("claims", claims_of(decoded.token))
    for reach in decoded.reach or []:
        mark = styled("yes", fg="green") if reach.is_open else "no "
        say("  ", mark, f"  {reach.route}: {reach.why}")
    say()


def _show_fields(title: str, fields: dict[str, Any]) -> None:
    say(f"  {title}")
    for name, value in fields.items():
        say(f"    {one_line(name):<20}{_spelled(name, value, from_now=True)}")


_TIMES = ("auth_time", "iat", "nbf", "exp")
_YEAR_9999 = 253_402_300_800  # time.gmtime fails from here on


def _spelled(claim: str, content: object, *, from_now: bool = False) -> str:
    """Return a claim as text, times with their date and distance from now."""
    if claim in _TIMES and isinstance(content, int) and 0 <= content < _YEAR_9999:
        moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(content))
        return f"{content}  ({moment}{_distance(content) if from_now else ''})"
    if isinstance(content, bool):
        return str(content).lower()
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)


def _distance(moment: int) -> str:
    ahead = moment - time.time()
    words = in_words(abs(ahead))
    return f", in {words}" if ahead > 0 else f", {words} ago"


@command("open", "cgw open", "cgw open --no-browser")
@client_option
@click.option("--no-browser", is_flag=True, help="Only print the URL.")
@pool_options
@with_reading_context
def open_(
    context: Context, *, client: str | None, no_browser: bool, **ids: Any
) -> None:
    """Open the sign-in page of the hosted UI, and print its URL.

    The page redirects to the first callback URL. Only `cgw token --flow browser` waits
    there for the response.
    """
    context = of_pool(context, ids)
    url = page_url(context, client, "login")
    if context.options.as_json:
        show_json({"url": url})
    else:
        say_exactly(url)
    if not no_browser and not open_page(url):
        context.ui.tell("no browser could be opened")


@command("logout", "cgw logout", "cgw logout --user alice@example.com --browser")
@click.option(
    "--user",
    metavar="NAME",
    shell_complete=completions.users,
    help="Only tokens of this user. Default: of all users.",
)
@click.option(
    "--client",
    metavar="NAME",
    shell_complete=completions.clients,
    help="Only tokens of this app client. Default: of all app clients.",
)
@click.option(
    "--browser", is_flag=True, help="Also sign out of the sign-in pages in the browser."
)
@pool_options
@with_reading_context
def logout(
    context: Context, *, user: str | None, client: str | None, browser: bool, **ids: Any
) -> None:
    """Revoke cached refresh tokens and clear the cache.

    Tokens already issued stay valid until they expire: API Gateway does not check
    whether a token was revoked.
    """
    context = of_pool(context, ids)
    dropped, revoked = sign_out(context, user, client)
    if context.options.as_json:
        show_json({"dropped": dropped, "revoked": revoked})
    else:
        context.ui.tell(f"{dropped} dropped, {revoked} of them revoked")
    if browser:
        open_page(page_url(context, client, "logout"))


COMMANDS = {"token": token, "open": open_, "logout": logout}
