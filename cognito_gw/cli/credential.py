"""The token that a call is sent with: the one that its method wants, or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli import offers
from cognito_gw.cli.inputs import given_token
from cognito_gw.cli.signing_in import raw_token, tokens_for
from cognito_gw.cli.wish import NeedsPerson

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish
    from cognito_gw.oauth.tokens import Tokens


@dataclass(frozen=True)
class Credential:
    """What is sent as the token, and how it was come by."""

    kind: str  # id, access, none or given
    value: str | None

    def __repr__(self) -> str:
        """Show how it was come by, not what it is."""
        return f"Credential({self.kind})"


def token_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option that chooses the token."""
    option = click.option(
        "--token",
        "choice",
        metavar="TOKEN",
        shell_complete=offers.words("id", "access", "none"),
        help="id, access, none, the token itself, the callback address or JSON answer "
        "that contains it, @FILE, or - for stdin. "
        "Default: the one that the method wants.",
    )
    return option(command)


def credential(
    session: Session,
    choice: str | None,
    method: dict[str, Any] | None,
    wish: Wish,
    *,
    is_exact: bool = False,
) -> Credential:
    """Return the token of a `choice`; without one, what the method wants.

    The method is as API Gateway describes it. Where nobody is there to sign in for its
    scopes, it is a token without them, unless it must be `is_exact`.
    """
    kind = wanted_kind(method) if choice is None else choice.strip()
    if kind == "none":
        return Credential("none", None)
    if kind not in ("id", "access"):
        return Credential("given", given_token(kind, wanted_kind(method)))
    scopes = (method or {}).get("authorizationScopes") or []
    wanted = scopes if kind == "access" else []
    tokens = _tokens(session, wish, wanted, is_exact=is_exact)
    return Credential(kind, raw_token(tokens, f"{kind}_token"))


def wanted_kind(method: dict[str, Any] | None) -> str:
    """Return which token a method wants: by its scopes, as the authorizer decides."""
    if method is None or method["authorizationType"] == "NONE":
        return "none"
    return "access" if method.get("authorizationScopes") else "id"


def _tokens(
    session: Session, wish: Wish, scopes: list[str], *, is_exact: bool
) -> Tokens:
    """Return tokens with a scope that the method wants, where they are to be had."""
    fitting = wish.for_method(session, scopes)
    try:
        return tokens_for(session, fitting)
    except NeedsPerson as problem:
        if is_exact:
            raise
        session.tell(f"{problem}: this call goes with one without")
        return tokens_for(session, wish)
