"""What a token opens: the methods of an API that let it in, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.oauth.causes import wrong_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
        _judged(f"{verb} {resource['path']}", method, dict(claims), is_ours=is_ours)
        for resource in resources
        for verb, method in resource.get("resourceMethods", {}).items()
        if verb != "OPTIONS"
    ]
    return sorted(found, key=lambda each: each.route.split(" ")[::-1])


def _judged(
    route: str, method: Mapping[str, Any], claims: dict[str, Any], *, is_ours: bool
) -> Reach:
    kind = method.get("authorizationType")
    if kind == "NONE":
        return Reach(route, is_open=True, why="it is open to all, without a token")
    if kind != "COGNITO_USER_POOLS":
        return Reach(route, is_open=False, why=f"it is guarded by {kind}")
    if not is_ours:
        return Reach(route, is_open=False, why="it is a token of another user pool")
    scopes = method.get("authorizationScopes") or []
    if cause := wrong_kind(claims, scopes):
        return Reach(route, is_open=False, why=cause.summary)
    granted = [each for each in scopes if each in str(claims.get("scope")).split()]
    why = f"by the scope {granted[0]}" if granted else "it wants an ID token"
    return Reach(route, is_open=True, why=why)
