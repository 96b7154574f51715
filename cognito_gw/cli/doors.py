"""The routes of the file, and the tokens with which `cgw check` tries them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cognito_gw.cli.expiry import expired_token
from cognito_gw.cli.signing_in import tokens_for
from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth import cache
from cognito_gw.oauth.flow import API_SCOPE
from cognito_gw.oauth.knocking import LET_IN, REFUSED, SAFE, SHARED, UNSHARED, Door
from cognito_gw.routing import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish
    from cognito_gw.config.schema import Route
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
        verb, path = route.split(" ", 1)
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
