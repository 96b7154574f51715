"""Issues tokens that have expired, which AWS can only do by letting time pass.

They open nothing, and prove that an API looks at the time. Only the user gets them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.access import AccessKeys
    from cognito_gw.local.control import ControlPlane
    from cognito_gw.local.identity.tokens import Tokens


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
