"""What several rules take for granted; else they have nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.api import COGNITO
from cognito_gw.diagnosis.rule import NotInQuestion, Unread

if TYPE_CHECKING:
    from cognito_gw.diagnosis.api import Authorizer, Method
    from cognito_gw.diagnosis.call_scene import CallScene


def require_guard(scene: CallScene) -> None:
    """Go on where a token is asked for, or where it cannot be read whether one is."""
    try:
        method = scene.method
    except Unread:
        return
    if method is None or method.guard != COGNITO:
        raise NotInQuestion


def guarded(scene: CallScene) -> tuple[Method, Authorizer]:
    """Return the method and its authorizer."""
    method = scene.method
    if method is None or method.guard != COGNITO or method.authorizer is None:
        raise NotInQuestion
    return method, method.authorizer


def is_spoiled(token: str) -> bool:
    """Whether a token has something in it that no token has."""
    return bool(set(token) & set(" \t\"'"))


def claims(scene: CallScene) -> dict[str, Any]:
    """Return what the token says; a malformed one is not looked at."""
    if not scene.claims or is_spoiled(scene.token or ""):
        raise NotInQuestion
    return scene.claims
