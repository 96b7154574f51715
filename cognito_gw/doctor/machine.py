"""Checks of this machine: the file, versions, ports, and the local AWS."""

from __future__ import annotations

import operator
import os
import platform
import re
import stat
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from cognito_gw import __version__
from cognito_gw.doctor.finding import CannotTell, Finding, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cognito_gw.config.model import Config
    from cognito_gw.doctor.finding import DoctorOptions
    from cognito_gw.local.process import Server

    Installed = Callable[[str], str]


_PRIVATE = 0o700


def file(options: DoctorOptions) -> Finding:
    """Check that the file exists and is valid."""
    if options.problem:
        return failure(options.problem)
    if options.loaded is None:
        return Finding(
            "warn", f"there is no file {options.file}", "`cgw init` writes one"
        )
    found = f"{options.file}: stack {options.loaded.config.name}"
    if options.loaded.warnings:
        return Finding("warn", "\n".join([found, *options.loaded.warnings]))
    return Finding("ok", found)


def state_directory(make: Callable[[], Path], platform: str = sys.platform) -> Finding:
    """Check that the directory of tokens is writable and private.

    Windows has no modes: access to the user's profile directory protects it there.
    """
    try:
        path = make()
    except OSError as error:
        found = f"cannot create {error.filename}: {error.strerror}"
        return Finding("fail", found, "set XDG_STATE_HOME to a directory of your own")
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("fail", f"{path} is not writable", f"chmod 700 {path}")
    if mode != _PRIVATE and platform != WINDOWS:
        found = f"{path} has mode {mode:03o}, so that other users can read tokens"
        return Finding("warn", found, f"chmod 700 {path}")
    return Finding("ok", f"{path}, private to you")


def callback_ports(urls: Iterable[str]) -> Finding:
    """Try to listen on the ports of the callback URLs, as a browser sign-in does."""
    from cognito_gw.errors import CgwError
    from cognito_gw.oauth.callback_server import Callback, Loopback

    served = {url: each.port for url in urls if (each := Callback.of(url))}
    if not served:
        raise CannotTell("the file has no callback URL on this machine")
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
# The only operators in cgw's own requirements.
_BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
_HOLDS = {">=": operator.ge, "<": operator.lt}


def versions(*, is_local: bool) -> Finding:
    """Check the installed packages against the requirements of cgw."""
    try:
        python = metadata.metadata(_OURS)["Requires-Python"]
        requirements = metadata.requires(_OURS) or []
    except metadata.PackageNotFoundError:  # cgw runs from its source
        python, requirements = "", []
    return judged(requirements, python, metadata.version, is_local=is_local)


def judged(
    requirements: Iterable[str],
    python: str,
    installed: Installed,
    *,
    is_local: bool,
) -> Finding:
    """Check what is `installed` against `requirements`.

    The local AWS also requires those of the extra `local`.
    """
    extras = {None, "local"} if is_local else {None}
    complaints = [*_unfit("Python", python, platform.python_version())]
    for each in requirements:
        wanted = _REQUIREMENT.fullmatch(each)
        if wanted and wanted["extra"] in extras:
            there = _version(wanted["name"], installed)
            complaints += _unfit(wanted["name"], wanted["bounds"], there)
    found = f"cgw {__version__}, Python {platform.python_version()}"
    for name in (*_SHOWN, "moto") if is_local else _SHOWN:
        found += f", {name} {_version(name, installed) or 'not installed'}"
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
    """Return the numbers at the start of a version; 2.0 equals 2."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(each) for each in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


_RUNTIMES = "install the runtime, or test these functions on AWS"
_START = "`cgw local start`; `cgw --local up` also starts it"
WINDOWS = "win32"
_NOT_ON_WINDOWS = (
    "the local AWS does not run on Windows: it uses POSIX file locks, process groups "
    "and sandboxing. `--local`, `cgw local`, `cgw demo` and the pytest plugin require "
    "it; all other commands work"
)
_WSL = "run cgw in WSL (the Windows Subsystem for Linux), or use an AWS account"


def find(state_dir: Path, platform: str = sys.platform) -> tuple[Server | None, bool]:
    """Return the running local AWS, and whether a state file records one."""
    if platform == WINDOWS:
        return None, False
    from cognito_gw.local import process

    was_recorded = process.recorded_instance(state_dir) is not None
    return process.running(state_dir), was_recorded


def functions(config: Config | None, platform: str = sys.platform) -> Finding:
    """Report the functions that the local AWS cannot run as AWS does."""
    if platform == WINDOWS:
        raise CannotTell("the local AWS does not run on Windows: see `local AWS`")
    from cognito_gw.local.awslambda.clients import shortcomings

    if config is None:
        raise CannotTell("there is no valid file: see `file`")
    found = shortcomings(config.functions)
    if found:
        return Finding("warn", "; ".join(found.values()), _RUNTIMES)
    return Finding("ok", "this machine has the runtimes of the file's functions")


def local(
    server: Server | None,
    *,
    was_recorded: bool,
    is_local: bool,
    platform: str = sys.platform,
) -> Finding:
    """Report whether the local AWS runs, which only matters if it is the target."""
    if platform == WINDOWS:
        return Finding("fail" if is_local else "warn", _NOT_ON_WINDOWS, _WSL)
    if server is not None:
        return Finding("ok", f"it is running at {server.url}")
    if was_recorded:
        found = "it was running, and does not answer now"
        return Finding("warn", found, _START if is_local else None)
    if is_local:
        return Finding("warn", "it is not running", _START)
    return Finding("ok", "it is not running, and is not the target")
