"""Gets tokens: cached, refreshed, or from a new sign-in."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property, partial
from typing import TYPE_CHECKING

from cognito_gw.app.prompter import Answers, is_terminal
from cognito_gw.app.token_request import NeedsPerson, asked_name
from cognito_gw.app.users import require_user
from cognito_gw.cli.pages import show_page
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.oauth import cache
from cognito_gw.oauth.app_client import AppClient
from cognito_gw.oauth.browser import Browser, BrowserSignIn
from cognito_gw.oauth.errors import SignInRefused
from cognito_gw.oauth.flows import BY_API, BY_OAUTH, Chosen, choose
from cognito_gw.oauth.sign_in import Challenge, SignIn
from cognito_gw.oauth.token_endpoint import OAuthRefused, Renewal, TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.app.context import Session
    from cognito_gw.app.token_request import Wish
    from cognito_gw.oauth.app_client import Provider
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.tokens import Tokens


CLIENT_SECRET = "CGW_CLIENT_SECRET"  # noqa: S105 - the variable's name


def app_client(session: Session, key: str) -> AppClient:
    """Return an app client of the file; raise if it does not exist yet."""
    pool_id = session.config.user_pool.id
    client_id = session.config.app_clients[key].id
    if pool_id and client_id:
        return _made_elsewhere(session, pool_id, client_id)
    client = session.stack.clients.get(key)
    if client is None:
        raise UsageError(
            f"the app client `{key}` has no `id`, and the user pool is one made "
            "elsewhere, in which cgw makes none",
            hint=f"name it: app_clients: {{{key}: {{id: …}}}}",
        )
    session.look([client])
    if client.live is None:
        raise Missing(f"{client} does not exist yet", hint="run `cgw up` first")
    return AppClient.described(client.pool["Id"], client.live)


def provider_of(session: Session, client: AppClient) -> Provider:
    """Return what the app client's pool publishes about itself."""
    from cognito_gw.oauth.app_client import discover

    provider = discover(issuer_url(session, client.pool_id), session.trace)
    if "hosted_ui" not in session.endpoints:
        return provider
    from cognito_gw.resources.outputs import outputs

    stack = session.stack
    session.look([stack.domain] if stack.pool.managed else [stack.pool])
    return provider.at(outputs(stack, session.links)["hosted_ui_url"])


def issuer_url(session: Session, pool_id: str) -> str:
    """Return the address under which a pool's `.well-known` documents are."""
    template = session.endpoints.get("issuer")
    if template is None:
        # As on AWS: under the address of the service, wherever that is.
        return f"{session.aws.sign_in.meta.endpoint_url}/{pool_id}"
    return template.format(region=session.aws.region, user_pool_id=pool_id)


def _made_elsewhere(session: Session, pool_id: str, client_id: str) -> AppClient:
    """Return an app client by its ids; whoever only signs in may not describe it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.aws.errors import ABSENT, code_of, is_of_the_caller

    try:
        answer = session.aws.cognito.describe_user_pool_client(
            UserPoolId=pool_id, ClientId=client_id
        )
    except (BotoCoreError, ClientError) as error:
        # To the credentials of another account the pool does not exist.
        is_absent = isinstance(error, ClientError) and code_of(error) in ABSENT
        if not (is_absent or is_of_the_caller(error)):
            raise
        session.trace(f"the app client is taken as it comes: {error}")
        return AppClient(pool_id, client_id, os.environ.get(CLIENT_SECRET))
    return AppClient.described(pool_id, answer["UserPoolClient"])


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


_NOT_GIVEN = {
    "id_token": "the scope openid gives it; an app client for machines never does",
    "refresh_token": "neither the implicit flow nor client credentials give one",
}


def tokens_for(session: Session, wish: Wish) -> Tokens:
    """Return fresh tokens that are what a command wishes for."""
    key = wish.key(session)
    if tokens := _fresh(key, wish):
        return tokens

    def tell() -> None:
        session.tell("another cgw is getting these tokens: waiting for it")

    with cache.alone(key, tell):
        tokens = _fresh(key, wish) or _got(session, key, wish)
        cache.keep(key, tokens)
    return tokens


def _fresh(key: Key, wish: Wish) -> Tokens | None:
    tokens = _own(key, wish)
    return tokens if tokens and tokens.is_fresh else None


def _own(key: Key, wish: Wish) -> Tokens | None:
    """Return the kept tokens, if they are of who is asked for."""
    tokens = cache.recall(key)
    if tokens and wish.user and not tokens.may_be_of(wish.user):
        return None
    return tokens


def _got(session: Session, key: Key, wish: Wish) -> Tokens:

    signing = SigningIn(session, key, wish, app_client(session, key.client))
    old = _own(key, wish)
    return (old and signing.refreshed(old)) or signing.signed_in()


def raw_token(tokens: Tokens, name: str) -> str:
    """Return one of the tokens by its name; raise where the sign-in gave none."""
    value: str | None = getattr(tokens, name)
    if value is None:
        raise Missing(
            f"this sign-in gave no {name.replace('_', ' ')}", hint=_NOT_GIVEN.get(name)
        )
    return value
