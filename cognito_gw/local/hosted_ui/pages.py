"""The sign-in pages, and what stands before each of them."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.hosted_ui.account_pages import AccountPages
from cognito_gw.local.hosted_ui.render import page
from cognito_gw.local.hosted_ui.sign_in_pages import SignInPages
from cognito_gw.local.hosted_ui.turn import Turn
from cognito_gw.local.identity import directory
from cognito_gw.local.identity.authorization import read_request

if TYPE_CHECKING:
    from aiohttp import web

    from cognito_gw.local.hosted_ui.browsers import Browsers
    from cognito_gw.local.hosted_ui.visit import Visit
    from cognito_gw.local.identity.cognito import Cognito

_UNAVAILABLE = "Login pages unavailable. Please contact an administrator."


class Pages:
    """Answers the pages of every domain."""

    def __init__(self, cognito: Cognito, browsers: Browsers) -> None:
        """Sign people up and in to `cognito`, and remember their `browsers`."""
        sign_in, account = SignInPages(cognito, browsers), AccountPages(cognito)
        self.by_path = sign_in.by_path | account.by_path

    def answer(self, path: str, visit: Visit) -> web.Response:
        """Show a page, or act on its form and show what is wrong with it."""
        turn = Turn(visit, read_request(visit.domain, visit.query))
        if not directory.has_login_pages(visit.domain, turn.client.id):
            title, status = "Not available", HTTPStatus.FORBIDDEN
            return page(visit, "message", status, title=title, text=_UNAVAILABLE)
        form = self.by_path[path]
        if not visit.is_post:
            return form.show(turn)
        try:
            visit.check_csrf()
            return form.act(turn)
        except AwsFault as fault:
            return form.show(replace(turn, error=fault.message))
