"""Which tokens a command needs: user, app client, flow, and scopes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from cognito_gw.app.prompter import Prepared, is_terminal
from cognito_gw.cli import completions
from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth.cache import Key
from cognito_gw.oauth.flows import API_SCOPE, BY_API, BY_OAUTH, beyond_api
from cognito_gw.report.say import ask
from cognito_gw.text import guess, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cognito_gw.app.context import Session
    from cognito_gw.config.model import AppClientConfig

_MACHINE = ["client_credentials"]


class NeedsPerson(Missing):
    """Raised when only somebody at the sign-in page could get the tokens."""


@dataclass(frozen=True)
class Wish:
    """What the command line asks for; empty scopes are those of the flow."""

    user: str | None = None
    client: str | None = None
    flow: str = "auto"
    scopes: tuple[str, ...] = ()
    prepared: Prepared = field(default_factory=Prepared)
    opens_browser: bool = True
    seconds: float = 300  # to wait for the browser

    def key(self, session: Session) -> Key:
        """Return under which key its tokens are kept."""
        client = self.client_key(session)
        return Key(
            session.config.name,
            session.token_place,
            client,
            self.user or self._default_user(session, client),
            self.flow,
            tuple(sorted(set(self.scopes))),
        )

    def for_method(self, session: Session, method_scopes: Sequence[str]) -> Wish:
        """Return the same wish for a token that a method takes, by any of its scopes.

        One sign-in is to do for all methods, so it asks for all that the client gives.
        """
        if not method_scopes or API_SCOPE in method_scopes:
            return self
        for scope in method_scopes:
            wish = replace(self, scopes=(scope,))
            with suppress(UsageError):
                client = session.config.app_clients[wish.client_key(session)]
                if client.id is not None:
                    return wish
                if scope in client.oauth_scopes:
                    return replace(wish, scopes=tuple(client.oauth_scopes))
        return self

    def client_key(self, session: Session) -> str:
        """Return the app client of that name, or the first that can serve the wish."""
        clients = session.config.app_clients
        if self.client is not None:
            if self.client not in clients:
                what = f"no app client `{self.client}`"
                raise UsageError(unknown(what, self.client, clients))
            return self.client
        fitting = [key for key, each in clients.items() if self._fits(each)]
        if not fitting:
            raise UsageError(
                f"no app client gives {self._spelled()}{self._meant(clients.values())}",
                hint="`oauth_flows` and `oauth_scopes` of an app client allow them",
            )
        machines = [key for key in fitting if is_machine(clients[key])]
        people = [key for key in fitting if key not in machines]
        # Only a person can use the pages, which alone give people other scopes.
        is_for_people = is_terminal() or self.user is not None or self.flow != "auto"
        prefers_machines = beyond_api(self.scopes) and not is_for_people
        return (machines + people if prefers_machines else people + machines)[0]

    def _fits(self, client: AppClientConfig) -> bool:
        if client.id is not None:  # made elsewhere: the file does not tell
            return True
        if self.flow in BY_OAUTH and BY_OAUTH[self.flow] not in client.oauth_flows:
            return False
        wants_people = self.user is not None or self.flow in BY_API
        if wants_people and is_machine(client):
            return False
        return {*beyond_api(self.scopes)} <= {*client.oauth_scopes}

    def _meant(self, clients: Iterable[AppClientConfig]) -> str:
        """Return the scopes that may have been meant, if none has that name."""
        known = {scope for client in clients for scope in client.oauth_scopes}
        strange = [each for each in beyond_api(self.scopes) if each not in known]
        meant = filter(None, (guess(each, sorted(known)) for each in strange))
        return "".join(f"; {each}" for each in meant)

    def _spelled(self) -> str:
        flow = "" if self.flow == "auto" else f" by the flow {self.flow}"
        scopes = " ".join(self.scopes)
        return f"tokens{flow}" + (f" with {scopes}" if scopes else "")

    def _default_user(self, session: Session, client: str) -> str:
        """Return the first user of the file, where one is named beforehand."""
        settings = session.config.app_clients[client]
        if beyond_api(self.scopes) or is_machine(settings):
            return ""
        if self.flow not in ("auto", *BY_API):
            return ""
        users = session.config.users
        if not users and settings.id is None and not is_terminal():
            raise _no_user()  # before AWS is asked anything
        return users[0].username if users else ""


def who_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say who signs in, and through which app client."""
    user = click.option(
        "--user",
        metavar="NAME",
        shell_complete=completions.users,
        help="Who signs in. Default: the first user of the file.",
    )
    client = click.option(
        "--client",
        metavar="NAME",
        shell_complete=completions.clients,
        help="The app client. Default: the first that signs users in.",
    )
    return user(client(command))


def is_machine(client: AppClientConfig) -> bool:
    """Whether an app client is one of machines, which signs nobody in."""
    return list(client.oauth_flows) == _MACHINE


def asked_name() -> str:
    """Return the user name that is typed, where neither option nor file names one."""
    if not is_terminal():
        raise _no_user()
    return str(ask("User name"))


def _no_user() -> Missing:
    return Missing(
        "the file has no user to sign in",
        hint="`--user NAME` names one; or add one: users: [{username: me@example.com, "
        "password: '${MY_PW}'}], then `cgw user`",
    )
