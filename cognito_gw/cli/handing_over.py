"""Tokens in the form in which other programs take them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from cognito_gw.cli.signing_in import raw_token

if TYPE_CHECKING:
    from cognito_gw.cli.session import Session
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
        wants = "access_token" if route.scopes else "id_token"
        if base and route.auth == "cognito" and wants == name:
            return verb, f"{base}{path}"
    return None
