"""App clients and what their pool publishes, as far as the caller may know them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth.client import AppClient

if TYPE_CHECKING:
    from cognito_gw.cli.session import Session
    from cognito_gw.oauth.provider import Provider

CLIENT_SECRET = "CGW_CLIENT_SECRET"  # noqa: S105 - the variable's name


def app_client(session: Session, key: str) -> AppClient:
    """Return an app client of the file; raise if it does not exist yet."""
    pool_id = session.config.user_pool.id
    client_id = session.config.app_clients[key].id
    if pool_id and client_id:
        return _made_elsewhere(session, pool_id, client_id)
    client = session.stack.clients.get(key)
    if client is None:
        raise UsageError(
            f"the app client `{key}` has no `id`, and the user pool is one made "
            "elsewhere, in which cgw makes none",
            hint=f"name it: app_clients: {{{key}: {{id: …}}}}",
        )
    session.look([client])
    if client.live is None:
        raise Missing(f"{client} does not exist yet", hint="run `cgw up` first")
    return AppClient.described(client.pool["Id"], client.live)


def provider_of(session: Session, client: AppClient) -> Provider:
    """Return what the app client's pool publishes about itself."""
    from cognito_gw.oauth.provider import discover

    provider = discover(issuer_url(session, client.pool_id), session.trace)
    if "hosted_ui" not in session.endpoints:
        return provider
    from cognito_gw.resources.outputs import outputs

    stack = session.stack
    session.look([stack.domain] if stack.pool.managed else [stack.pool])
    return provider.at(outputs(stack, session.links)["hosted_ui_url"])


def issuer_url(session: Session, pool_id: str) -> str:
    """Return the address under which a pool's `.well-known` documents are."""
    template = session.endpoints.get("issuer")
    if template is None:
        # As on AWS: under the address of the service, wherever that is.
        return f"{session.aws.sign_in.meta.endpoint_url}/{pool_id}"
    return template.format(region=session.aws.region, user_pool_id=pool_id)


def _made_elsewhere(session: Session, pool_id: str, client_id: str) -> AppClient:
    """Return an app client by its ids; whoever only signs in may not describe it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.aws.faults import ABSENT, code_of, is_of_the_caller

    try:
        answer = session.aws.cognito.describe_user_pool_client(
            UserPoolId=pool_id, ClientId=client_id
        )
    except (BotoCoreError, ClientError) as error:
        # To the credentials of another account the pool does not exist.
        is_absent = isinstance(error, ClientError) and code_of(error) in ABSENT
        if not (is_absent or is_of_the_caller(error)):
            raise
        session.trace(f"the app client is taken as it comes: {error}")
        return AppClient(pool_id, client_id, os.environ.get(CLIENT_SECRET))
    return AppClient.described(pool_id, answer["UserPoolClient"])
