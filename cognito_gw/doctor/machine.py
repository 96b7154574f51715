"""Checks of this machine: the file, versions, ports, and the local AWS."""

from __future__ import annotations

import operator
import os
import platform
import re
import stat
from importlib import metadata
from typing import TYPE_CHECKING

from cognito_gw import __version__
from cognito_gw.doctor.finding import CannotTell, Finding, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cognito_gw.config.model import Config
    from cognito_gw.doctor.finding import Asked
    from cognito_gw.local.process import Server

    Installed = Callable[[str], str]


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
    from cognito_gw.oauth.callback_server import Callback, Loopback

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


_OURS = "cognito-gw"
_SHOWN = ("boto3", "botocore")
_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?P<bounds>[^;]*?)\s*"
    r"(?:;\s*extra == ['\"](?P<extra>\w+)['\"])?",
)
# Enough for our own requirements, which have no others.
_BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
_HOLDS = {">=": operator.ge, "<": operator.lt}


def versions(*, is_local: bool) -> Finding:
    """Compare this environment with what the package says that it needs."""
    try:
        python = metadata.metadata(_OURS)["Requires-Python"]
        requirements = metadata.requires(_OURS) or []
    except metadata.PackageNotFoundError:  # it is run from its source
        python, requirements = "", []
    return judged(requirements, python, metadata.version, is_local=is_local)


def judged(
    requirements: Iterable[str],
    python: str,
    installed: Installed,
    *,
    is_local: bool,
) -> Finding:
    """Judge what is `installed`; the local AWS needs more."""
    extras = {None, "local"} if is_local else {None}
    complaints = [*_unfit("Python", python, platform.python_version())]
    for each in requirements:
        wanted = _REQUIREMENT.fullmatch(each)
        if wanted and wanted["extra"] in extras:
            there = _version(wanted["name"], installed)
            complaints += _unfit(wanted["name"], wanted["bounds"], there)
    found = f"cgw {__version__}, Python {platform.python_version()}"
    for name in (*_SHOWN, "moto") if is_local else _SHOWN:
        found += f", {name} {_version(name, installed) or 'absent'}"
    if complaints:
        fix = "pip install --upgrade 'cognito-gw[local]'"
        fix = fix if is_local else fix.replace("'cognito-gw[local]'", _OURS)
        return Finding("fail", f"{found}; {', '.join(complaints)}", fix)
    return Finding("ok", found)


def _version(name: str, installed: Installed) -> str | None:
    try:
        return installed(name)
    except metadata.PackageNotFoundError:
        return None


def _unfit(name: str, bounds: str, version: str | None) -> Iterator[str]:
    if version is None:
        yield f"{name} is not installed"
    elif not all(
        _HOLDS[sign](_numbers(version), _numbers(bound))
        for sign, bound in _BOUND.findall(bounds)
    ):
        yield f"{name} {version} is not {bounds}"


def _numbers(version: str) -> list[int]:
    """Return the numbers a version begins with; 2.0 is 2."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(each) for each in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


_RUNTIMES = "install the runtime, or test these functions on AWS"
_START = "`cgw local start`; `cgw --local up` starts it, too"


def find(state_dir: Path) -> tuple[Server | None, bool]:
    """Return the local AWS that answers, and whether one was on record."""
    from cognito_gw.local import process

    was_recorded = process.recorded_instance(state_dir) is not None
    return process.running(state_dir), was_recorded


def functions(config: Config | None) -> Finding:
    """Say which functions do not run locally as on AWS."""
    from cognito_gw.local.awslambda.clients import shortcomings

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
