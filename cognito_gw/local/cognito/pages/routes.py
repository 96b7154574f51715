"""Which address of a domain is answered by what."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from cognito_gw.local.access import is_by_script
from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.oauth import Redirected, Unredirectable, usual_request
from cognito_gw.local.cognito.pages.endpoints import Endpoints, preflight
from cognito_gw.local.cognito.pages.request import (
    BASE,
    STYLE_PATH,
    Browsers,
    Request,
    Unreadable,
    redirect,
    render,
    style,
)
from cognito_gw.local.cognito.pages.sign_in_pages import Pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cognito_gw.local.cognito.service import Cognito
    from cognito_gw.local.dispatch import ControlPlane

    Answer = Callable[[Request], web.Response]
    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)
_DOMAIN = BASE + "/{domain}"
_LONGEST_ERROR = 300


def routes(cognito: Cognito, control: ControlPlane) -> list[web.RouteDef]:
    """Return the routes of every domain; what they do, `control`'s thread does."""
    browsers = Browsers()
    pages = Pages(cognito, browsers)
    endpoints = Endpoints(cognito, browsers)

    def handler(answer: Answer) -> Handler:
        return _on_worker(control, answer)

    def for_browser(answer: Answer) -> Handler:
        return handler(lambda request: _for_a_person(answer, request))

    def at(path: str) -> Handler:
        return for_browser(lambda request: pages.answer(path, request))

    for_browsers = ("/oauth2/authorize", "/logout", "/error", *pages.by_path)
    for_apps = ("/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo")
    return [
        web.get(STYLE_PATH, _style),
        web.get(_DOMAIN + "/oauth2/authorize", for_browser(endpoints.authorize)),
        web.get(_DOMAIN + "/logout", for_browser(endpoints.log_out)),
        web.get(_DOMAIN + "/error", for_browser(_error_page)),
        *(web.get(_DOMAIN + path, at(path)) for path in pages.by_path),
        *(web.post(_DOMAIN + path, at(path)) for path in pages.by_path),
        web.post(_DOMAIN + "/oauth2/token", handler(endpoints.token)),
        web.post(_DOMAIN + "/oauth2/revoke", handler(endpoints.revoke)),
        web.get(_DOMAIN + "/oauth2/userInfo", handler(endpoints.user_info)),
        web.post(_DOMAIN + "/oauth2/userInfo", handler(endpoints.user_info)),
        *(web.options(_DOMAIN + path, _preflight) for path in for_apps),
        *(
            web.route("*", _DOMAIN + path, _refuse_method)
            for path in (*for_browsers, *for_apps)
        ),
        web.get(_DOMAIN, handler(_root_page)),
        web.get(_DOMAIN + "/", handler(_root_page)),
        web.route("*", _DOMAIN + "/{path:.*}", handler(_absent_page)),
    ]


async def _style(_: web.Request) -> web.Response:
    return style()


async def _preflight(_: web.Request) -> web.Response:
    return preflight()


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
        response: web.Response = await control.run(_response, answer, request)
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
        text = "Sign-in pages are for people: open them in a window of the browser.\n"
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
    """Lead from the bare address, where AWS has nothing, to the first app's sign-in."""
    for client in directory.clients_of(directory.pool_of_domain(request.domain) or ""):
        if usual := usual_request(client):
            return redirect(request.link("/login", **usual))
    return _absent_page(request)


def _absent_page(request: Request) -> web.Response:
    text = "The sign-in pages are at /login and /signup."
    return render(
        request, "message", HTTPStatus.NOT_FOUND, title="Not found", text=text
    )
