"""What each issuer publishes: its configuration and its public keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from cognito_gw.local import records

if TYPE_CHECKING:
    from cognito_gw.local.identity.keys import Keys


def routes(keys: Keys, url: str) -> list[web.RouteDef]:
    """Return the routes under `/{pool_id}/.well-known/`."""

    async def jwks(request: web.Request) -> web.Response:
        return web.json_response(keys.jwks(_pool_id(request)))

    async def configuration(request: web.Request) -> web.Response:
        issuer = f"{url}/{_pool_id(request)}"
        return web.json_response(
            {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/.well-known/jwks.json",
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "token"],
                "scopes_supported": ["openid", "email", "phone", "profile"],
                "subject_types_supported": ["public"],
            }
        )

    base = "/{pool_id}/.well-known"
    return [
        web.get(f"{base}/jwks.json", jwks),
        web.get(f"{base}/openid-configuration", configuration),
    ]


def _pool_id(request: web.Request) -> str:
    pool_id = request.match_info["pool_id"]
    if not records.pool_exists(pool_id):
        message = f"User pool {pool_id} does not exist."
        raise web.HTTPNotFound(text=message)
    return pool_id
