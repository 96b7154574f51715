"""The browsers that are signed in, each known by a cookie for an hour."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.identity import directory
from cognito_gw.local.identity.checks import signed_in_user

if TYPE_CHECKING:
    from cognito_gw.local.hosted_ui.visit import Visit
    from cognito_gw.local.identity.directory import User

COOKIE = "cognito"
_SECONDS = 3600


@dataclass(frozen=True)
class Browser:
    """Who signed in with a browser, and when."""

    pool_id: str
    username: str
    stamp: str  # of the user, whose name may be another's later
    auth_time: int = field(default_factory=lambda: int(time.time()))

    @property
    def is_old(self) -> bool:
        """Whether the hour is over."""
        return self.auth_time + _SECONDS < time.time()


@dataclass
class Browsers:
    """The signed-in browsers, by the value of their cookie."""

    _known: dict[str, Browser] = field(default_factory=dict)

    def add(self, pool_id: str, user: User) -> tuple[str, Browser]:
        """Remember a browser, and return it with the value of its cookie."""
        self._forget_old()
        cookie = secrets.token_urlsafe(32)
        self._known[cookie] = Browser(pool_id, user.username, user.stamp)
        return cookie, self._known[cookie]

    def find(self, visit: Visit) -> tuple[User, int] | None:
        """Return who is signed in at this domain, and since when."""
        browser = self._known.get(visit.cookies.get(COOKIE, ""))
        if browser is None or browser.is_old:
            return None
        if browser.pool_id != directory.pool_of_domain(visit.domain):
            return None
        try:
            user = signed_in_user(browser.pool_id, browser.username, browser.stamp)
        except AwsFault:
            return None
        return user, browser.auth_time

    def remove(self, visit: Visit) -> None:
        """Forget a browser that signs out."""
        self._known.pop(visit.cookies.get(COOKIE, ""), None)

    def _forget_old(self) -> None:
        for cookie in [each for each, known in self._known.items() if known.is_old]:
            del self._known[cookie]
