"""The pages on which people sign in: the password, and each challenge after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import segno

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.hosted_ui.browsers import COOKIE, Browsers
from cognito_gw.local.hosted_ui.turn import Form, Turn
from cognito_gw.local.hosted_ui.visit import redirect
from cognito_gw.local.identity import codes, directory, mfa, totp
from cognito_gw.local.identity.checks import ATTRIBUTE, missing_attributes
from cognito_gw.local.identity.directory import User

if TYPE_CHECKING:
    from aiohttp import web

    from cognito_gw.local.identity.challenges import Pending
    from cognito_gw.local.identity.cognito import Cognito
    from cognito_gw.local.identity.sign_in import Outcome

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
        address = mfa.BY_MESSAGE.get(pending.challenge)
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
        secret = user.mfa.totp_secret or totp.associate(user)
        uri = totp.uri(user, secret, turn.client.pool["Name"])
        picture = segno.make(uri, micro=False).svg_data_uri(scale=5, border=4)
        return turn.draw("mfa_setup", picture=picture, secret=secret)

    def _mfa_set_up(self, turn: Turn) -> web.Response:
        if user := self._challenged(turn, "MFA_SETUP"):
            totp.verify(user, turn.typed("code"))
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
