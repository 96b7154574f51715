"""Gets tokens from the cache, by a refresh, or by a new sign-in.

Everything that imports botocore is imported late: a cached token needs none of it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cognito_gw.app.prompter import Prompter
from cognito_gw.app.token_request import (
    NeedsPerson,
    TokenRequest,
    ask_for_user,
    token_source,
)
from cognito_gw.app.users import require_user
from cognito_gw.app.walks import look
from cognito_gw.aws.endpoints import sign_in_query
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.oauth import cache
from cognito_gw.oauth.app_client import AppClient, discover
from cognito_gw.oauth.flows import BY_API, BY_OAUTH, Chosen, choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.app.context import Context
    from cognito_gw.oauth.app_client import Provider
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.sign_in import Challenge, SignIn
    from cognito_gw.oauth.token_endpoint import TokenEndpoint
    from cognito_gw.oauth.tokens import Tokens


CLIENT_SECRET = "CGW_CLIENT_SECRET"  # noqa: S105 - the variable's name


def app_client(context: Context, key: str) -> AppClient:
    """Return an app client of the file by its key; raise if it does not exist yet."""
    pool_id = context.config.user_pool.id
    client_id = context.config.app_clients[key].id
    if pool_id and client_id:
        return _existing(context, pool_id, client_id)
    client = context.stack.clients.get(key)
    if client is None:
        raise UsageError(
            f"the app client `{key}` has no `id`, and cgw does not add app clients to "
            "an existing user pool",
            hint=f"add the ID: app_clients: {{{key}: {{id: …}}}}",
        )
    look(context, [client])
    if client.live is None:
        raise Missing(f"{client} does not exist yet", hint="run `cgw up` first")
    return AppClient.described(client.pool["Id"], client.live)


def provider_of(context: Context, client: AppClient) -> Provider:
    """Return the OpenID configuration of the app client's pool."""
    provider = discover(issuer_url(context, client.pool_id), context.ui.trace)
    if "hosted_ui" not in context.endpoints:
        return provider
    from cognito_gw.resources.stack import outputs

    stack = context.stack
    look(context, [stack.domain] if stack.pool.managed else [stack.pool])
    return provider.at(outputs(stack, context.links)["hosted_ui_url"])


def issuer_url(context: Context, pool_id: str) -> str:
    """Return the issuer URL of a pool, without a slash at its end."""
    template = context.endpoints.get("issuer")
    if template is None:
        # As on AWS: below the address of the service.
        return f"{context.aws.sign_in.meta.endpoint_url}/{pool_id}"
    return template.format(region=context.aws.region, user_pool_id=pool_id)


