"""Where cgw keeps what it may forget: tokens, and the local AWS that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def state_directory() -> Path:
    """Return the user's state directory, made for this user alone."""
    from platformdirs import user_state_path

    path = user_state_path("cognito-gw")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
