"""Tokens: those that are kept, refreshed ones, or new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.errors import Missing
from cognito_gw.oauth import cache

if TYPE_CHECKING:
    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.tokens import Tokens

_NOT_GIVEN = {
    "id_token": "the scope openid gives it; an app client for machines never does",
    "refresh_token": "neither the implicit flow nor client credentials give one",
}


def tokens_for(session: Session, wish: Wish) -> Tokens:
    """Return fresh tokens that are what a command wishes for."""
    key = wish.key(session)
    if tokens := _fresh(key, wish):
        return tokens

    def tell() -> None:
        session.tell("another cgw is getting these tokens: waiting for it")

    with cache.alone(key, tell):
        tokens = _fresh(key, wish) or _got(session, key, wish)
        cache.keep(key, tokens)
    return tokens


def _fresh(key: Key, wish: Wish) -> Tokens | None:
    tokens = _own(key, wish)
    return tokens if tokens and tokens.is_fresh else None


def _own(key: Key, wish: Wish) -> Tokens | None:
    """Return the kept tokens, if they are of who is asked for."""
    tokens = cache.recall(key)
    if tokens and wish.user and not tokens.may_be_of(wish.user):
        return None
    return tokens


def _got(session: Session, key: Key, wish: Wish) -> Tokens:
    from cognito_gw.cli.app_clients import app_client
    from cognito_gw.cli.flows import SigningIn

    signing = SigningIn(session, key, wish, app_client(session, key.client))
    old = _own(key, wish)
    return (old and signing.refreshed(old)) or signing.signed_in()


def raw_token(tokens: Tokens, name: str) -> str:
    """Return one of the tokens by its name; raise where the sign-in gave none."""
    value: str | None = getattr(tokens, name)
    if value is None:
        raise Missing(
            f"this sign-in gave no {name.replace('_', ' ')}", hint=_NOT_GIVEN.get(name)
        )
    return value
