"""Options and arguments that several commands share."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.prompter import PASSWORD, is_terminal
from cognito_gw.aws_rules import PASSWORDS, is_password
from cognito_gw.errors import UsageError
from cognito_gw.oauth.tokens import claims_of
from cognito_gw.report.say import ask, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.app.context import Session
    from cognito_gw.config.model import Password


_AROUND = " \t\r\n\"'`<>,;\u2018\u2019\u201c\u201d\u200b\ufeff"
_HEADER = re.compile(
    r"^(authorization|token)[\"']*\s*[:=]\s*[\"']*|^bearer(\s+|$)", re.IGNORECASE
)
_LABELED = re.compile(
    r"(?P<kind>id|access)_?token[\"']*\s*[:=]\s*[\"']*(?P<token>[\w.~%-]+)",
    re.IGNORECASE,
)
_JWT = re.compile(r"\beyJ[\w-]*(?:\.[\w-]*)+")
_HOLDER = re.compile(r"[a-z][a-z0-9+.-]*://|[#?{]", re.IGNORECASE)
_ANSWER = re.compile(r"\b(?P<name>code|error)[\"']*\s*[:=]\s*[\"']*(?P<value>[\w-]*)")


def given_token(choice: str, kind: str = "id") -> str:
    """Return a token that is given as itself, as @FILE, or as - for stdin.

    It may also be in something else: the address to which the sign-in page came back,
    or the JSON of a token endpoint. `kind` says which of its tokens is meant. What is
    around it goes, such as blanks, quotes, `Bearer `, and the line breaks of a copy.
    """
    text = choice.strip()
    if text == "-":
        text = sys.stdin.buffer.read().decode(errors="replace")
    elif text.startswith("@"):
        text = read_bytes(text[1:]).decode(errors="replace")
    labeled = {each["kind"].lower(): each["token"] for each in _LABELED.finditer(text)}
    if labeled:
        return next(labeled[each] for each in (kind, "id", "access") if each in labeled)
    token = re.sub(r"\s*[\r\n]+\s*", "", text.strip(_AROUND))
    while found := _HEADER.match(token):
        token = token[found.end() :].strip(_AROUND)
    several = _JWT.findall(text)
    if len(several) > 1:
        return _of_kind(several, kind)
    if not token:
        raise UsageError("what was given is no ID or access token: it is empty")
    if _HOLDER.match(token):
        raise _without_token(token)
    return token


def _of_kind(tokens: list[str], kind: str) -> str:
    """Return the token of a kind, as they say themselves."""
    uses = {claims_of(each).get("token_use"): each for each in tokens}
    if kind not in uses:
        raise UsageError(
            f"{len(tokens)} tokens were given, and none of them is the {kind} token",
            hint="give one token",
        )
    return uses[kind]


def _without_token(holder: str) -> UsageError:
    """Return the error for an address or an answer, whose values it does not repeat."""
    found = {each["name"]: each["value"] for each in _ANSWER.finditer(holder)}
    if "error" in found:
        return UsageError(
            f"no token was given, but an error: {found['error'][:60]}",
            hint="`cgw explain --error` with all of it says why",
        )
    if "code" in found:
        return UsageError(
            "no token was given, but an authorization code",
            hint="`cgw token --flow browser` exchanges codes for tokens",
        )
    return UsageError(
        "no token was given: there is neither id_token nor access_token in it",
        hint="copy the whole address, with what follows the `#`",
    )


def without_tokens(text: str) -> str:
    """Return a text that is to be shown, and may hold tokens, without them."""
    return _JWT.sub("eyJ…", text)


def given_body(data: str | None) -> bytes | None:
    """Return a body that is given as itself, as @FILE, or as - for stdin."""
    if data == "-":
        return sys.stdin.buffer.read()
    if data is not None and data.startswith("@"):
        return read_bytes(data[1:])
    return None if data is None else data.encode()


def read_bytes(file: str) -> bytes:
    """Return what is in a file that the user names."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def pair(text: str, separator: str, option: str) -> tuple[str, str]:
    """Split what an option gives into a name and a value."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        # What follows the name may be a secret.
        shown = text.strip().partition(" ")[0] if separator == ":" else text
        shown = without_tokens(shown)[:40]
        raise UsageError(f"{option} takes a name, `{separator}` and a value: `{shown}`")
    return name.strip(), value.strip() if separator == ":" else value


_POOL_ID = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)_([0-9A-Za-z]{1,55})")
_CLIENT_ID = re.compile(r"[0-9A-Za-z]{1,32}")


def pool_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a pool and an app client."""
    pool = click.option(
        "--user-pool-id",
        "pool_id",
        metavar="ID",
        help="A user pool made elsewhere; no file is read then.",
    )
    client = click.option(
        "--client-id", metavar="ID", help="An app client of that user pool."
    )
    return pool(client(command))


