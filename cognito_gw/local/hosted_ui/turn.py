"""One turn with somebody whom an app has sent to sign in: a form, shown or sent."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.hosted_ui.render import page
from cognito_gw.local.hosted_ui.visit import redirect

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from cognito_gw.local.hosted_ui.visit import Visit
    from cognito_gw.local.identity.authorization import AuthorizationRequest
    from cognito_gw.local.identity.directory import AppClient

NOTICES = {
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
_INPUT_TYPES = {"email": "email", "phone_number": "tel"}


@dataclass(frozen=True)
class Form:
    """A page with a form: how it is shown, and what is done when it is sent."""

    show: Callable[[Turn], web.Response]
    act: Callable[[Turn], web.Response]


@dataclass(frozen=True)
class Turn:
    """A visit, what its app asks for, and what was wrong with the form."""

    visit: Visit
    asked: AuthorizationRequest
    error: str | None = None

    @property
    def client(self) -> AppClient:
        """The app's client."""
        return self.asked.client

    @property
    def username(self) -> str:
        """The name that is typed in, or handed on from page to page."""
        query = self.visit.query
        handed_on = query.get("username") or query.get("login_hint", "")
        return self.visit.form.get("username", handed_on).strip()

    @property
    def name_label(self) -> str:
        """What the pool calls the name with which people sign in."""
        names = self.client.pool.get("UsernameAttributes") or []
        return " or ".join(_LABELS[name] for name in names) or "User name"

    @property
    def demands(self) -> str:
        """What a password must have."""
        policy = self.client.pool.get("Policies", {}).get("PasswordPolicy", {})
        length = f"at least {policy.get('MinimumLength', 8)} characters"
        needed = [words for name, words in _DEMANDS.items() if policy.get(name)]
        return ", ".join([length, *needed])

    def typed(self, field: str) -> str:
        """Return what is typed into a field."""
        return self.visit.form.get(field, "")

    def repeated_password(self) -> str:
        """Return a new password that is typed twice, and both times the same."""
        if self.typed("repeated") != self.typed("password"):
            message = "The two passwords differ."
            raise AwsFault("InvalidParameterException", message)
        return self.typed("password")

    def fields(self, attributes: list[str]) -> list[dict[str, str]]:
        """Return a form's fields for attributes, named as Cognito's pages name them."""
        return [
            {
                "attribute": name,
                "name": f"requiredAttributes[{name}]",
                "label": _LABELS.get(name, name.replace("_", " ").capitalize()),
                "type": _INPUT_TYPES.get(name, "text"),
                "value": self.typed(f"requiredAttributes[{name}]").strip(),
            }
            for name in attributes
        ]

    def draw(self, name: str, **facts: Any) -> web.Response:
        """Return a page."""
        status = HTTPStatus.BAD_REQUEST if self.error else HTTPStatus.OK
        notice = NOTICES.get(self.visit.query.get("notice", ""))
        return page(self.visit, name, status, turn=self, notice=notice, **facts)

    def go(self, path: str, **ours: str) -> web.Response:
        """Send the browser to another page."""
        return redirect(self.visit.link(path, **ours))
