"""The pages on which people make an account, or get back into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.local.hosted_ui.turn import Form, Turn
from cognito_gw.local.identity import codes, directory

if TYPE_CHECKING:
    from aiohttp import web

    from cognito_gw.local.identity.codes import Purpose
    from cognito_gw.local.identity.cognito import Cognito
    from cognito_gw.local.identity.directory import AppClient


class AccountPages:
    """Sign-up, its code, and a forgotten password."""

    def __init__(self, cognito: Cognito) -> None:
        """Make accounts in `cognito`."""
        self._codes = cognito.codes
        self._sign_ups = cognito.sign_up
        self.by_path = {
            "/signup": Form(self._show_sign_up, self._sign_up),
            "/confirm": Form(self._show_confirm, self._confirm),
            "/resendcode": Form(self._show_confirm, self._resend),
            "/forgotPassword": Form(_show_forgot, self._forget),
            "/confirmForgotPassword": Form(self._show_reset, self._reset),
        }

    def _show_sign_up(self, turn: Turn) -> web.Response:
        return turn.draw("signup", fields=turn.fields(_told(turn.client)))

    def _sign_up(self, turn: Turn) -> web.Response:
        fields = turn.fields(_told(turn.client))
        attributes = {each["attribute"]: each["value"] for each in fields}
        given = {name: value for name, value in attributes.items() if value}
        name, password = turn.username, turn.typed("password")
        _, delivery = self._sign_ups.add(turn.client, name, password, given)
        if delivery is None:
            return turn.go("/login", notice="no-code")
        return turn.go("/confirm", username=name)

    def _show_confirm(self, turn: Turn) -> web.Response:
        return turn.draw("confirm", code=self._sent(turn, codes.SIGN_UP))

    def _confirm(self, turn: Turn) -> web.Response:
        self._sign_ups.confirm(turn.client, turn.username, turn.typed("code"))
        return turn.go("/login", username=turn.username, notice="confirmed")

    def _resend(self, turn: Turn) -> web.Response:
        self._sign_ups.resend(turn.client, turn.username)
        return turn.go("/confirm", username=turn.username, notice="resent")

    def _forget(self, turn: Turn) -> web.Response:
        self._sign_ups.forget(turn.client, turn.username)
        return turn.go("/confirmForgotPassword", username=turn.username)

    def _show_reset(self, turn: Turn) -> web.Response:
        return turn.draw("reset", code=self._sent(turn, codes.RESET))

    def _reset(self, turn: Turn) -> web.Response:
        password, code = turn.repeated_password(), turn.typed("code")
        self._sign_ups.reset(turn.client, turn.username, code, password)
        return turn.go("/login", username=turn.username, notice="reset")

    def _sent(self, turn: Turn, purpose: Purpose) -> str | None:
        """Return the code that AWS would have sent, for the page to show."""
        user = directory.find_user(turn.client.pool_id, turn.username)
        return self._codes.current(user, purpose) if user else None


def _show_forgot(turn: Turn) -> web.Response:
    return turn.draw("forgot")


def _told(client: AppClient) -> list[str]:
    """Return the attributes that one must tell to sign up, beside the name."""
    schema = client.pool.get("SchemaAttributes", [])
    needed = {each["Name"] for each in schema if each.get("Required")} - {"sub"}
    needed |= set(client.pool.get("AutoVerifiedAttributes", []))
    return sorted(needed - set(client.pool.get("UsernameAttributes") or []))