def of_pool(session: Session, options: dict[str, Any]) -> Session:
    """Return the session for the pool that the options name, if they name one."""
    pool_id, client_id = options["pool_id"], options["client_id"]
    if pool_id is None and client_id is None:
        return session
    if pool_id is None or client_id is None:
        raise UsageError("--user-pool-id and --client-id belong together")
    found = _POOL_ID.fullmatch(pool_id)
    if found is None:
        raise UsageError(f"`{pool_id}` is no user pool id, such as us-east-1_Ab12Cd34E")
    if not _CLIENT_ID.fullmatch(client_id):
        raise UsageError(f"`{client_id}` is no app client id")
    from cognito_gw.config.model import AppClientConfig, Config, UserPoolConfig

    region, rest = found.groups()
    config = Config(
        name=f"pool-{rest}"[:32],
        region=region,
        user_pool=UserPoolConfig(id=pool_id),
        app_clients={client_id: AppClientConfig(id=client_id)},
    )
    return replace(session, given=config)


def password_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a command that sets a password."""
    temporary = click.option(
        "--temporary", is_flag=True, help="The first sign-in asks for another one."
    )
    stdin = click.option(
        "--password-stdin", is_flag=True, help="Read the password from stdin, one line."
    )
    return temporary(stdin(command))


def given_password(session: Session, *, from_stdin: bool) -> Password | None:
    """Return what CGW_PASSWORD or stdin holds, if it is strong enough."""
    value = session.environment.get(PASSWORD)
    if from_stdin and value is not None:
        raise UsageError(
            f"the password stands in {PASSWORD}, and --password-stdin gives one, too",
            hint=f"leave the option out, or unset {PASSWORD}",
        )
    if from_stdin:
        value = sys.stdin.readline().rstrip("\r\n")
    elif value is not None:
        session.tell(f"the password is that in {PASSWORD}")
    if value is None:
        return None
    if fault := _fault(session, value):
        raise UsageError(fault)
    return _secret(value)


def typed_password(session: Session, name: str) -> Password | None:
    """Ask in a terminal, until it is strong enough; None: one is to be made up."""
    while is_terminal():
        value = _ask(f"Password of {name} (empty: make one up)")
        if not value:
            break
        fault = _fault(session, value)
        if fault is None and value == _ask("The same again"):
            return _secret(value)
        say(fault or "these two differ", err=True)
    return None


def _fault(session: Session, value: str) -> str | None:
    from cognito_gw.config.rules import weaknesses

    if not is_password(value):
        return PASSWORDS
    lacks = weaknesses(value, session.config.user_pool.password_policy)
    words = "the password is too weak for user_pool.password_policy: needs "
    return words + ", ".join(lacks) if lacks else None


def _ask(question: str) -> str:
    return str(ask(question, default="", show_default=False, hide_input=True))


def _secret(value: str) -> Password:
    from cognito_gw.config.model import Password

    return Password(value)
