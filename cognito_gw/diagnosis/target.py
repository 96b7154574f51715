"""What is called, and whose tokens are meant to be good for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.oauth.provider import discover
from cognito_gw.oauth.verify import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.oauth.verify import Flaw


@dataclass(frozen=True)
class Target:
    """The stage that was called, and what is known of it without asking AWS."""

    api_id: str
    stage: str
    url: str
    pool_id: str | None = None  # the user pool whose tokens are meant to be good
    wants: str | None = None  # how the file guards the route, as authorizationType
    header: str | None = None  # that carries the token, as the file has it
    origins: tuple[str, ...] = ()  # that the file lets in
    is_ours: bool = False  # made by cgw, so that its commands mend it


@dataclass(frozen=True)
class Pools:
    """Where the documents of user pools are."""

    issuer: Callable[[str], str]  # of a pool's id
    tell: Callable[[str], None] = lambda _: None

    def flaw_of(self, token: str, pool_id: str, at: float | None) -> Flaw | None:
        """Return what is wrong with a token of a pool, by its keys."""
        keys = Keys(discover(self.issuer(pool_id), self.tell), self.tell)
        return keys.flaw_of(token, at)
