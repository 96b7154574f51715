"""OAuth 2.0 and OpenID Connect endpoints, and what an issuer publishes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.oauth import (
    OAuthError,
    Redirected,
    read_request,
    sign_out_url,
)
from cognito_gw.local.cognito.pages.request import BASE, COOKIE, redirect
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.access import AccessKeys
    from cognito_gw.local.cognito.pages.request import Browsers, Request
    from cognito_gw.local.cognito.service import Cognito
    from cognito_gw.local.cognito.tokens import Keys, Tokens
    from cognito_gw.local.dispatch import ControlPlane


_FORM = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
# Cognito lets web apps of every origin call these: what they know is the secret.
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_BEARER_ERROR = (
    'error="invalid_token", error_description="Access token is expired, disabled, '
    'or deleted, or the user has globally signed out."'
)


class Endpoints:
    """Answers apps, and browsers that apps send."""

    def __init__(self, cognito: Cognito, browsers: Browsers) -> None:
        """Ask `cognito`, and know who has signed in with which of the `browsers`."""
        self._authorization = cognito.authorization
        self._browsers = browsers

    def authorize(self, request: Request) -> web.Response:
        """Send the browser back to the app if it is signed in, else to sign in."""
        asked = read_request(request.domain, request.query)
        prompt = request.query.get("prompt", "").split()
        known = self._browsers.find(request)
        if known and "login" not in prompt:
            return redirect(self._authorization.granted(asked, *known))
        if "none" in prompt:
            raise Redirected(asked.back({"error": "login_required"}))
        return redirect(request.link("/login"))

    def log_out(self, request: Request) -> web.Response:
        """End the browser's session, and send it to the app or to sign in again."""
        url = sign_out_url(request.domain, request.query)
        response = redirect(url or request.link("/login"))
        self._browsers.remove(request)
        request.forget(response, COOKIE)
        return response

    def token(self, request: Request) -> web.Response:
        """Give tokens for a code, a refresh token, or a machine's secret."""
        return _response(self._authorization.token, request)

    def revoke(self, request: Request) -> web.Response:
        """Revoke a refresh token."""
        return _response(self._authorization.revoke, request)

    def user_info(self, request: Request) -> web.Response:
        """Tell about the user of an access token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _error(OAuthError("invalid_request"))
        try:
            claims = self._authorization.user_info(request.domain, token)
        except OAuthError as error:
            response = _error(error)
            response.headers["WWW-Authenticate"] = _BEARER_ERROR
            return response
        return _json(claims)


def preflight() -> web.Response:
    """Let web apps of any origin use the endpoints."""
    headers = {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "86400",
    }
    return web.Response(status=204, headers=ANY_ORIGIN | headers)


def _response(answer: Callable[..., Any], request: Request) -> web.Response:
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
    if content_type.lower() != _FORM:
        return _error(OAuthError("invalid_request"))
    try:
        answered = answer(
            request.domain, request.form, request.headers.get("Authorization")
        )
    except OAuthError as error:
        return _error(error)
    if answered is None:
        return web.Response(headers=_NO_STORE | ANY_ORIGIN)
    return _json(answered)


def _json(document: dict[str, Any], status: int = 200) -> web.Response:
    headers = _NO_STORE | ANY_ORIGIN
    return web.json_response(document, status=status, headers=headers)


def _error(error: OAuthError) -> web.Response:
    return _json({"error": error.error}, error.status)


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


def route(keys: AccessKeys, tokens: Tokens, control: ControlPlane) -> web.RouteDef:
    """Return the route: a good token in the body, the same one expired in return."""

    async def issue(request: web.Request) -> web.Response:
        try:
            function = keys.authenticate(request.headers)
            token = await control.run(tokens.expired, await request.text())
        except AwsFault as fault:
            status = HTTPStatus.FORBIDDEN
            return web.Response(status=status, text=f"{fault.code}: {fault.message}")
        if function is not None:
            raise web.HTTPForbidden(text="Functions get no tokens.\n")
        return web.Response(text=token)

    return web.post("/_cgw/expired-token", issue)
