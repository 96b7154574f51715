"""Signs the users of a stack in, with nobody there, and keeps their tokens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from cognito_gw.cli.answers import Prepared
from cognito_gw.cli.app_clients import app_client, provider_of
from cognito_gw.cli.flows import SigningIn
from cognito_gw.cli.wish import Wish, is_machine
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.near import unknown
from cognito_gw.oauth.flow import choose
from cognito_gw.testing.sign_in_page import RESPONSE_TYPES, SignInPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.cli.session import Session
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.tokens import Tokens


class SignIns:
    """The tokens of this process, in memory: the user's own are another AWS's."""

    def __init__(self, session: Session) -> None:
        """Sign in to the stack of a `session`."""
        self.session = session
        self.passwords = {
            user.username: user.password
            for user in session.config.users
            if user.password is not None
        }
        self._kept: dict[Key, Tokens] = {}
        self._lock = threading.Lock()

    def password(self, user: str) -> str:
        """Return a user's password; raise for one who is not in the file."""
        if user not in self.passwords:
            what = f"the file has no user `{user}`"
            raise UsageError(unknown(what, user, self.passwords))
        return self.passwords[user].reveal()

    def wish(
        self, user: str | None, client: str | None, scopes: Sequence[str] = ()
    ) -> Wish:
        """Return whose tokens are wanted: the first user's where nobody is named."""
        settings = self.session.config.app_clients.get(client or "")
        is_of_machine = settings is not None and is_machine(settings)
        if user is None and is_of_machine:
            return Wish(client=client, scopes=tuple(scopes))
        user = user or next(iter(self.passwords), None)
        if user is None:
            hint = "add one to `users:`, or name the `app_client` of a machine"
            raise UsageError("the file has no user to sign in", hint=hint)
        self.password(user)  # there is one
        # What the authenticator app of a user holds, who is asked to set one up.
        secret = self.session.state / f"{quote(user, safe='')}.totp"
        prepared = Prepared(totp_secret=secret)
        return Wish(user, client, scopes=tuple(scopes), prepared=prepared)

    def tokens(self, wish: Wish) -> Tokens:
        """Return fresh tokens; one sign-in does for all who ask for the same."""
        key = wish.key(self.session)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or not kept.is_fresh:
                kept = self._kept[key] = self._signed_in(key, wish)
            return kept

    def _signed_in(self, key: Key, wish: Wish) -> Tokens:
        try:
            return self._by_flow(key, wish)
        except CgwError as problem:
            # pytest prints the arguments of each frame, and some are passwords.
            raise problem.with_traceback(None) from None

    def _by_flow(self, key: Key, wish: Wish) -> Tokens:
        client = app_client(self.session, key.client)
        flow = choose(client, key.flow, key.scopes).flow
        if flow not in RESPONSE_TYPES:
            return SigningIn(self.session, key, wish, client).signed_in()
        page = SignInPage(provider_of(self.session, client), client)
        return page.tokens(flow, key.user, self.passwords[key.user], key.scopes)
