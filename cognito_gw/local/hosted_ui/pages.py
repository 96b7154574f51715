"""The pages on which people sign up and in, each a form and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import segno

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.hosted_ui.browsers import COOKIE, Browsers
from cognito_gw.local.hosted_ui.render import page
from cognito_gw.local.hosted_ui.visit import redirect
from cognito_gw.local.identity import codes, directory, mfa, totp
from cognito_gw.local.identity.authorization import read_request
from cognito_gw.local.identity.checks import ATTRIBUTE, missing_attributes
from cognito_gw.local.identity.directory import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from cognito_gw.local.hosted_ui.visit import Visit
    from cognito_gw.local.identity.authorization import AuthorizationRequest
    from cognito_gw.local.identity.challenges import Pending
    from cognito_gw.local.identity.codes import Purpose
    from cognito_gw.local.identity.cognito import Cognito
    from cognito_gw.local.identity.directory import AppClient
    from cognito_gw.local.identity.sign_in import Outcome

    Show = Callable[..., web.Response]
    Act = Callable[[Visit, AuthorizationRequest], web.Response]

_CHALLENGE = "cognito-challenge"
_BAD_REQUEST, _FORBIDDEN = 400, 403
_PAGE_OF = {"NEW_PASSWORD_REQUIRED": "/newPassword", "MFA_SETUP": "/mfaSetup"}
_NOTICES = {
    "confirmed": "Your account is confirmed. Sign in now.",
    "no-code": "Your account waits for an administrator to confirm it.",
    "reset": "Your password is changed. Sign in with the new one.",
    "resent": "A new code is on its way.",
    "expired": "That took too long. Please sign in again.",
}
_DEMANDS = {
    "RequireLowercase": "a lowercase letter",
    "RequireUppercase": "an uppercase letter",
    "RequireNumbers": "a number",
    "RequireSymbols": "a symbol",
}
_LABELS = {"email": "Email", "phone_number": "Phone number"}
_FACTORS = {
    "SOFTWARE_TOKEN_MFA": "Authenticator app",
    "EMAIL_OTP": "Code by email",
    "SMS_MFA": "Code by text message",
}


@dataclass(frozen=True)
class Page:
    """A form: how it is shown, and what happens when it is sent."""

    show: Show
    act: Act


class Pages:
    """Answers the pages of every domain."""

    def __init__(self, cognito: Cognito, browsers: Browsers) -> None:
        """Sign people in to `cognito`, and remember their `browsers`."""
        self._cognito = cognito
        self._browsers = browsers
        self.by_path = {
            "/login": Page(self._show_login, self._log_in),
            "/signup": Page(self._show_sign_up, self._sign_up),
            "/confirm": Page(self._show_confirm, self._confirm),
            "/resendcode": Page(self._show_confirm, self._resend),
            "/forgotPassword": Page(self._show_forgot, self._forget),
            "/confirmForgotPassword": Page(self._show_reset, self._reset),
            "/newPassword": Page(self._show_new_password, self._new_password),
            "/mfa": Page(self._show_mfa, self._mfa),
            "/mfaSetup": Page(self._show_mfa_setup, self._mfa_set_up),
        }

    def answer(self, path: str, visit: Visit) -> web.Response:
        """Show a page, or act on its form and show what is wrong with it."""
        asked = read_request(visit.domain, visit.query)
        if not directory.has_login_pages(visit.domain, asked.client.id):
            text = "Login pages unavailable. Please contact an administrator."
            return page(visit, "message", _FORBIDDEN, title="Not available", text=text)
        known = self.by_path[path]
        if not visit.is_post:
            return known.show(visit, asked)
        try:
            visit.check_csrf()
            return known.act(visit, asked)
        except AwsFault as fault:
            return known.show(visit, asked, error=fault.message)

    def continue_to_app(
        self, visit: Visit, asked: AuthorizationRequest
    ) -> web.Response | None:
        """Send a browser that is signed in back to the app; None if it is not."""
        found = self._browsers.find(visit)
        if found is None:
            return None
        return redirect(self._cognito.authorization.granted(asked, *found))

    def _draw(
        self,
        name: str,
        visit: Visit,
        asked: AuthorizationRequest,
        error: str | None,
        **facts: Any,
    ) -> web.Response:
        status = _BAD_REQUEST if error else 200
        notice = _NOTICES.get(visit.query.get("notice", ""))
        facts = {"client": asked.client, "error": error, "notice": notice} | facts
        return page(visit, name, status, **facts)

    def _show_login(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        signed_in = self._browsers.find(visit)
        hint = visit.query.get("username") or visit.query.get("login_hint", "")
        return self._draw(
            "login",
            visit,
            asked,
            error,
            name_label=_name_label(asked.client),
            username=visit.form.get("username", hint),
            signed_in_as=_shown_name(signed_in[0]) if signed_in else None,
            may_sign_up=asked.client.is_open,
        )

    def _log_in(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        name = visit.form.get("username", "").strip()
        password = visit.form.get("password", "")
        try:
            outcome = self._cognito.sign_in.with_password(asked.client, name, password)
        except AwsFault as fault:
            match fault.code:
                case "UserNotConfirmedException":
                    return redirect(visit.link("/confirm", username=name))
                case "PasswordResetRequiredException":
                    path = "/confirmForgotPassword"
                    return redirect(visit.link(path, username=name))
            raise
        return self._go_on(visit, asked, outcome)

    def _go_on(
        self, visit: Visit, asked: AuthorizationRequest, outcome: Outcome
    ) -> web.Response:
        """Go to the next challenge's page, or, signed in, back to the app."""
        if not isinstance(outcome, User):
            response = redirect(visit.link(_PAGE_OF.get(outcome.name, "/mfa")))
            visit.remember(response, _CHALLENGE, outcome.session)
            return response
        cookie, browser = self._browsers.add(asked.client.pool_id, outcome)
        authorization = self._cognito.authorization
        response = redirect(authorization.granted(asked, outcome, browser.auth_time))
        visit.remember(response, COOKIE, cookie)
        visit.forget(response, _CHALLENGE)
        return response

    def _show_sign_up(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        return self._draw(
            "signup",
            visit,
            asked,
            error,
            name_label=_name_label(asked.client),
            username=visit.form.get("username", ""),
            fields=_fields(_told_at_sign_up(asked.client), visit),
            demands=_demands(asked.client),
            may_sign_up=asked.client.is_open,
        )

    def _sign_up(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        name = visit.form.get("username", "").strip()
        attributes = {
            field["attribute"]: field["value"]
            for field in _fields(_told_at_sign_up(asked.client), visit)
            if field["value"]
        }
        password = visit.form.get("password", "")
        _, delivery = self._cognito.sign_up.add(
            asked.client, name, password, attributes
        )
        if delivery is None:
            return redirect(visit.link("/login", notice="no-code"))
        return redirect(visit.link("/confirm", username=name))

    def _show_confirm(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        name = _username(visit)
        return self._draw(
            "confirm",
            visit,
            asked,
            error,
            username=name,
            code=self._code_for(asked.client, name, codes.SIGN_UP),
        )

    def _confirm(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        name, code = _username(visit), visit.form.get("code", "")
        self._cognito.sign_up.confirm(asked.client, name, code)
        return redirect(visit.link("/login", username=name, notice="confirmed"))

    def _resend(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        name = _username(visit)
        self._cognito.sign_up.resend(asked.client, name)
        return redirect(visit.link("/confirm", username=name, notice="resent"))

    def _show_forgot(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        label, name = _name_label(asked.client), _username(visit)
        return self._draw(
            "forgot", visit, asked, error, name_label=label, username=name
        )

    def _forget(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        name = _username(visit)
        self._cognito.sign_up.forget(asked.client, name)
        return redirect(visit.link("/confirmForgotPassword", username=name))

    def _show_reset(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        name = _username(visit)
        return self._draw(
            "reset",
            visit,
            asked,
            error,
            username=name,
            demands=_demands(asked.client),
            code=self._code_for(asked.client, name, codes.RESET),
        )

    def _reset(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        name, password = _username(visit), _repeated_password(visit)
        code = visit.form.get("code", "")
        self._cognito.sign_up.reset(asked.client, name, code, password)
        return redirect(visit.link("/login", username=name, notice="reset"))

    def _show_new_password(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        user = self._challenged(visit, asked, "NEW_PASSWORD_REQUIRED")
        if user is None:
            return redirect(visit.link("/login", notice="expired"))
        return self._draw(
            "new_password",
            visit,
            asked,
            error,
            demands=_demands(asked.client),
            fields=_fields(missing_attributes(asked.client, user), visit),
        )

    def _new_password(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        responses = {"NEW_PASSWORD": _repeated_password(visit)}
        if user := self._challenged(visit, asked, "NEW_PASSWORD_REQUIRED"):
            for field in _fields(missing_attributes(asked.client, user), visit):
                responses[ATTRIBUTE + field["attribute"]] = field["value"]
        return self._answer(visit, asked, "NEW_PASSWORD_REQUIRED", responses)

    def _show_mfa(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        pending, user = self._pending(visit), self._challenged(visit, asked)
        if pending is None or user is None:
            return redirect(visit.link("/login", notice="expired"))
        is_sent = pending.challenge in mfa.BY_MESSAGE
        return self._draw(
            "mfa",
            visit,
            asked,
            error,
            factor=pending.challenge,
            choices={each: _FACTORS[each] for each in user.mfa.enabled},
            code=self._cognito.codes.current(user, codes.SIGN_IN) if is_sent else None,
        )

    def _mfa(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        pending = self._pending(visit)
        name = pending.challenge if pending else ""
        key = "ANSWER" if name == "SELECT_MFA_TYPE" else f"{name}_CODE"
        return self._answer(visit, asked, name, {key: visit.form.get("code", "")})

    def _show_mfa_setup(
        self, visit: Visit, asked: AuthorizationRequest, error: str | None = None
    ) -> web.Response:
        user = self._challenged(visit, asked, "MFA_SETUP")
        if user is None:
            return redirect(visit.link("/login", notice="expired"))
        secret = user.mfa.totp_secret
        if secret is None or user.mfa.has_verified_totp:
            secret = totp.associate(user)
        uri = totp.uri(user, secret, asked.client.pool["Name"])
        picture = segno.make(uri, micro=False).svg_data_uri(scale=5, border=4)
        return self._draw(
            "mfa_setup", visit, asked, error, picture=picture, secret=secret
        )

    def _mfa_set_up(self, visit: Visit, asked: AuthorizationRequest) -> web.Response:
        if user := self._challenged(visit, asked, "MFA_SETUP"):
            totp.verify(user, visit.form.get("code", ""))
        return self._answer(visit, asked, "MFA_SETUP", {})

    def _answer(
        self,
        visit: Visit,
        asked: AuthorizationRequest,
        challenge: str,
        responses: dict[str, str],
    ) -> web.Response:
        session = visit.cookies.get(_CHALLENGE, "")
        outcome = self._cognito.sign_in.answer(
            asked.client, challenge, session, responses
        )
        return self._go_on(visit, asked, outcome)

    def _pending(self, visit: Visit) -> Pending | None:
        return self._cognito.challenges.peek(visit.cookies.get(_CHALLENGE))

    def _challenged(
        self, visit: Visit, asked: AuthorizationRequest, challenge: str | None = None
    ) -> User | None:
        """Return who is asked a challenge in this browser, by this client, if any."""
        pending, client = self._pending(visit), asked.client
        if pending is None or pending.client_id != client.id:
            return None
        if challenge not in (None, pending.challenge):
            return None
        return directory.find_user(client.pool_id, str(pending.username))

    def _code_for(self, client: AppClient, name: str, purpose: Purpose) -> str | None:
        user = directory.find_user(client.pool_id, name)
        return self._cognito.codes.current(user, purpose) if user else None


def _username(visit: Visit) -> str:
    return visit.form.get("username", visit.query.get("username", "")).strip()


def _repeated_password(visit: Visit) -> str:
    password = visit.form.get("password", "")
    if visit.form.get("repeated") != password:
        raise AwsFault("InvalidParameterException", "The two passwords differ.")
    return password


def _shown_name(user: User) -> str:
    return user.attributes.get("email") or user.username


def _name_label(client: AppClient) -> str:
    names = client.pool.get("UsernameAttributes") or []
    return " or ".join(_LABELS[name] for name in names) or "User name"


def _told_at_sign_up(client: AppClient) -> list[str]:
    """Return the attributes that one must tell to sign up, beside the name."""
    schema = client.pool.get("SchemaAttributes", [])
    needed = {each["Name"] for each in schema if each.get("Required")} - {"sub"}
    needed |= set(client.pool.get("AutoVerifiedAttributes", []))
    return sorted(needed - set(client.pool.get("UsernameAttributes") or []))


def _fields(attributes: list[str], visit: Visit) -> list[dict[str, str]]:
    """Return a form's fields for attributes, named as Cognito's pages name them."""
    return [
        {
            "attribute": name,
            "name": f"requiredAttributes[{name}]",
            "label": _LABELS.get(name, name.replace("_", " ").capitalize()),
            "type": {"email": "email", "phone_number": "tel"}.get(name, "text"),
            "value": visit.form.get(f"requiredAttributes[{name}]", "").strip(),
        }
        for name in attributes
    ]


def _demands(client: AppClient) -> str:
    """Say what a password must have."""
    policy = client.pool.get("Policies", {}).get("PasswordPolicy", {})
    length = f"at least {policy.get('MinimumLength', 8)} characters"
    return ", ".join(
        [length, *(words for name, words in _DEMANDS.items() if policy.get(name))]
    )
