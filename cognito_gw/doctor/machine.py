"""What this machine has to offer: the file, a place for state, free ports."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cognito_gw.doctor.finding import CannotTell, Finding, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from cognito_gw.doctor.asked import Asked

_PRIVATE = 0o700


def file(asked: Asked) -> Finding:
    """Say whether the file is there, and can be meant."""
    if asked.problem:
        return failure(asked.problem)
    if asked.loaded is None:
        return Finding(
            "warn", f"there is no file {asked.file}", "`cgw init` writes one"
        )
    found = f"{asked.file}: stack {asked.loaded.config.name}"
    if asked.loaded.warnings:
        return Finding("warn", "\n".join([found, *asked.loaded.warnings]))
    return Finding("ok", found)


def state_directory(make: Callable[[], Path]) -> Finding:
    """Say whether the place for tokens and the local AWS is ours, and ours alone."""
    try:
        path = make()
    except OSError as error:
        found = f"{error.filename} cannot be made: {error.strerror}"
        return Finding("fail", found, "set XDG_STATE_HOME to a directory of your own")
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("fail", f"{path} cannot be written to", f"chmod 700 {path}")
    if mode != _PRIVATE:
        found = f"{path} has mode {mode:03o}: it holds tokens, and is for you alone"
        return Finding("warn", found, f"chmod 700 {path}")
    return Finding("ok", f"{path}, for you alone")


def callback_ports(urls: Iterable[str]) -> Finding:
    """Try to listen where the browser is to come back to, as a sign-in does."""
    from cognito_gw.errors import CgwError
    from cognito_gw.oauth.callback import Callback
    from cognito_gw.oauth.loopback import Loopback

    served = {url: each.port for url in urls if (each := Callback.of(url))}
    if not served:
        raise CannotTell("no callback URL of the file leads to this machine")
    taken: dict[str, CgwError] = {}
    for url in served:
        try:
            Loopback(url, state="").close()
        except CgwError as error:
            taken[error.what] = error
    if taken:
        hint = next(iter(taken.values())).hint
        return Finding("warn", ", ".join(taken), hint)
    return Finding("ok", f"free: {', '.join(map(str, sorted(set(served.values()))))}")
