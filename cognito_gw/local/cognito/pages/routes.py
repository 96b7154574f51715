"""The addresses of user pool domains and issuers, and the OAuth 2.0 endpoints."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from cognito_gw.local.access import is_by_script
from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.oauth import (
    OAuthError,
    Redirected,
    Unredirectable,
    read_request,
    sign_out_url,
    usual_request,
)
from cognito_gw.local.cognito.pages.request import (
    BASE,
    COOKIE,
    STYLE_PATH,
    Browsers,
    Request,
    Unreadable,
    redirect,
    render,
    style,
)
from cognito_gw.local.cognito.pages.sign_in_pages import answer, pages
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cognito_gw.local.access import AccessKeys
    from cognito_gw.local.cognito import Cognito
    from cognito_gw.local.cognito.oauth import Authorization
    from cognito_gw.local.cognito.tokens import Keys, Tokens
    from cognito_gw.local.dispatch import ControlPlane

    Answer = Callable[[Request], web.Response]
    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)
_DOMAIN = BASE + "/{domain}"
_LONGEST_ERROR = 300


_FORM = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
# Cognito lets web apps of any origin call these: the secret is in the request.
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_BEARER_ERROR = (
    'error="invalid_token", error_description="Access token is expired, disabled, '
    'or deleted, or the user has globally signed out."'
)


@dataclass(frozen=True)
class Endpoints:
    """Answers apps, and browsers that apps redirect."""

    _authorization: Authorization
    _browsers: Browsers  # that are signed in

    def authorize(self, request: Request) -> web.Response:
        """Redirect to the app if the browser is signed in, else to the sign-in page."""
        asked = read_request(request.domain, request.query)
        prompt = request.query.get("prompt", "").split()
        known = self._browsers.find(request)
        if known and "login" not in prompt:
            return redirect(self._authorization.granted(asked, *known))
        if "none" in prompt:
            raise Redirected(asked.back({"error": "login_required"}))
        return redirect(request.link("/login"))

    def log_out(self, request: Request) -> web.Response:
        """End the browser's session, and redirect to the app or the sign-in page."""
        url = sign_out_url(request.domain, request.query)
        response = redirect(url or request.link("/login"))
        self._browsers.remove(request)
        request.forget(response, COOKIE)
        return response

    def user_info(self, request: Request) -> web.Response:
        """Return the attributes of the user of an access token."""
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


async def _preflight(_: web.Request) -> web.Response:
    """Let web apps of any origin use the endpoints."""
    headers = {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "86400",
    }
    return web.Response(status=204, headers=ANY_ORIGIN | headers)


def _for_an_app(answer: Callable[..., Any], request: Request) -> web.Response:
    """Answer the token or the revocation endpoint."""
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
    if content_type.lower() != _FORM:
        return _error(OAuthError("invalid_request"))
    try:
        authorization = request.headers.get("Authorization")
        document = answer(request.domain, request.form, authorization)
    except OAuthError as error:
        return _error(error)
    if document is None:
        return web.Response(headers=_NO_STORE | ANY_ORIGIN)
    return _json(document)


def _json(document: dict[str, Any], status: int = 200) -> web.Response:
    headers = _NO_STORE | ANY_ORIGIN
    return web.json_response(document, status=status, headers=headers)


def _error(error: OAuthError) -> web.Response:
    return _json({"error": error.error}, error.status)


def domain_routes(cognito: Cognito, control: ControlPlane) -> list[web.RouteDef]:
    """Return the routes of every domain, which run on the thread of moto."""
    browsers = Browsers()
    authorization = cognito.authorization
    endpoints = Endpoints(authorization, browsers)
    handler = partial(_on_worker, control)

    def for_person(page: Answer) -> Handler:
        return handler(partial(_for_a_person, page))

    forms = {
        _DOMAIN + path: for_person(partial(answer, form))
        for path, form in pages(cognito, browsers).items()
    }
    for_browsers = forms | {
        f"{_DOMAIN}/oauth2/authorize": for_person(endpoints.authorize),
        f"{_DOMAIN}/logout": for_person(endpoints.log_out),
        f"{_DOMAIN}/error": for_person(_error_page),
    }
    for_apps = {
        f"{_DOMAIN}/oauth2/token": handler(partial(_for_an_app, authorization.token)),
        f"{_DOMAIN}/oauth2/revoke": handler(partial(_for_an_app, authorization.revoke)),
        f"{_DOMAIN}/oauth2/userInfo": handler(endpoints.user_info),
    }
    return [
        web.get(STYLE_PATH, style),
        *(web.get(path, handle) for path, handle in for_browsers.items()),
        *(web.post(path, handle) for path, handle in (forms | for_apps).items()),
        web.get(f"{_DOMAIN}/oauth2/userInfo", handler(endpoints.user_info)),
        *(web.options(path, _preflight) for path in for_apps),
        *(web.route("*", path, _refuse_method) for path in for_browsers | for_apps),
        web.get(_DOMAIN, handler(_root_page)),
        web.get(_DOMAIN + "/", handler(_root_page)),
        web.route("*", _DOMAIN + "/{path:.*}", handler(_absent_page)),
    ]


