"""The local AWS: whether it runs, and whether it was meant to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.doctor.finding import CannotTell, Finding

if TYPE_CHECKING:
    from pathlib import Path

    from cognito_gw.config.schema import Config
    from cognito_gw.local.daemon import Server

_RUNTIMES = "install the runtime, or test these functions on AWS"
_START = "`cgw local start`; `cgw --local up` starts it, too"


def find(state_dir: Path) -> tuple[Server | None, bool]:
    """Return the local AWS that answers, and whether one was on record."""
    from cognito_gw.local import daemon

    was_recorded = daemon.recorded_instance(state_dir) is not None
    return daemon.running(state_dir), was_recorded


def functions(config: Config | None) -> Finding:
    """Say which functions do not run locally as on AWS."""
    from cognito_gw.local.runtime.here import shortcomings

    if config is None:
        raise CannotTell("no file names functions: see `file`")
    found = shortcomings(config.functions)
    if found:
        return Finding("warn", "; ".join(found.values()), _RUNTIMES)
    return Finding("ok", "this machine has the runtimes of the file's functions")


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
