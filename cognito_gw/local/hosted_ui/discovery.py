"""What each issuer publishes: its configuration and its public keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.local.hosted_ui.visit import BASE
from cognito_gw.local.identity import directory

if TYPE_CHECKING:
    from cognito_gw.local.control import ControlPlane
    from cognito_gw.local.identity.keys import Keys

_BASE = "/{pool_id}/.well-known"
# Public, and read by web apps of any origin.
_HEADERS = {"Access-Control-Allow-Origin": "*"}


def routes(keys: Keys, control: ControlPlane, url: str) -> list[web.RouteDef]:
    """Return the routes under `/{pool_id}/.well-known/`."""

    async def jwks(request: web.Request) -> web.Response:
        pool_id = request.match_info["pool_id"]
        await control.run(_require_pool, pool_id)
        return web.json_response(keys.jwks(pool_id), headers=_HEADERS)

    async def configuration(request: web.Request) -> web.Response:
        pool_id = request.match_info["pool_id"]
        document = await control.run(_configuration, pool_id, url)
        return web.json_response(document, headers=_HEADERS)

    return [
        web.get(f"{_BASE}/jwks.json", jwks),
        web.get(f"{_BASE}/openid-configuration", configuration),
    ]


def _configuration(pool_id: str, url: str) -> dict[str, Any]:
    _require_pool(pool_id)
    issuer = f"{url}/{pool_id}"
    document = {
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
    }
    domain = directory.domain_of_pool(pool_id)
    return document | (_endpoints(f"{url}{BASE}/{domain}") if domain else {})


def _endpoints(domain: str) -> dict[str, Any]:
    return {
        "authorization_endpoint": f"{domain}/oauth2/authorize",
        "end_session_endpoint": f"{domain}/logout",
        "revocation_endpoint": f"{domain}/oauth2/revoke",
        "token_endpoint": f"{domain}/oauth2/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
        ],
        "userinfo_endpoint": f"{domain}/oauth2/userInfo",
    }


def _require_pool(pool_id: str) -> None:
    if not directory.pool_exists(pool_id):
        raise web.HTTPNotFound(text=f"User pool {pool_id} does not exist.")
