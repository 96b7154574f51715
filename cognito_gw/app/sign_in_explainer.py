"""Explains why a sign-in fails."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError, ClientError

from cognito_gw.app.request_options import without_tokens
from cognito_gw.app.walks import look
from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.diagnosis.refusals import named_by
from cognito_gw.diagnosis.rule import Diagnosis, diagnose
from cognito_gw.diagnosis.rules import SIGN_IN_RULES, TOLD_RULES
from cognito_gw.diagnosis.sign_in_case import Attempt, SignInCase
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.local.process import recorded_instance
from cognito_gw.oauth.errors import SignInRefused
from cognito_gw.oauth.flows import BY_API, BY_OAUTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.app.context import Context
    from cognito_gw.app.token_request import TokenRequest
    from cognito_gw.resources.stack import Stack


_UNKNOWN = "no known cause matches this text"
_SUCCESS = "this text has tokens: the sign-in worked"
_TOKENS = ("id_token=", "access_token=")


class SignInExplainer:
    """Explains sign-ins to the user pool of the file."""

    def __init__(self, context: Context, request: TokenRequest) -> None:
        """Explain sign-ins of the request's user, by its app client and flow."""
        self._context = context
        self._request = request

    def refused(self, problem: CgwError) -> Diagnosis:
        """Return why cgw got no tokens; `problem` is what it raised."""
        attempt = self._attempt(f"{problem}")
        if isinstance(problem, SignInRefused):
            attempt = replace(attempt, told=f"{problem.code}: {problem}")
        return self._explained(attempt)

    def told(self, text: str) -> Diagnosis:
        """Return why an app got this error text; works without a stack."""
        told = without_tokens(text)  # parts of it are shown again
        try:
            attempt, client_id = self._attempt_in(told)
            scene = self._scene(attempt, client_id)
        except (BotoCoreError, ClientError, CgwError) as problem:
            attempt = Attempt(user=self._request.user, told=told)
            why = as_cgw_error(problem) or problem
            scene = SignInCase(f"{why}", "", None, attempt)
        diagnosis = diagnose(TOLD_RULES, scene)
        # Behind a wrong password there may be other causes; other errors say all.
        is_hidden = attempt.names("wrong-password")
        causes = [
            cause
            for cause in diagnosis.causes
            if is_hidden or attempt.names(cause.code)
        ]
        unknown = [fact | {"codes": []} for fact in diagnosis.unknown]
        if causes:
            return replace(diagnosis, causes=causes, unknown=unknown)
        note = _SUCCESS if any(name in told for name in _TOKENS) else _UNKNOWN
        return Diagnosis(note=None if named_by(told) else note)

    def _attempt_in(self, told: str) -> tuple[Attempt, str | None]:
        """Return the attempt that a text is about, and the client ID in it, if any."""
        context = self._context
        if context.is_local and recorded_instance(context.state) is None:
            raise Missing("the local AWS is not running")
        attempt = self._attempt(told)
        query = dict(parse_qsl(told.partition("?")[2])) if "://" in told else {}
        uri, client_id = query.get("redirect_uri"), query.get("client_id")
        attempt = replace(
            attempt,
            client=self._name_of(client_id) if client_id else attempt.client,
            redirect_uris=(uri,) if uri else (),
            routes=tuple(context.config.api.routes),
        )
        return attempt, client_id

    def page(self, query: dict[str, str]) -> Diagnosis:
        """Return why the sign-in pages refuse a request with this query."""
        flow = {"code": "code", "token": "implicit"}.get(query.get("response_type", ""))
        uri = query.get("redirect_uri")
        name = self._name_of(query.get("client_id", ""))
        attempt = Attempt(
            client=name,
            is_of_file=name in self._context.config.app_clients,
            scopes=tuple(query.get("scope", "").split()),
            oauth_flows=(flow,) if flow else (),
            redirect_uris=(uri,) if uri else (),
            told=" ".join([query.get("error", ""), query.get("error_description", "")]),
        )
        return self._explained(attempt, query.get("client_id"))

    def in_file(self) -> Iterator[Diagnosis]:
        """Return what is wrong with each app client and each user of the file."""
        config = self._context.config
        for key, settings in config.app_clients.items():
            attempt = Attempt(client=key)
            if settings.id is None:
                attempt = replace(
                    attempt,
                    oauth_flows=tuple(settings.oauth_flows),
                    redirect_uris=tuple(settings.callback_urls or ()),
                )
            yield self._explained(attempt)
        for user in config.users:
            yield self._explained(self._attempt("", user.username))

    def _name_of(self, client_id: str) -> str:
        """Return the key of an app client in the file, or its ID."""
        stack, settings = self._read_stack, self._context.config.app_clients
        ids = {key: each.id for key, each in settings.items()}
        ids |= {
            key: each.live["ClientId"]
            for key, each in stack.clients.items()
            if each.live
        }
        return next((key for key, id_ in ids.items() if id_ == client_id), client_id)

    @cached_property
    def _read_stack(self) -> Stack:
        """The stack, once its pool and app clients are read."""
        stack = self._context.stack
        look(self._context, [stack.pool, *stack.clients.values()])
        return stack

    def _attempt(self, told: str, user: str | None = None) -> Attempt:
        request, flow = self._request, self._request.flow
        try:
            key = request.client_key(self._context)
        except UsageError:
            key = next(iter(self._context.config.app_clients), "")
        users = self._context.config.users
        first = users[0].username if users and flow in ("auto", *BY_API) else None
        return Attempt(
            client=key,
            user=user or request.user or first,
            auth_flow=BY_API.get(flow),
            oauth_flows=(BY_OAUTH[flow],) if flow in BY_OAUTH else (),
            told=told,
        )

    def _explained(self, attempt: Attempt, client_id: str | None = None) -> Diagnosis:
        scene = self._scene(attempt, client_id)
        return diagnose(SIGN_IN_RULES, scene)

    def _scene(self, attempt: Attempt, client_id: str | None = None) -> SignInCase:
        context, stack = self._context, self._read_stack
        pool, clients = stack.pool, context.config.app_clients
        if pool.id is None:
            raise Missing(f"{pool} does not exist yet", hint="run `cgw pool` first")
        if client_id is None and attempt.client in clients:
            live = stack.clients.get(attempt.client)
            known = live.live["ClientId"] if live and live.live else None
            client_id = clients[attempt.client].id or known
        return SignInCase(
            context.aws, pool.id, client_id, attempt, is_ours=pool.managed
        )
