"""Which user, which app client, and their tokens: from the cache, or by signing in."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth.cache import Key, keep, recall

if TYPE_CHECKING:
    from cognito_gw.cli.session import Session
    from cognito_gw.config.schema import User
    from cognito_gw.oauth.tokens import Tokens

NEW_PASSWORD = "CGW_NEW_PASSWORD"  # noqa: S105 - the variable's name


def tokens_for(session: Session, user: str | None, client: str | None) -> Tokens:
    """Return fresh tokens of a user: kept ones, refreshed ones, or new ones."""
    who = _user(session, user)
    which = _client_key(session, client)
    key = Key(session.config.name, session.place, which, who.username)
    tokens = recall(key)
    if tokens is None or not tokens.is_fresh:
        tokens = _signed_in(session, who, which, tokens)
        keep(key, tokens)
    return tokens


def _signed_in(session: Session, who: User, which: str, old: Tokens | None) -> Tokens:
    from cognito_gw.oauth.sign_in import Client, SignIn

    client = session.stack.clients[which]
    session.look([client])
    if client.live is None:
        raise Missing(f"{client} does not exist yet", hint="run `cgw up` first")
    sign_in = SignIn(
        session.aws.sign_in,
        Client(client["ClientId"], client.live.get("ClientSecret")),
        _new_password,
    )
    refreshed = sign_in.refreshed(old) if old else None
    return refreshed or sign_in.with_password(who.username, _password(who))


def _user(session: Session, name: str | None) -> User:
    users = session.config.users
    if name is None and users:
        return users[0]
    for user in users:
        if user.username == name:
            return user
    if name is None:
        raise Missing(
            "the file has no user to sign in",
            hint="add one: users: [{username: me@example.com, password: '${MY_PW}'}], "
            "then `cgw user`",
        )
    from cognito_gw.config.schema import User

    return User(username=name)  # a user made elsewhere


def _client_key(session: Session, name: str | None) -> str:
    clients = session.config.app_clients
    if name is not None and name not in clients:
        raise UsageError(f"no app client `{name}`; there are: {', '.join(clients)}")
    for key, client in clients.items():
        if name in (None, key) and client.oauth_flows != ["client_credentials"]:
            return key
    raise UsageError(
        "no app client signs users in: client_credentials is for machines",
        hint="add an app client with `oauth_flows: [code]`",
    )


def _password(user: User) -> str:
    if user.password is not None:
        return user.password.reveal()
    if not sys.stdin.isatty():
        raise Missing(
            f"the password of {user.username} is not in the file",
            hint="add `password: ${A_VARIABLE}` to the user, or run in a terminal",
        )
    return str(click.prompt(f"Password of {user.username}", hide_input=True, err=True))


def _new_password(user: str) -> str:
    if NEW_PASSWORD in os.environ:
        return os.environ[NEW_PASSWORD]
    if not sys.stdin.isatty():
        raise Missing(
            f"Cognito wants {user} to choose a new password",
            hint=f"run in a terminal, or set {NEW_PASSWORD}",
        )
    question = f"Cognito wants {user} to choose a new password"
    return str(
        click.prompt(question, hide_input=True, confirmation_prompt=True, err=True)
    )