def _existing(context: Context, pool_id: str, client_id: str) -> AppClient:
    """Return an app client by its IDs; the caller may not be allowed to describe it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.aws.errors import ABSENT, code_of, is_of_the_caller

    try:
        answer = context.aws.cognito.describe_user_pool_client(
            UserPoolId=pool_id, ClientId=client_id
        )
    except (BotoCoreError, ClientError) as error:
        # To the credentials of another account the pool does not exist.
        is_absent = isinstance(error, ClientError) and code_of(error) in ABSENT
        if not (is_absent or is_of_the_caller(error)):
            raise
        context.ui.trace(f"the app client's settings are not known: {error}")
        return AppClient(pool_id, client_id, os.environ.get(CLIENT_SECRET))
    return AppClient.described(pool_id, answer["UserPoolClient"])


_ON_IMPLICIT = (
    "the implicit flow puts tokens into a URL: they stay in the browser's history, "
    "nothing proves who requested them, and there is no refresh token. The "
    "authorization code flow with PKCE (`--flow browser`) avoids this"
)


class TokenSource:
    """Gets tokens from one app client, by a refresh or by a new sign-in."""

    def __init__(
        self, context: Context, key: Key, request: TokenRequest, client: AppClient
    ) -> None:
        """Sign in as the `request` says; the `key` has its user, flow and scopes."""
        self._context = context
        self._key = key
        self._request = request
        self._client = client

    def refreshed(self, tokens: Tokens) -> Tokens | None:
        """Return new tokens for the refresh token; None if it is not accepted."""
        if tokens.refresh_token is None:
            return None
        from cognito_gw.oauth.token_endpoint import OAuthRefused, Renewal

        if not tokens.by_oauth:
            return Renewal(self._context.aws.sign_in, self._client).refreshed(tokens)
        try:
            return self._endpoint.refreshed(tokens)
        except OAuthRefused:
            return None

    def signed_in(self) -> Tokens:
        """Return the tokens of a new sign-in."""
        chosen = choose(self._client, self._key.flow, self._key.scopes)
        self._report(chosen)
        if chosen.flow in BY_API:
            return self._by_api(chosen.flow)
        if chosen.flow == "client-credentials":
            return self._endpoint.for_machine(self._key.scopes)
        return self._by_pages(chosen.flow)

    def _report(self, chosen: Chosen) -> None:
        """Report the flow: always if the user asked for another one."""
        is_other = chosen.flow in BY_OAUTH and self._key.flow in BY_API
        ui = self._context.ui
        report = ui.tell if is_other else ui.trace
        report(f"signing in by the flow {chosen.flow}: {chosen.because}")

    def _by_api(self, flow: str) -> Tokens:
        from cognito_gw.oauth.sign_in import SignIn

        user = self._key.user or ask_for_user(self._context)
        ours = [
            configured
            for configured in self._context.config.users
            if configured.username.lower() == user.lower()  # as our pools compare them
        ]
        if not ours and self._context.config.user_pool.id is None:
            require_user(self._context, user)
        password = ours[0].password if ours else None
        prompter = Prompter(self._context, self._request.preset, password)
        sign_in = SignIn(self._context.aws.sign_in, self._client, prompter)
        by_flow = {
            "srp": sign_in.with_srp,
            "password": sign_in.with_password,
            "choice": sign_in.with_choice,
        }
        waiting = self._waiting() if self._request.preset.code else None
        with self._keeping_challenge(sign_in):
            return sign_in.go_on(waiting) if waiting else by_flow[flow](user)

    def _by_pages(self, flow: str) -> Tokens:
        from cognito_gw.oauth.browser import Browser, BrowserSignIn

        if self._key.flow != flow:
            self._require_browser()
        ui = self._context.ui
        show = partial(ui.open_page, opens_browser=self._request.opens_browser)
        browser = Browser(show, self._request.seconds)
        trace = ui.trace
        pages = BrowserSignIn(self._provider, self._client, browser, trace)
        if flow == "implicit":
            ui.tell(_ON_IMPLICIT)
        get = pages.by_fragment if flow == "implicit" else pages.by_code
        tokens = get(self._scopes(), self._request.user)
        if self._request.user and not tokens.may_be_of(self._request.user):
            raise CgwError(
                f"another user than {self._request.user} signed in",
                hint="sign out first: `cgw logout --browser`",
            )
        return tokens

    def _require_browser(self) -> None:
        """Report that the token needs a browser; raise without a terminal."""
        scopes = ", ".join(self._key.scopes)
        named = f"a token with {scopes}" if scopes else "a token"
        why = f"{named} needs a browser sign-in"
        if not self._context.ui.is_interactive:
            raise NeedsPerson(
                why,
                hint="run in a terminal; or wait for a browser with `cgw token --flow "
                "browser`; or add an app client for machines: "
                "`oauth_flows: [client_credentials]`",
            )
        self._context.ui.tell(f"{why}: waiting for it (Ctrl-C stops)")

    def _scopes(self) -> list[str]:
        """Return the scopes to request; openid is there to learn who signed in."""
        allowed = self._client.scopes
        scopes = [*(self._key.scopes or allowed)]
        if self._request.user and "openid" in allowed and "openid" not in scopes:
            return ["openid", *scopes]
        return scopes

    @cached_property
    def _provider(self) -> Provider:
        return provider_of(self._context, self._client)

    @property
    def _endpoint(self) -> TokenEndpoint:
        from cognito_gw.oauth.token_endpoint import TokenEndpoint

        return TokenEndpoint(self._provider, self._client, self._context.ui.trace)

    def _waiting(self) -> Challenge | None:
        """Return the challenge that an earlier run left without an answer."""
        from cognito_gw.oauth.sign_in import Challenge

        content = cache.waiting(self._key)
        with suppress(TypeError):  # it has other fields
            return Challenge(**content) if content else None
        return None

    @contextmanager
    def _keeping_challenge(self, sign_in: SignIn) -> Iterator[None]:
        """Keep the challenge of a sent code for a later run, if it has no answer."""
        try:
            yield
        except CgwError as problem:
            challenge = sign_in.unanswered
            if challenge and challenge.is_sent and not _is_over(problem):
                cache.keep_waiting(self._key, asdict(challenge))
            raise


def _is_over(problem: CgwError) -> bool:
    """Whether Cognito ended the sign-in, rather than refuse a wrong code."""
    from cognito_gw.oauth.sign_in import SignInRefused

    return (
        isinstance(problem, SignInRefused) and problem.code != "CodeMismatchException"
    )


_NOT_GIVEN = {
    "id_token": "request the scope openid; app clients for machines get no ID token",
    "refresh_token": "the implicit flow and client credentials return none",
}


def tokens_for(context: Context, request: TokenRequest) -> Tokens:
    """Return fresh tokens for a request, from the cache if it has them."""
    key = request.key(context)
    if tokens := _fresh(key, request):
        return tokens

    def tell() -> None:
        context.ui.tell("another cgw process is getting these tokens; waiting")

    with cache.alone(key, tell):
        tokens = _fresh(key, request) or _got(context, key, request)
        cache.keep(key, tokens)
    return tokens


def _fresh(key: Key, request: TokenRequest) -> Tokens | None:
    tokens = _cached(key, request)
    return tokens if tokens and tokens.is_fresh else None


def _cached(key: Key, request: TokenRequest) -> Tokens | None:
    """Return the cached tokens, if they are those of the requested user."""
    tokens = cache.recall(key)
    if tokens and request.user and not tokens.may_be_of(request.user):
        return None
    return tokens


def _got(context: Context, key: Key, request: TokenRequest) -> Tokens:
    source = TokenSource(context, key, request, app_client(context, key.client))
    old = _cached(key, request)
    return (old and source.refreshed(old)) or source.signed_in()


def raw_token(tokens: Tokens, name: str) -> str:
    """Return a token by its name, such as `id_token`; raise if there is none."""
    value: str | None = getattr(tokens, name)
    if value is None:
        raise Missing(
            f"this sign-in returned no {name.replace('_', ' ')}",
            hint=_NOT_GIVEN.get(name),
        )
    return value


_AUTHORIZE = "/oauth2/authorize"


def sign_out(
    context: Context, user: str | None = None, client: str | None = None
) -> tuple[int, int]:
    """Revoke and drop cached tokens; return how many were dropped, and revoked.

    Only those of a `user` or an app client's key, if they are named.
    """
    keys = list(_cached_keys(context, user, client))
    return len(keys), sum(_revoked(context, key) for key in keys)


def _cached_keys(
    context: Context, user: str | None, client: str | None
) -> Iterator[Key]:
    source = token_source(context)
    for key in cache.kept(context.config.name):
        tokens = cache.recall(key)
        names = {key.user.casefold()} | (tokens.names if tokens else set())
        is_user = user is None or user.casefold() in names
        if key.target == source and is_user and client in (None, key.client):
            yield key


def _revoked(context: Context, key: Key) -> bool:
    """Revoke and drop the tokens of a key; return whether they were revoked."""
    tokens, is_revoked = cache.recall(key), False
    from cognito_gw.oauth.token_endpoint import Renewal

    if tokens and tokens.refresh_token and key.client in context.config.app_clients:
        try:
            renewal = Renewal(context.aws.sign_in, app_client(context, key.client))
            is_revoked = renewal.revoke(tokens.refresh_token)
        except Missing as gone:  # the client was deleted, and its tokens with it
            context.ui.trace(str(gone))
    cache.drop(key)
    return is_revoked


def page_url(context: Context, client_name: str | None, page: str) -> str:
    """Return the URL of the hosted UI's page `login` or `logout` for an app client."""
    key = TokenRequest(client=client_name).client_key(context)
    client = app_client(context, key)
    if page == "login":
        query = sign_in_query(client.settings or {})
    else:
        query = _sign_out_query(client)
    if query is None:
        where = "logout_urls" if page == "logout" else "callback_urls"
        raise UsageError(
            f"the app client {key} cannot use the sign-in pages: it has no `{where}`",
            hint=f"add one to app_clients.{key}, then run `cgw client`",
        )
    endpoint = provider_of(context, client).endpoint("authorization")
    return f"{endpoint.removesuffix(_AUTHORIZE)}/{page}?{urlencode(query)}"


def _sign_out_query(client: AppClient) -> dict[str, str] | None:
    if not client.logout_urls:
        return None
    return {"client_id": client.client_id, "logout_uri": client.logout_urls[0]}
