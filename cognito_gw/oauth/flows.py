"""Which OAuth flow to use, and what a sign-in may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cognito_gw.aws_rules import API_SCOPE
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.oauth.app_client import AppClient


# Flow: the AuthFlow that it starts with, in the order in which `auto` tries them.
BY_API = {
    "srp": "USER_SRP_AUTH",
    "password": "USER_PASSWORD_AUTH",
    "choice": "USER_AUTH",
}
# Flow: the app client's OAuth flow.
BY_OAUTH = {
    "browser": "code",
    "implicit": "implicit",
    "client-credentials": "client_credentials",
}
FLOWS = ("auto", *BY_API, *BY_OAUTH)


@dataclass(frozen=True)
class Chosen:
    """A flow, and why it was chosen."""

    flow: str
    because: str


def beyond_api(scopes: Sequence[str]) -> list[str]:
    """Return the scopes that an API sign-in cannot give."""
    return [scope for scope in scopes if scope != API_SCOPE]


def choose(client: AppClient, asked: str, scopes: Sequence[str]) -> Chosen:
    """Return the flow that gives the scopes; raise UsageError if none is allowed."""
    beyond = beyond_api(scopes)
    if beyond and asked in ("auto", *BY_API):
        reason = f"an API sign-in does not give {', '.join(beyond)}"
        return _first_allowed(client, BY_OAUTH, reason)
    if asked != "auto":
        return _asked_for(client, asked)
    if client.settings is not None and client.grants("client_credentials"):
        return Chosen("client-credentials", "the app client is for machines")
    flows = BY_API | BY_OAUTH
    return _first_allowed(client, flows, "the app client allows it")


def is_allowed(client: AppClient, flow: str) -> bool:
    """Whether the app client allows a flow."""
    if flow in BY_API:
        return client.allows(BY_API[flow])
    return client.grants(BY_OAUTH[flow])


def _first_allowed(client: AppClient, flows: dict[str, str], reason: str) -> Chosen:
    for flow in flows:
        if is_allowed(client, flow):
            return Chosen(flow, reason)
    raise UsageError(
        f"{reason}, and the app client allows none of: {', '.join(flows)}",
        hint="add `code` to `oauth_flows` of the app client for sign-in in the browser",
    )


def _asked_for(client: AppClient, flow: str) -> Chosen:
    if not is_allowed(client, flow):
        name = BY_OAUTH.get(flow, flow)
        where = "auth_flows" if flow in BY_API else "oauth_flows"
        raise UsageError(
            f"the app client does not allow the flow {flow}: `{where}` lacks {name}",
            hint="`--flow auto` uses a flow that it allows; or add it to the client",
        )
    return Chosen(flow, "it was requested")


class Questions(Protocol):
    """Answers to what a sign-in asks: from options, the environment, or a terminal.

    Each method raises `Missing` without a preset answer and without a terminal.
    """

    def password(self, user: str) -> str:
        """Return the user's password."""

    def new_password(self, user: str) -> str:
        """Return the new password of the user."""

    def attribute(self, user: str, name: str) -> str:
        """Return the value of an attribute that the pool requires."""

    def sent_code(self, user: str, source: str) -> str:
        """Return the code that was sent to the user; `source` says how and where."""

    def app_code(self, user: str) -> str:
        """Return the code in the user's authenticator app."""

    def choice(self, user: str, options: Sequence[str]) -> str:
        """Return the chosen factor, by its name in Cognito."""

    def set_up_app(self, user: str, secret: str) -> str:
        """Set up an authenticator app with the secret, and return its code."""

    def again(self, code: str, words: str) -> bool:
        """Report AWS's code and message for a wrong answer; return whether to retry."""
