"""Which way to sign in: what was asked for, what the app client allows, what it gives.

Sign-in with a password, by API, gives the scope `aws.cognito.signin.user.admin` and no
other; every other scope comes from the pages or from the token endpoint alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.oauth.client import AppClient

API_SCOPE = "aws.cognito.signin.user.admin"
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
