"""Sends each route requests that must be refused, and one that must be allowed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cognito_gw.app.api_client import file_router
from cognito_gw.app.auth import tokens_for
from cognito_gw.app.request_options import pair
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.app.walks import look
from cognito_gw.aws_rules import API_SCOPE
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.gateway_rules import split_route
from cognito_gw.oauth import cache
from cognito_gw.oauth.probes import (
    LET_IN,
    REFUSED,
    SAFE,
    SHARED,
    UNSHARED,
    Retry,
    RouteCheck,
    probes_of,
    run_probes,
)
from cognito_gw.oauth.request import send
from cognito_gw.oauth.tokens import claims_of
from cognito_gw.resources.stack import outputs
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cognito_gw.app.context import Context
    from cognito_gw.config.model import Route
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.probes import Probe
    from cognito_gw.oauth.tokens import Tokens

    Case = dict[str, Any]  # route, case, expected, got, ok


_ORIGIN = "https://example.com"  # where CORS allows every origin
_PATIENCE = 60.0  # seconds until a new stage responds
_METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE")


def check_routes(
    context: Context,
    routes: Sequence[str] = (),
    users: Sequence[str] = (),
    *,
    include_writes: bool = False,
) -> list[Case]:
    """Check routes of the file, or all, on the deployed stage.

    `users` signs in for every route, or for one: `GET /admin=bob`. The right token
    goes to routes that may write only with `include_writes`. Returns JSON-ready cases:
    route, case, expected, got, ok. Raises UsageError for unknown routes or users.
    """
    checked = _chosen(context, routes)
    probes = _probes(context, checked, users)
    cases = _sent(context, probes, include_writes=include_writes)
    return cases if routes else cases + _unknown_routes(context)


def _chosen(context: Context, names: Sequence[str]) -> dict[str, Route]:
    routes = context.config.api.routes
    for name in names:
        if name not in routes:
            what = f"no route `{name}` in the file"
            raise UsageError(unknown(what, name, routes))
    return {name: routes[name] for name in names or routes}


def _probes(
    context: Context, routes: dict[str, Route], users: Sequence[str]
) -> list[Probe]:
    """Return the requests to send, with tokens of the users."""
    named = dict(pair(user, "=", "--user") for user in users if " /" in user)
    everywhere = [user for user in users if " /" not in user]
    if len(everywhere) > 1:
        raise UsageError(
            "more than one `--user` for all routes",
            hint="for a single route, use `--user 'GET /admin=bob'`",
        )
    if "" in (*everywhere, *named.values()):
        raise UsageError("`--user` needs a user name")
    _chosen(context, tuple(named))
    _invoke_url(context)  # before any sign-in
    request = TokenRequest(everywhere[0] if everywhere else None)
    checks = RouteChecks(context, request, named)
    return [
        probe
        for name, settings in routes.items()
        for probe in probes_of(checks.of(name, settings))
    ]


def _sent(context: Context, probes: list[Probe], *, include_writes: bool) -> list[Case]:
    """Send requests to the deployed stage, some at a time."""
    url = _invoke_url(context)
    header = context.config.api.authorizer.identity_source

    def case_of(probe: Probe) -> Case:
        if probe.may_write and not include_writes:
            return probe.untried()
        return probe.case_at(url, header)

    aws = context.aws
    patience = 0.0 if context.is_local else _PATIENCE
    return run_probes(probes, case_of, Retry(aws.sleep, context.ui.tell, patience))


def _invoke_url(context: Context) -> str:
    stack = context.stack
    if stack.api.live is None:
        look(context, [stack.api, stack.stage] if stack.api.managed else [stack.api])
    url = outputs(stack, context.links)["invoke_url"]
    if url is None or (stack.api.managed and stack.stage.live is None):
        raise Missing(f"{stack.api} is not deployed yet", hint="run `cgw up` first")
    return str(url)


def _unknown_routes(context: Context) -> list[Case]:
    """Return a failed case for each route of the API that is not in the file."""
    config = context.config.api
    known = {*config.routes}
    if config.cors:
        known |= {f"OPTIONS {name.split(' ', 1)[1]}" for name in config.routes}
    deployed = {
        f"{verb} {resource['path']}"
        for resource in context.stack.api["Resources"].values()
        for verb in resource.get("resourceMethods", {})
    }
    found = {"expected": "in the file", "got": "only in the API", "ok": False}
    return [
        {"route": route, "case": "known route"} | found
        for route in sorted(deployed - known)
    ]


@dataclass
class RouteChecks:
    """Prepares the checks of routes, with the tokens of their users."""

    context: Context
    request: TokenRequest
    users: Mapping[str, str] = field(default_factory=dict)  # by route
    _old: dict[Key, Tokens | None] = field(default_factory=dict, init=False)

    def of(self, route: str, settings: Route) -> RouteCheck:
        """Return the check of a route such as `GET /items`."""
        verb, path = split_route(route)
        check = RouteCheck(
            verb,
            path,
            tuple(settings.scopes),
            origin=self._origin,
            preflight=self._preflight(path),
            sends=self._method(verb, path),
        )
        return check if settings.auth != "cognito" else self._secured(check)

    def _secured(self, check: RouteCheck) -> RouteCheck:
        """Return the check with tokens."""
        user = self.users.get(check.name, self.request.user)
        request = replace(self.request, user=user)
        tokens = self._tokens(request)
        scoped, origin = self._scoped(check, request)
        # Every access token from Cognito's API has this scope.
        is_without = API_SCOPE not in check.scopes
        with_tokens = replace(
            check,
            is_secured=True,
            id_token=tokens.id_token,
            access_token=tokens.access_token if is_without else None,
            scoped_token=scoped,
        )
        right, old = with_tokens.right_token, self._old[origin.key(self.context)]
        if right is None:
            return with_tokens
        return replace(
            with_tokens, expired_token=expired_token(self.context, right, old)
        )

    def _tokens(self, request: TokenRequest) -> Tokens:
        """Return tokens, and remember those that were in the cache before."""
        key = request.key(self.context)
        self._old.setdefault(key, cache.recall(key))
        return tokens_for(self.context, request)

    def _scoped(
        self, check: RouteCheck, request: TokenRequest
    ) -> tuple[str | None, TokenRequest]:
        """Return an access token with one of the scopes, if any, and its request.

        It may come from an app client for machines, also if a user is named.
        """
        if not check.scopes:
            return None, request
        problems = []
        anonymous = [replace(request, user=None)] if request.user else []
        for candidate in (request, *anonymous):
            try:
                fitting = candidate.for_method(self.context, check.scopes)
                return self._tokens(fitting).access_token, fitting
            except (Missing, UsageError) as problem:
                problems.append(problem)
        words = " or ".join(check.scopes)
        self.context.ui.tell(f"not tried: a token with {words}: {problems[0]}")
        return None, request

    @property
    def _origin(self) -> str | None:
        """An origin that CORS allows."""
        cors = self.context.config.api.cors
        if cors is None:
            return None
        return next((origin for origin in cors.origins if origin != "*"), _ORIGIN)

    def _preflight(self, path: str) -> str:
        """Return the expected response to OPTIONS, which may come from a function."""
        config = self.context.config.api
        if config.cors and f"OPTIONS {path}" not in config.routes:
            return SHARED
        found = file_router(self.context).match("OPTIONS", path)
        if found is None:
            return UNSHARED
        return REFUSED if found.method["auth"] == "cognito" else LET_IN

    def _method(self, verb: str, path: str) -> str:
        """Return the method to send: for ANY, one that has no route itself."""
        if verb != "ANY":
            return verb
        config = self.context.config.api
        taken = {*config.routes} | ({f"OPTIONS {path}"} if config.cors else set())
        return next((name for name in _METHODS if f"{name} {path}" not in taken), "")


def expired_token(context: Context, token: str, old: Tokens | None) -> str | None:
    """Return a token like this one that has expired; None if there is none.

    The local AWS signs one. On AWS, the `old` tokens of the cache may have expired.
    """
    if context.is_local:
        return _signed_locally(context, token)
    cached = (old.id_token, old.access_token) if old else ()
    return next(
        (
            old_token
            for old_token in cached
            if old_token and _is_expired(old_token, token)
        ),
        None,
    )


def _is_expired(old: str, token: str) -> bool:
    """Whether a token has expired and is otherwise like the other one."""
    before, now = claims_of(old), claims_of(token)
    names = ("iss", "token_use", "aud", "client_id", "sub", "scope")
    is_like = all(before.get(name) == now.get(name) for name in names)
    return is_like and before.get("exp", time.time()) < time.time()


def _signed_locally(context: Context, token: str) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"{context.server.url}/_cgw/expired-token"
    request = AWSRequest("POST", url, data=token)
    key = context.server.access_key
    SigV4Auth(Credentials(key.id, key.secret), "cgw", "local").add_auth(request)
    response = send("POST", url, [*request.headers.items()], token.encode())
    if response.is_error:
        raise CgwError(f"the local AWS did not issue an expired token: {response.text}")
    return response.text
