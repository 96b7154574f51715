"""Checks of this machine: the file, versions, ports, and the local AWS."""

from __future__ import annotations

import os
import platform
import stat
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from cognito_gw import __version__
from cognito_gw.doctor.finding import NO_FILE, CannotTell, Finding, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from packaging.requirements import Requirement

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
    config = options.loaded.config
    found = f"{options.file}: stack {config.name}"
    if config.env:
        found += f", environment {config.env}"
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

    served = {url: callback.port for url in urls if (callback := Callback.of(url))}
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
    from packaging.requirements import Requirement

    extra = {"extra": "local" if is_local else ""}
    python_here = ".".join(map(str, sys.version_info[:3]))
    complaints = _unfit(Requirement(f"Python{python}"), python_here)
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate(extra):
            there = _version(requirement.name, installed)
            complaints += _unfit(requirement, there)
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


def _unfit(requirement: Requirement, version: str | None) -> list[str]:
    if version is None:
        return [f"{requirement.name} is not installed"]
    if requirement.specifier.contains(version, prereleases=True):
        return []
    return [f"{requirement.name} {version} is not {requirement.specifier}"]


def packages(config: Config | None) -> Finding:
    """Check for the tools that install what the file's functions list."""
    from cognito_gw.packages.install import lacking
    from cognito_gw.resources.code import code_folders

    if config is None:
        raise CannotTell(NO_FILE)
    tools = sorted(
        {
            tool
            for code in code_folders(config.functions.values())
            if (tool := code.tool)
        }
    )
    if not tools:
        return Finding("ok", "no function's code lists packages")
    for error in filter(None, map(lacking, tools)):
        return Finding("fail", error.what, error.hint)
    return Finding("ok", "the tools that install the functions' packages are there")


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
        raise CannotTell(NO_FILE)
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
