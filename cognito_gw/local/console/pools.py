"""The user pools with their app clients and users; no secret is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cognito_gw.local import emulator
from cognito_gw.local.hosted_ui.visit import BASE
from cognito_gw.local.identity import directory
from cognito_gw.local.identity.authorization import usual_request

MOST_USERS = 100


@dataclass(frozen=True)
class AppClient:
    """An app client, with the pages at which its users sign in and up."""

    id: str
    name: str
    login: str | None
    signup: str | None


@dataclass(frozen=True)
class User:
    """A user, as the user's pool lists it."""

    name: str
    status: str
    groups: list[str]


@dataclass(frozen=True)
class UserPool:
    """A user pool with its app clients and users."""

    id: str
    name: str
    region: str
    clients: list[AppClient]
    users: list[User]  # the first of them
    more_users: int


def pools(url: str) -> list[UserPool]:
    """Return every user pool."""
    backends = emulator.regional_backends("cognito-idp")
    return [_pool(url, pool) for each in backends for pool in each.user_pools.values()]


def _pool(url: str, pool: Any) -> UserPool:
    domain = directory.domain_of_pool(pool.id)
    base = f"{url}{BASE}/{domain}" if domain else None
    users = list(pool.users.values())
    return UserPool(
        pool.id,
        pool.name,
        pool.region,
        [_client(base, each) for each in directory.clients_of(pool.id)],
        [_user(each) for each in users[:MOST_USERS]],
        len(users[MOST_USERS:]),
    )


def _client(base: str | None, client: directory.AppClient) -> AppClient:
    usual = usual_request(client)
    query = urlencode(usual) if usual else None
    login = f"{base}/login?{query}" if base and query else None
    signup = f"{base}/signup?{query}" if login and client.is_open else None
    return AppClient(client.id, client.settings["ClientName"], login, signup)


def _user(user: Any) -> User:
    name = user.attribute_lookup.get("email") or user.username
    groups = sorted(group.group_name for group in user.groups)
    status = user.status.value if user.enabled else "disabled"
    return User(str(name), str(status), groups)