async def _refuse_method(_: web.Request) -> web.Response:
    return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED)


def _on_worker(control: ControlPlane, answer: Answer) -> Handler:
    async def handle(http_request: web.Request) -> web.StreamResponse:
        try:
            request = await Request.of(http_request)
        except Unreadable:
            return web.json_response(
                {"error": "invalid_request"}, status=HTTPStatus.BAD_REQUEST
            )
        response: web.Response = await control.moto.run(_response, answer, request)
        if request.is_post:
            control.changed("a sign-in page")
        _log.info("%s %s %d", http_request.method, http_request.path, response.status)
        return response

    return handle


def _response(answer: Answer, request: Request) -> web.Response:
    if directory.pool_of_domain(request.domain) is None:
        raise web.HTTPNotFound(text=f"No user pool has the domain {request.domain}.\n")
    try:
        return answer(request)
    except Redirected as error:
        return redirect(error.url)
    except Unredirectable as error:
        query = {"error": str(error)}
        if "client_id" in request.query:
            query["client_id"] = request.query["client_id"]
        return redirect(f"{BASE}/{request.domain}/error?{urlencode(query)}")


def _for_a_person(answer: Answer, request: Request) -> web.Response:
    if is_by_script(request.headers):
        text = "Scripts cannot load sign-in pages. Open them in a browser window.\n"
        return web.Response(status=HTTPStatus.FORBIDDEN, text=text)
    return answer(request)


def _error_page(request: Request) -> web.Response:
    return render(
        request,
        "error",
        HTTPStatus.BAD_REQUEST,
        error=request.query.get("error", "Something went wrong")[:_LONGEST_ERROR],
        client=directory.client_of_domain(
            request.domain, request.query.get("client_id", "")
        ),
    )


def _root_page(request: Request) -> web.Response:
    """Redirect from the root, which AWS does not serve, to the first app's sign-in."""
    for client in directory.clients_of(directory.pool_of_domain(request.domain) or ""):
        if usual := usual_request(client):
            return redirect(request.link("/login", **usual))
    return _absent_page(request)


def _absent_page(request: Request) -> web.Response:
    text = "The sign-in pages are at /login and /signup."
    return render(
        request, "message", HTTPStatus.NOT_FOUND, title="Not found", text=text
    )


_WELL_KNOWN = "/{pool_id}/.well-known"


def issuer_routes(keys: Keys, control: ControlPlane, url: str) -> list[web.RouteDef]:
    """Return the routes under `/{pool_id}/.well-known/`."""

    async def jwks(request: web.Request) -> web.Response:
        pool_id = request.match_info["pool_id"]
        await control.moto.run(_require_pool, pool_id)
        return web.json_response(keys.jwks(pool_id), headers=ANY_ORIGIN)

    async def configuration(request: web.Request) -> web.Response:
        pool_id = request.match_info["pool_id"]
        document = await control.moto.run(_configuration, pool_id, url)
        return web.json_response(document, headers=ANY_ORIGIN)

    return [
        web.get(f"{_WELL_KNOWN}/jwks.json", jwks),
        web.get(f"{_WELL_KNOWN}/openid-configuration", configuration),
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


def expired_token_route(
    keys: AccessKeys, tokens: Tokens, control: ControlPlane
) -> web.RouteDef:
    """Return the route that takes a valid token and returns it as an expired one."""

    async def issue(request: web.Request) -> web.Response:
        try:
            function = keys.authenticate(request.headers)
            token = await control.moto.run(tokens.expired, await request.text())
        except AwsFault as fault:
            status = HTTPStatus.FORBIDDEN
            return web.Response(status=status, text=f"{fault.code}: {fault.message}")
        if function is not None:
            raise web.HTTPForbidden(text="Functions cannot get tokens.\n")
        return web.Response(text=token)

    return web.post("/_cgw/expired-token", issue)
