"""What a token opens: the methods of an API that let it in, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.api import COGNITO, OPEN, Method, drafted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MISFITS = {
    "access-token-without-scopes": "it asks for no scopes, so it wants the ID token",
    "id-token-with-scopes": "it asks for scopes, so it wants the access token",
    "insufficient-scope": "the token has none of its scopes",
}


@dataclass(frozen=True)
class Reach:
    """One route, and whether a good token with certain claims gets in."""

    route: str
    is_open: bool
    why: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {"route": self.route, "ok": self.is_open, "why": self.why}


def reach_of(
    claims: Mapping[str, Any],
    resources: Iterable[Mapping[str, Any]],
    *,
    is_ours: bool = True,
) -> list[Reach]:
    """Judge every method; resources are as GetResources describes them.

    A token that is not `is_ours` is of another user pool than the API's.
    """
    found = [
        _judged(method, claims, is_ours=is_ours)
        for method in drafted(resources, []).methods
        if method.verb != "OPTIONS"
    ]
    return sorted(found, key=lambda each: each.route.split(" ")[::-1])


def _judged(method: Method, claims: Mapping[str, Any], *, is_ours: bool) -> Reach:
    route = method.route
    if method.guard == OPEN:
        return Reach(route, is_open=True, why="it is open to all, without a token")
    if method.guard != COGNITO:
        return Reach(route, is_open=False, why=f"it is guarded by {method.guard}")
    if not is_ours:
        return Reach(route, is_open=False, why="it is a token of another user pool")
    if misfit := method.misfit(claims):
        return Reach(route, is_open=False, why=_MISFITS[misfit])
    granted = [
        each for each in method.scopes if each in str(claims.get("scope")).split()
    ]
    why = f"by the scope {granted[0]}" if granted else "it wants an ID token"
    return Reach(route, is_open=True, why=why)
