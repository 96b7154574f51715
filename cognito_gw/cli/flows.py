"""One sign-in: the flow that fits the wish and the app client, carried out."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property, partial
from typing import TYPE_CHECKING

from cognito_gw.cli.answers import Answers, is_terminal
from cognito_gw.cli.app_clients import provider_of
from cognito_gw.cli.browsing import show_page
from cognito_gw.cli.people import require_user
from cognito_gw.cli.wish import NeedsPerson, asked_name
from cognito_gw.errors import CgwError
from cognito_gw.oauth import cache
from cognito_gw.oauth.browser import Browser, BrowserSignIn
from cognito_gw.oauth.challenges import Challenge
from cognito_gw.oauth.flow import BY_API, BY_OAUTH, Chosen, choose
from cognito_gw.oauth.refusal import SignInRefused
from cognito_gw.oauth.renewal import Renewal
from cognito_gw.oauth.sign_in import SignIn
from cognito_gw.oauth.token_endpoint import OAuthRefused, TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.client import AppClient
    from cognito_gw.oauth.provider import Provider
    from cognito_gw.oauth.tokens import Tokens

_ON_IMPLICIT = (
    "the implicit flow carries tokens in an address: they stay in the browser's "
    "history, nothing proves who asked for them, and there is no refresh token. Code "
    "with PKCE (`--flow browser`) has none of this"
)


class SigningIn:
    """Gets tokens from one app client; what it needs is made when it is needed."""

    def __init__(
        self, session: Session, key: Key, wish: Wish, client: AppClient
    ) -> None:
        """Sign in as the `wish` says; the `key` names who, and to what."""
        self._session = session
        self._key = key
        self._wish = wish
        self._client = client

    def refreshed(self, tokens: Tokens) -> Tokens | None:
        """Return new tokens for the refresh token, or None when it is no good."""
        if tokens.refresh_token is None:
            return None
        if not tokens.by_oauth:
            return Renewal(self._session.aws.sign_in, self._client).refreshed(tokens)
        try:
            return self._endpoint.refreshed(tokens)
        except OAuthRefused:
            return None

    def signed_in(self) -> Tokens:
        """Return the tokens of a new sign-in."""
        chosen = choose(self._client, self._key.flow, self._key.scopes)
        self._say(chosen)
        if chosen.flow in BY_API:
            return self._by_api(chosen.flow)
        if chosen.flow == "client-credentials":
            return self._endpoint.for_machine(self._key.scopes)
        return self._by_pages(chosen.flow)

    def _say(self, chosen: Chosen) -> None:
        """Tell which flow it is: unasked where it is not the one asked for."""
        is_other = chosen.flow in BY_OAUTH and self._key.flow in BY_API
        tell = self._session.tell if is_other else self._session.trace
        tell(f"signing in by the flow {chosen.flow}: {chosen.because}")

    def _by_api(self, flow: str) -> Tokens:
        user = self._key.user or asked_name()
        ours = [
            each
            for each in self._session.config.users
            if each.username.lower() == user.lower()  # as our pools compare them
        ]
        if not ours and self._session.config.user_pool.id is None:
            require_user(self._session, user)
        password = ours[0].password if ours else None
        answers = Answers(self._session, self._wish.prepared, password)
        sign_in = SignIn(self._session.aws.sign_in, self._client, answers)
        ways = {
            "srp": sign_in.with_srp,
            "password": sign_in.with_password,
            "choice": sign_in.with_choice,
        }
        waiting = self._waiting() if self._wish.prepared.code else None
        with self._keeping_what_waits(sign_in):
            return sign_in.go_on(waiting) if waiting else ways[flow](user)

    def _by_pages(self, flow: str) -> Tokens:
        scopes = ", ".join(self._key.scopes)
        why = "only somebody at the sign-in page can get a token" + (
            f" with {scopes}" if scopes else ""
        )
        if self._key.flow != flow and not is_terminal():
            raise NeedsPerson(
                why,
                hint="run in a terminal; or let `cgw token --flow browser` wait for a "
                "browser all the same; or add an app client for machines: "
                "`oauth_flows: [client_credentials]`",
            )
        if self._key.flow != flow:
            self._session.tell(f"{why}: waiting for the sign-in (Ctrl-C ends it)")
        show = partial(show_page, opens=self._wish.opens_browser)
        browser = Browser(show, self._wish.seconds)
        trace = self._session.trace
        pages = BrowserSignIn(self._provider, self._client, browser, trace)
        if flow == "implicit":
            self._session.tell(_ON_IMPLICIT)
        get = pages.by_fragment if flow == "implicit" else pages.by_code
        tokens = get(self._scopes(), self._wish.user)
        if self._wish.user and not tokens.may_be_of(self._wish.user):
            raise CgwError(
                f"somebody else than {self._wish.user} signed in",
                hint="sign out first: `cgw logout --browser`",
            )
        return tokens

    def _scopes(self) -> list[str]:
        """Return the scopes to ask the pages for; openid tells who signed in."""
        allowed = self._client.scopes
        scopes = [*(self._key.scopes or allowed)]
        tells = "openid" in scopes or "openid" not in allowed
        return scopes if tells or not self._wish.user else ["openid", *scopes]

    @cached_property
    def _provider(self) -> Provider:
        return provider_of(self._session, self._client)

    @property
    def _endpoint(self) -> TokenEndpoint:
        return TokenEndpoint(self._provider, self._client, self._session.trace)

    def _waiting(self) -> Challenge | None:
        """Return the challenge that an earlier run could not answer."""
        content = cache.waiting(self._key)
        with suppress(TypeError):  # fields that a challenge does not have
            return Challenge(**content) if content else None
        return None

    @contextmanager
    def _keeping_what_waits(self, sign_in: SignIn) -> Iterator[None]:
        """Keep a sent code's challenge when nobody answers it, for a later run."""
        try:
            yield
        except CgwError as problem:
            challenge = sign_in.unanswered
            if challenge and challenge.is_sent and not _is_over(problem):
                cache.keep_waiting(self._key, asdict(challenge))
            raise


def _is_over(problem: CgwError) -> bool:
    """Whether Cognito has given the sign-in up, and not just refused a wrong code."""
    return (
        isinstance(problem, SignInRefused) and problem.code != "CodeMismatchException"
    )
