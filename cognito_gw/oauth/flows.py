"""Which OAuth flow to use, and what a sign-in may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cognito_gw.aws_rules import API_SCOPE
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.oauth.app_client import AppClient


# Flow: the AuthFlow that it begins with, in the order in which `auto` takes them.
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
    """A flow, and the reason why it is this one."""

    flow: str
    because: str


def beyond_api(scopes: Sequence[str]) -> list[str]:
    """Return the scopes that sign-in by API does not give."""
    return [scope for scope in scopes if scope != API_SCOPE]


def choose(client: AppClient, asked: str, scopes: Sequence[str]) -> Chosen:
    """Return the flow that gives the scopes; raise where the app client has none."""
    beyond = beyond_api(scopes)
    if beyond and asked in ("auto", *BY_API):
        reason = f"sign-in by API does not give {', '.join(beyond)}"
        return _first_allowed(client, BY_OAUTH, reason)
    if asked != "auto":
        return _asked_for(client, asked)
    if client.settings is not None and client.grants("client_credentials"):
        return Chosen("client-credentials", "the app client is a machine's")
    flows = BY_API | BY_OAUTH
    return _first_allowed(client, flows, "the app client allows it")


def is_allowed(client: AppClient, flow: str) -> bool:
    """Whether the app client takes part in a flow."""
    if flow in BY_API:
        return client.allows(BY_API[flow])
    return client.grants(BY_OAUTH[flow])


def _first_allowed(client: AppClient, flows: dict[str, str], reason: str) -> Chosen:
    for flow in flows:
        if is_allowed(client, flow):
            return Chosen(flow, reason)
    raise UsageError(
        f"{reason}, and the app client allows none of: {', '.join(flows)}",
        hint="`oauth_flows` of the app client enables code for the browser",
    )


def _asked_for(client: AppClient, flow: str) -> Chosen:
    if not is_allowed(client, flow):
        name = BY_API.get(flow) or BY_OAUTH[flow]
        where = "ExplicitAuthFlows" if flow in BY_API else "`oauth_flows`"
        raise UsageError(
            f"the app client does not allow the flow {flow}: {where} lacks {name}",
            hint="`--flow auto` takes one that it allows",
        )
    return Chosen(flow, "it was asked for")


class Questions(Protocol):
    """Answers from a terminal, from options, from the environment.

    Each raises `Missing` when there is nobody to ask and no answer is prepared.
    """

    def password(self, user: str) -> str:
        """Return the user's password."""

    def new_password(self, user: str) -> str:
        """Return the password that the user wants from now on."""

    def attribute(self, user: str, name: str) -> str:
        """Return an attribute of the user that the pool requires."""

    def sent_code(self, user: str, source: str) -> str:
        """Return the code that was sent to the user; `source` says how, and where."""

    def app_code(self, user: str) -> str:
        """Return the code that the user's authenticator app shows."""

    def choice(self, user: str, options: Sequence[str]) -> str:
        """Return the way to sign in that the user chooses, in Cognito's word for it."""

    def set_up_app(self, user: str, secret: str) -> str:
        """Put the secret into an authenticator app, and return the code it shows."""

    def again(self, code: str, words: str) -> bool:
        """Tell AWS's error code and words for a refused answer; whether to ask anew."""
