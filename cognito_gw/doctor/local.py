"""The local AWS: whether it runs, and whether it was meant to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.doctor.finding import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from cognito_gw.local.daemon import Server

_START = "`cgw local start`; `cgw --local up` starts it, too"


def find(state_dir: Path) -> tuple[Server | None, bool]:
    """Return the local AWS that answers, and whether one was on record."""
    from cognito_gw.local import daemon

    was_recorded = daemon.recorded_instance(state_dir) is not None
    return daemon.running(state_dir), was_recorded


def local(server: Server | None, *, was_recorded: bool, is_local: bool) -> Finding:
    """Say how it is; that it does not run matters only where it is the target."""
    if server is not None:
        return Finding("ok", f"it answers at {server.url}")
    if was_recorded:
        found = "one ran here, and does not answer any more"
        return Finding("warn", found, _START if is_local else None)
    if is_local:
        return Finding("warn", "it does not run", _START)
    return Finding("ok", "it does not run, and is not the target")
