"""The outputs of a stack: IDs and URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cognito_gw.aws.endpoints import filled, sign_in_query

if TYPE_CHECKING:
    from cognito_gw.aws.endpoints import Links
    from cognito_gw.engine.resource import Resource
    from cognito_gw.resources.stack import Stack


def outputs(stack: Stack, links: Links) -> dict[str, Any]:
    """Return the IDs and URLs of a refreshed stack; None for what does not exist."""
    clients = {key: _id(client, "ClientId") for key, client in stack.clients.items()}
    place = {
        "region": stack.account.region,
        "user_pool_id": _id(stack.pool, "Id"),
        "domain": _domain(stack),
        "api_id": _id(stack.api, "id"),
        "stage": stack.config.api.stage,
    }
    hosted_ui_url = filled(links.hosted_ui, place)
    return {
        "region": place["region"],
        "user_pool_id": place["user_pool_id"],
        "app_client_id": next(iter(clients.values()), None),
        "app_clients": clients,
        "hosted_ui_url": hosted_ui_url,
        "sign_in_url": _sign_in_url(stack, hosted_ui_url),
        "issuer": filled(links.issuer, place),
        "api_id": place["api_id"],
        "authorizer_id": _id(stack.authorizer, "id"),
        "stage": place["stage"],
        "invoke_url": filled(links.invoke, place),
        "functions": {
            key: _id(function, "FunctionArn")
            for key, function in stack.functions.items()
        },
    }


def _sign_in_url(stack: Stack, hosted_ui_url: str | None) -> str | None:
    """Return the link to the sign-in page of the first app client that uses it."""
    queries = [sign_in_query(client.live or {}) for client in stack.clients.values()]
    query = next(filter(None, queries), None)
    return (
        f"{hosted_ui_url}/login?{urlencode(query)}" if hosted_ui_url and query else None
    )


def _domain(stack: Stack) -> str | None:
    if stack.pool.managed:
        return _id(stack.domain, "Domain")
    return (stack.pool.live or {}).get("Domain")


def _id(resource: Resource, key: str) -> str | None:
    return resource[key] if resource.live else None
