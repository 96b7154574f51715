"""The routes that `cgw check` probes, and the tokens it uses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cognito_gw.app.sign_in import tokens_for
from cognito_gw.aws_rules import API_SCOPE
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.gateway_rules import Router, split_route
from cognito_gw.oauth import cache
from cognito_gw.oauth.probes import LET_IN, REFUSED, SAFE, SHARED, UNSHARED, Door
from cognito_gw.oauth.request import send
from cognito_gw.oauth.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.app.context import Session
    from cognito_gw.app.token_request import Wish
    from cognito_gw.config.model import Route
    from cognito_gw.oauth.cache import Key
    from cognito_gw.oauth.tokens import Tokens


_ORIGIN = "https://example.com"  # where every origin is let in
_METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Doors:
    """Makes doors of routes, with the tokens that their users can have."""

    session: Session
    wish: Wish
    users: Mapping[str, str] = field(default_factory=dict)  # by route
    _old: dict[Key, Tokens | None] = field(default_factory=dict, init=False)

    def door(self, route: str, settings: Route) -> Door:
        """Return a route with its tokens."""
        verb, path = split_route(route)
        door = Door(
            verb,
            path,
            tuple(settings.scopes),
            origin=self._origin,
            preflight=self._preflight(path),
            sends=self._method(verb, path),
        )
        return door if settings.auth != "cognito" else self._secured(door)

    def _secured(self, door: Door) -> Door:
        """Return a door with its tokens."""
        wish = replace(self.wish, user=self.users.get(door.name, self.wish.user))
        tokens = self._tokens(wish)
        scoped, origin = self._scoped(door, wish)
        # A token that has one of the scopes is no token without the scope.
        is_without = API_SCOPE not in door.scopes
        with_tokens = replace(
            door,
            is_secured=True,
            id_token=tokens.id_token,
            access_token=tokens.access_token if is_without else None,
            scoped_token=scoped,
        )
        right, old = with_tokens.right_token, self._old[origin.key(self.session)]
        if right is None:
            return with_tokens
        return replace(
            with_tokens, expired_token=expired_token(self.session, right, old)
        )

    def _tokens(self, wish: Wish) -> Tokens:
        """Return tokens, and remember those that were kept before."""
        key = wish.key(self.session)
        self._old.setdefault(key, cache.recall(key))
        return tokens_for(self.session, wish)

    def _scoped(self, door: Door, wish: Wish) -> tuple[str | None, Wish]:
        """Return an access token with one of the scopes, if any, and how it came.

        An app client for machines signs no user in, so a named user rules none out.
        """
        if not door.scopes:
            return None, wish
        problems = []
        for each in (wish, replace(wish, user=None)) if wish.user else (wish,):
            try:
                fitting = each.for_method(self.session, door.scopes)
                return self._tokens(fitting).access_token, fitting
            except (Missing, UsageError) as problem:
                problems.append(problem)
        words = " or ".join(door.scopes)
        self.session.tell(f"not tried: a token with {words}: {problems[0]}")
        return None, wish

    @property
    def _origin(self) -> str | None:
        """An origin that CORS lets in."""
        cors = self.session.config.api.cors
        if cors is None:
            return None
        return next((each for each in cors.origins if each != "*"), _ORIGIN)

    def _preflight(self, path: str) -> str:
        """Return what the file makes of OPTIONS, whose answer may be a function's."""
        config = self.session.config.api
        if config.cors and f"OPTIONS {path}" not in config.routes:
            return SHARED
        found = self._router.match("OPTIONS", path)
        if found is None:
            return UNSHARED
        return REFUSED if found.method["auth"] == "cognito" else LET_IN

    def _method(self, verb: str, path: str) -> str:
        """Return the method to send: for ANY, one that no other route of it takes."""
        if verb != "ANY":
            return verb
        config = self.session.config.api
        taken = {*config.routes} | ({f"OPTIONS {path}"} if config.cors else set())
        return next((each for each in _METHODS if f"{each} {path}" not in taken), "")

    @cached_property
    def _router(self) -> Router:
        routes = self.session.config.api.routes
        return Router.of_routes(
            {name: {"auth": settings.auth} for name, settings in routes.items()}
        )


def expired_token(session: Session, token: str, old: Tokens | None) -> str | None:
    """Return a token like this one that has expired; None where there is none.

    The local AWS signs one. On AWS, only time makes them: the tokens that were kept
    before this sign-in may have expired.
    """
    if session.is_local:
        return _signed_locally(session, token)
    kept = (old.id_token, old.access_token) if old else ()
    return next((each for each in kept if each and _is_expired(each, token)), None)


def _is_expired(old: str, token: str) -> bool:
    """Whether a token has expired, and differs from the other in nothing else."""
    before, now = claims_of(old), claims_of(token)
    names = ("iss", "token_use", "aud", "client_id", "sub", "scope")
    is_like = all(before.get(name) == now.get(name) for name in names)
    return is_like and before.get("exp", time.time()) < time.time()


def _signed_locally(session: Session, token: str) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"{session.server.url}/_cgw/expired-token"
    request = AWSRequest("POST", url, data=token)
    key = session.server.access_key
    SigV4Auth(Credentials(key.id, key.secret), "cgw", "local").add_auth(request)
    response = send("POST", url, [*request.headers.items()], [], token.encode())
    if response.is_error:
        raise CgwError(f"the local AWS did not issue an expired token: {response.text}")
    return response.text
