"""Which tokens a command needs: user, app client, flow, and scopes."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cognito_gw.app.prompter import PresetAnswers
from cognito_gw.aws_rules import API_SCOPE
from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth.cache import Key
from cognito_gw.oauth.flows import BY_API, BY_OAUTH, beyond_api
from cognito_gw.text import guess, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cognito_gw.app.context import Context
    from cognito_gw.config.model import AppClientConfig

_MACHINE = ["client_credentials"]


class NeedsPerson(Missing):
    """Raised when the tokens need a browser sign-in and there is no terminal."""


@dataclass(frozen=True)
class TokenRequest:
    """Which tokens are requested; empty scopes mean those of the flow."""

    user: str | None = None
    client: str | None = None
    flow: str = "auto"
    scopes: tuple[str, ...] = ()
    preset: PresetAnswers = field(default_factory=PresetAnswers)
    opens_browser: bool = True
    seconds: float = 300  # to wait for the browser

    def key(self, context: Context) -> Key:
        """Return the key of its tokens in the cache."""
        client = self.client_key(context)
        return Key(
            context.config.name,
            token_source(context),
            client,
            self.user or self._default_user(context, client),
            self.flow,
            tuple(sorted(set(self.scopes))),
        )

    def for_method(
        self, context: Context, method_scopes: Sequence[str]
    ) -> TokenRequest:
        """Return the request for a token that a method accepts, by any of its scopes.

        It asks for all scopes of the client, so that one sign-in serves all methods.
        """
        if not method_scopes or API_SCOPE in method_scopes:
            return self
        for scope in method_scopes:
            request = replace(self, scopes=(scope,))
            with suppress(UsageError):
                client = context.config.app_clients[request.client_key(context)]
                if client.id is not None:
                    return request
                if scope in client.oauth_scopes:
                    return replace(request, scopes=tuple(client.oauth_scopes))
        return self

    def client_key(self, context: Context) -> str:
        """Return the key of the app client: the named one, or the first that fits."""
        clients = context.config.app_clients
        if self.client is not None:
            if self.client not in clients:
                what = f"no app client `{self.client}`"
                raise UsageError(unknown(what, self.client, clients))
            return self.client
        fitting = [key for key, client in clients.items() if self._fits(client)]
        if not fitting:
            raise UsageError(
                f"no app client gives {self._spelled()}{self._meant(clients.values())}",
                hint="`oauth_flows` and `oauth_scopes` of an app client allow them",
            )
        machines = [key for key in fitting if is_machine(clients[key])]
        people = [key for key in fitting if key not in machines]
        # Users get other scopes only from the sign-in pages.
        is_for_people = (
            context.ui.is_interactive or self.user is not None or self.flow != "auto"
        )
        prefers_machines = beyond_api(self.scopes) and not is_for_people
        return (machines + people if prefers_machines else people + machines)[0]

    def _fits(self, client: AppClientConfig) -> bool:
        if client.id is not None:  # an existing one: its flows are not in the file
            return True
        if self.flow in BY_OAUTH and BY_OAUTH[self.flow] not in client.oauth_flows:
            return False
        wants_people = self.user is not None or self.flow in BY_API
        if wants_people and is_machine(client):
            return False
        return {*beyond_api(self.scopes)} <= {*client.oauth_scopes}

    def _meant(self, clients: Iterable[AppClientConfig]) -> str:
        """Return suggestions for scopes that no app client has."""
        known = {scope for client in clients for scope in client.oauth_scopes}
        strange = [scope for scope in beyond_api(self.scopes) if scope not in known]
        guesses = filter(None, (guess(scope, sorted(known)) for scope in strange))
        return "".join(f"; {text}" for text in guesses)

    def _spelled(self) -> str:
        flow = "" if self.flow == "auto" else f" by the flow {self.flow}"
        scopes = " ".join(self.scopes)
        return f"tokens{flow}" + (f" with {scopes}" if scopes else "")

    def _default_user(self, context: Context, client: str) -> str:
        """Return the first user of the file, unless the flow asks for it later."""
        settings = context.config.app_clients[client]
        if beyond_api(self.scopes) or is_machine(settings):
            return ""
        if self.flow not in ("auto", *BY_API):
            return ""
        users = context.config.users
        if not users and settings.id is None and not context.ui.is_interactive:
            raise _no_user()  # before any AWS call
        return users[0].username if users else ""


def is_machine(client: AppClientConfig) -> bool:
    """Whether an app client is for machines only, so no user can sign in."""
    return list(client.oauth_flows) == _MACHINE


def ask_for_user(context: Context) -> str:
    """Return the user name that the user types; raise without a terminal."""
    if not context.ui.is_interactive:
        raise _no_user()
    return context.ui.ask("User name")


def token_source(context: Context) -> str:
    """Return a name for where tokens come from and go to: the target and the file.

    Cached tokens are found only under the same name, so they never go to an address,
    pool or API that was added to the file later.
    """
    config = context.config
    clients = {
        key: client.id for key, client in config.app_clients.items() if client.id
    }
    ids = [config.user_pool.id, config.api.id, clients]
    named = json.dumps([*ids, *config.endpoints.model_dump().values()])
    return f"{context.target_name} {hashlib.sha256(named.encode()).hexdigest()}"


def _no_user() -> Missing:
    return Missing(
        "the file has no user to sign in",
        hint="name one with `--user NAME`; or add one: users: [{username: "
        "me@example.com, password: '${MY_PW}'}], then run `cgw user`",
    )
