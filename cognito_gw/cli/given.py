"""A user pool and an app client named on the command line, in the place of a file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.cli.session import Session

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
    from cognito_gw.config.schema import AppClient, Config, UserPool

    region, rest = found.groups()
    config = Config(
        name=f"pool-{rest}"[:32],
        region=region,
        user_pool=UserPool(id=pool_id),
        app_clients={client_id: AppClient(id=client_id)},
    )
    return replace(session, given=config)
