"""The routes of the file, and the tokens with which `cgw check` tries them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cognito_gw.cli.signing_in import tokens_for
from cognito_gw.errors import Missing, UsageError
from cognito_gw.oauth.flow import API_SCOPE
from cognito_gw.oauth.knocking import Door

if TYPE_CHECKING:
    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish
    from cognito_gw.config.schema import Route
    from cognito_gw.oauth.tokens import Tokens

_ORIGIN = "https://example.com"  # where every origin is let in


class Doors:
    """Makes doors of routes, with the tokens that one user can have."""

    def __init__(self, session: Session, wish: Wish) -> None:
        """Sign in as the `wish` says, once a route needs it."""
        self._session = session
        self._wish = wish

    def door(self, route: str, settings: Route) -> Door:
        """Return a route with its tokens."""
        verb, path = route.split(" ", 1)
        door = Door(verb, path, tuple(settings.scopes), origin=self._origin)
        if settings.auth != "cognito":
            return door
        # A token that has one of the scopes is no token without the scope.
        is_without = API_SCOPE not in settings.scopes
        return Door(
            verb,
            path,
            door.scopes,
            origin=door.origin,
            is_secured=True,
            id_token=self._tokens.id_token,
            access_token=self._tokens.access_token if is_without else None,
            scoped_token=self._scoped(settings.scopes),
        )

    @property
    def _origin(self) -> str | None:
        """An origin that CORS lets in."""
        cors = self._session.config.api.cors
        if cors is None:
            return None
        return next((each for each in cors.origins if each != "*"), _ORIGIN)

    @cached_property
    def _tokens(self) -> Tokens:
        return tokens_for(self._session, self._wish)

    def _scoped(self, scopes: list[str]) -> str | None:
        """Return an access token with one of the scopes, if it can be had."""
        if not scopes:
            return None
        try:
            fitting = self._wish.for_method(self._session, scopes)
            return tokens_for(self._session, fitting).access_token
        except (Missing, UsageError) as problem:
            words = " or ".join(scopes)
            self._session.tell(f"not tried: a token with {words}: {problem}")
            return None
