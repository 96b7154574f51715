"""The pages for sign-in, sign-up, and a forgotten password."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import segno

from cognito_gw.local.cognito import codes, directory, user_attributes
from cognito_gw.local.cognito.directory import User
from cognito_gw.local.cognito.oauth import read_request
from cognito_gw.local.cognito.pages.request import (
    COOKIE,
    Browsers,
    Form,
    PageRequest,
    redirect,
    render,
)
from cognito_gw.local.cognito.sign_in import pending_user
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from aiohttp import web

    from cognito_gw.local.cognito import Cognito
    from cognito_gw.local.cognito.challenges import Pending
    from cognito_gw.local.cognito.codes import Purpose
    from cognito_gw.local.cognito.directory import AppClient
    from cognito_gw.local.cognito.pages.request import Request
    from cognito_gw.local.cognito.sign_in import Outcome


_UNAVAILABLE = "Login pages unavailable. Please contact an administrator."


def pages(cognito: Cognito, browsers: Browsers) -> dict[str, Form]:
    """Return the pages that sign users up and in to `cognito`, by path.

    They remember the `browsers` of users who have signed in.
    """
    return SignInPages(cognito, browsers).by_path | AccountPages(cognito).by_path


def answer(form: Form, request: Request) -> web.Response:
    """Show a page, or process its form and show an error."""
    page = PageRequest(request, read_request(request.domain, request.query))
    if not directory.has_login_pages(request.domain, page.client.id):
        title, status = "Not available", HTTPStatus.FORBIDDEN
        return render(request, "message", status, title=title, text=_UNAVAILABLE)
    if not request.is_post:
        return form.show(page)
    try:
        request.check_csrf()
        return form.act(page)
    except AwsFault as fault:
        return form.show(replace(page, error=fault.message))


_CHALLENGE = "cognito-challenge"
_PAGE_OF = {"NEW_PASSWORD_REQUIRED": "/newPassword", "MFA_SETUP": "/mfaSetup"}
_FACTORS = {
    "SOFTWARE_TOKEN_MFA": "Authenticator app",
    "EMAIL_OTP": "Code by email",
    "SMS_MFA": "Code by text message",
}


@dataclass(frozen=True)
class SignInPages:
    """Name and password, a new password, a second factor."""

    _cognito: Cognito
    _browsers: Browsers

    @property
    def by_path(self) -> dict[str, Form]:
        """The pages by path."""
        return {
            "/login": Form(self._show_login, self._log_in),
            "/newPassword": Form(self._show_new_password, self._new_password),
            "/mfa": Form(self._show_mfa, self._mfa),
            "/mfaSetup": Form(self._show_mfa_setup, self._mfa_set_up),
        }

    def _show_login(self, page: PageRequest) -> web.Response:
        found = self._browsers.find(page.request)
        known = found[0].attributes.get("email", found[0].username) if found else None
        return page.render("login", signed_in_as=known)

    def _log_in(self, page: PageRequest) -> web.Response:
        name, password = page.username, page.typed("password")
        try:
            outcome = self._cognito.sign_in.with_password(page.client, name, password)
        except AwsFault as fault:
            match fault.code:
                case "UserNotConfirmedException":
                    return page.go_to("/confirm", username=name)
                case "PasswordResetRequiredException":
                    return page.go_to("/confirmForgotPassword", username=name)
            raise
        return self._continue(page, outcome)

    def _continue(self, page: PageRequest, outcome: Outcome) -> web.Response:
        """Redirect to the page of the next challenge, or after sign-in to the app."""
        request, asked = page.request, page.asked
        if not isinstance(outcome, User):
            response = page.go_to(_PAGE_OF.get(outcome.name, "/mfa"))
            request.remember(response, _CHALLENGE, outcome.session)
            return response
        cookie, browser = self._browsers.add(asked.client.pool_id, outcome)
        authorization = self._cognito.authorization
        response = redirect(authorization.granted(asked, outcome, browser.auth_time))
        request.remember(response, COOKIE, cookie)
        request.forget(response, _CHALLENGE)
        return response

    def _show_new_password(self, page: PageRequest) -> web.Response:
        user = self._challenged(page, "NEW_PASSWORD_REQUIRED")
        if user is None:
            return page.go_to("/login", notice="expired")
        fields = page.fields(user_attributes.missing(page.client, user))
        return page.render("new_password", fields=fields)

    def _new_password(self, page: PageRequest) -> web.Response:
        responses = {"NEW_PASSWORD": page.repeated_password()}
        if user := self._challenged(page, "NEW_PASSWORD_REQUIRED"):
            for field in page.fields(user_attributes.missing(page.client, user)):
                responses[user_attributes.PREFIX + field["attribute"]] = field["value"]
        return self._answer(page, "NEW_PASSWORD_REQUIRED", responses)

    def _show_mfa(self, page: PageRequest) -> web.Response:
        pending, user = self._pending(page), self._challenged(page)
        if pending is None or user is None:
            return page.go_to("/login", notice="expired")
        address = codes.BY_MESSAGE.get(pending.challenge)
        purpose = codes.SIGN_IN[address] if address else None
        return page.render(
            "mfa",
            factor=pending.challenge,
            choices={factor: _FACTORS[factor] for factor in user.mfa.enabled},
            code=self._cognito.codes.current(user, purpose) if purpose else None,
        )

    def _mfa(self, page: PageRequest) -> web.Response:
        pending = self._pending(page)
        name = pending.challenge if pending else ""
        key = "ANSWER" if name == "SELECT_MFA_TYPE" else f"{name}_CODE"
        return self._answer(page, name, {key: page.typed("code")})

    def _show_mfa_setup(self, page: PageRequest) -> web.Response:
        user = self._challenged(page, "MFA_SETUP")
        if user is None or user.mfa.has_verified_totp:  # set up meanwhile
            return page.go_to("/login", notice="expired")
        secret = user.mfa.totp_secret or codes.new_totp_secret(user)
        uri = codes.totp_uri(user, secret, page.client.pool["Name"])
        picture = segno.make(uri, micro=False).svg_data_uri(scale=5, border=4)
        return page.render("mfa_setup", picture=picture, secret=secret)

    def _mfa_set_up(self, page: PageRequest) -> web.Response:
        if user := self._challenged(page, "MFA_SETUP"):
            codes.verify_totp(user, page.typed("code"))
        return self._answer(page, "MFA_SETUP", {})

    def _answer(
        self, page: PageRequest, challenge: str, responses: dict[str, str]
    ) -> web.Response:
        session = page.request.cookies.get(_CHALLENGE, "")
        sign_in = self._cognito.sign_in
        outcome = sign_in.answer(page.client, challenge, session, responses)
        return self._continue(page, outcome)

    def _pending(self, page: PageRequest) -> Pending | None:
        return self._cognito.challenges.peek(page.request.cookies.get(_CHALLENGE))

    def _challenged(
        self, page: PageRequest, challenge: str | None = None
    ) -> User | None:
        """Return the user of the challenge in this browser for this client, if any."""
        pending, client = self._pending(page), page.client
        if pending is None or pending.client_id != client.id:
            return None
        if challenge not in (None, pending.challenge):
            return None
        return pending_user(client, pending)


@dataclass(frozen=True)
class AccountPages:
    """Sign-up, its code, and a forgotten password."""

    _cognito: Cognito

    @property
    def by_path(self) -> dict[str, Form]:
        """The pages by path."""
        return {
            "/signup": Form(self._show_sign_up, self._sign_up),
            "/confirm": Form(self._show_confirm, self._confirm),
            "/resendcode": Form(self._show_confirm, self._resend),
            "/forgotPassword": Form(lambda page: page.render("forgot"), self._forget),
            "/confirmForgotPassword": Form(self._show_reset, self._reset),
        }

    def _show_sign_up(self, page: PageRequest) -> web.Response:
        fields = page.fields(_sign_up_attributes(page.client))
        return page.render("signup", fields=fields)

    def _sign_up(self, page: PageRequest) -> web.Response:
        fields = page.fields(_sign_up_attributes(page.client))
        given = {
            field["attribute"]: field["value"] for field in fields if field["value"]
        }
        name, password = page.username, page.typed("password")
        _, delivery = self._cognito.sign_up.add(page.client, name, password, given)
        if delivery is None:
            return page.go_to("/login", notice="no-code")
        return page.go_to("/confirm", username=name)

    def _show_confirm(self, page: PageRequest) -> web.Response:
        return page.render("confirm", code=self._sent(page, codes.SIGN_UP))

    def _confirm(self, page: PageRequest) -> web.Response:
        self._cognito.sign_up.confirm(page.client, page.username, page.typed("code"))
        return page.go_to("/login", username=page.username, notice="confirmed")

    def _resend(self, page: PageRequest) -> web.Response:
        self._cognito.sign_up.resend(page.client, page.username)
        return page.go_to("/confirm", username=page.username, notice="resent")

    def _forget(self, page: PageRequest) -> web.Response:
        self._cognito.sign_up.forget(page.client, page.username)
        return page.go_to("/confirmForgotPassword", username=page.username)

    def _show_reset(self, page: PageRequest) -> web.Response:
        return page.render("reset", code=self._sent(page, codes.RESET))

    def _reset(self, page: PageRequest) -> web.Response:
        password, code = page.repeated_password(), page.typed("code")
        self._cognito.sign_up.reset(page.client, page.username, code, password)
        return page.go_to("/login", username=page.username, notice="reset")

    def _sent(self, page: PageRequest, purpose: Purpose) -> str | None:
        """Return the code that AWS would have sent, for the page to show."""
        user = directory.find_user(page.client.pool_id, page.username)
        return self._cognito.codes.current(user, purpose) if user else None


def _sign_up_attributes(client: AppClient) -> list[str]:
    """Return the attributes that sign-up requires, besides the user name."""
    needed = set(client.required_attributes)
    needed |= set(client.pool.get("AutoVerifiedAttributes", []))
    return sorted(needed - set(client.pool.get("UsernameAttributes") or []))
