"""The pages for sign-in, sign-up, and a forgotten password."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import segno

from cognito_gw.local.cognito import codes, directory
from cognito_gw.local.cognito.checks import ATTRIBUTE, missing_attributes
from cognito_gw.local.cognito.directory import User
from cognito_gw.local.cognito.oauth import read_request
from cognito_gw.local.cognito.pages.request import (
    COOKIE,
    Browsers,
    Form,
    Turn,
    page,
    redirect,
)
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from aiohttp import web

    from cognito_gw.local.cognito.challenges import Pending
    from cognito_gw.local.cognito.codes import Purpose
    from cognito_gw.local.cognito.directory import AppClient
    from cognito_gw.local.cognito.pages.request import Browsers, Visit
    from cognito_gw.local.cognito.service import Cognito
    from cognito_gw.local.cognito.sign_in import Outcome


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


_CHALLENGE = "cognito-challenge"
_PAGE_OF = {"NEW_PASSWORD_REQUIRED": "/newPassword", "MFA_SETUP": "/mfaSetup"}
_FACTORS = {
    "SOFTWARE_TOKEN_MFA": "Authenticator app",
    "EMAIL_OTP": "Code by email",
    "SMS_MFA": "Code by text message",
}


class SignInPages:
    """Name and password, a new password, a second factor."""

    def __init__(self, cognito: Cognito, browsers: Browsers) -> None:
        """Sign people in to `cognito`, and remember their `browsers`."""
        self._cognito = cognito
        self._browsers = browsers
        self.by_path = {
            "/login": Form(self._show_login, self._log_in),
            "/newPassword": Form(self._show_new_password, self._new_password),
            "/mfa": Form(self._show_mfa, self._mfa),
            "/mfaSetup": Form(self._show_mfa_setup, self._mfa_set_up),
        }

    def _show_login(self, turn: Turn) -> web.Response:
        found = self._browsers.find(turn.visit)
        known = found[0].attributes.get("email", found[0].username) if found else None
        return turn.draw("login", signed_in_as=known)

    def _log_in(self, turn: Turn) -> web.Response:
        name, password = turn.username, turn.typed("password")
        try:
            outcome = self._cognito.sign_in.with_password(turn.client, name, password)
        except AwsFault as fault:
            match fault.code:
                case "UserNotConfirmedException":
                    return turn.go("/confirm", username=name)
                case "PasswordResetRequiredException":
                    return turn.go("/confirmForgotPassword", username=name)
            raise
        return self._go_on(turn, outcome)

    def _go_on(self, turn: Turn, outcome: Outcome) -> web.Response:
        """Go to the next challenge's page, or, signed in, back to the app."""
        visit, asked = turn.visit, turn.asked
        if not isinstance(outcome, User):
            response = turn.go(_PAGE_OF.get(outcome.name, "/mfa"))
            visit.remember(response, _CHALLENGE, outcome.session)
            return response
        cookie, browser = self._browsers.add(asked.client.pool_id, outcome)
        authorization = self._cognito.authorization
        response = redirect(authorization.granted(asked, outcome, browser.auth_time))
        visit.remember(response, COOKIE, cookie)
        visit.forget(response, _CHALLENGE)
        return response

    def _show_new_password(self, turn: Turn) -> web.Response:
        user = self._challenged(turn, "NEW_PASSWORD_REQUIRED")
        if user is None:
            return turn.go("/login", notice="expired")
        fields = turn.fields(missing_attributes(turn.client, user))
        return turn.draw("new_password", fields=fields)

    def _new_password(self, turn: Turn) -> web.Response:
        responses = {"NEW_PASSWORD": turn.repeated_password()}
        if user := self._challenged(turn, "NEW_PASSWORD_REQUIRED"):
            for field in turn.fields(missing_attributes(turn.client, user)):
                responses[ATTRIBUTE + field["attribute"]] = field["value"]
        return self._answer(turn, "NEW_PASSWORD_REQUIRED", responses)

    def _show_mfa(self, turn: Turn) -> web.Response:
        pending, user = self._pending(turn), self._challenged(turn)
        if pending is None or user is None:
            return turn.go("/login", notice="expired")
        address = codes.BY_MESSAGE.get(pending.challenge)
        purpose = codes.SIGN_IN[address] if address else None
        return turn.draw(
            "mfa",
            factor=pending.challenge,
            choices={each: _FACTORS[each] for each in user.mfa.enabled},
            code=self._cognito.codes.current(user, purpose) if purpose else None,
        )

    def _mfa(self, turn: Turn) -> web.Response:
        pending = self._pending(turn)
        name = pending.challenge if pending else ""
        key = "ANSWER" if name == "SELECT_MFA_TYPE" else f"{name}_CODE"
        return self._answer(turn, name, {key: turn.typed("code")})

    def _show_mfa_setup(self, turn: Turn) -> web.Response:
        user = self._challenged(turn, "MFA_SETUP")
        if user is None or user.mfa.has_verified_totp:  # set up meanwhile
            return turn.go("/login", notice="expired")
        secret = user.mfa.totp_secret or codes.associate(user)
        uri = codes.uri(user, secret, turn.client.pool["Name"])
        picture = segno.make(uri, micro=False).svg_data_uri(scale=5, border=4)
        return turn.draw("mfa_setup", picture=picture, secret=secret)

    def _mfa_set_up(self, turn: Turn) -> web.Response:
        if user := self._challenged(turn, "MFA_SETUP"):
            codes.verify(user, turn.typed("code"))
        return self._answer(turn, "MFA_SETUP", {})

    def _answer(
        self, turn: Turn, challenge: str, responses: dict[str, str]
    ) -> web.Response:
        session = turn.visit.cookies.get(_CHALLENGE, "")
        sign_in = self._cognito.sign_in
        return self._go_on(
            turn, sign_in.answer(turn.client, challenge, session, responses)
        )

    def _pending(self, turn: Turn) -> Pending | None:
        return self._cognito.challenges.peek(turn.visit.cookies.get(_CHALLENGE))

    def _challenged(self, turn: Turn, challenge: str | None = None) -> User | None:
        """Return who is asked a challenge in this browser, by this client, if any."""
        pending, client = self._pending(turn), turn.client
        if pending is None or pending.client_id != client.id:
            return None
        if challenge not in (None, pending.challenge):
            return None
        who = pending.subject
        user = directory.find_user(client.pool_id, who.username)
        return user if user and user.stamp == who.stamp else None


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
