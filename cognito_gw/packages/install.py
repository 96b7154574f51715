"""Runs uv, pip or npm: they install what a code folder lists into a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import CgwError
from cognito_gw.packages.lock import REQUIREMENTS, no_wheel, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cognito_gw.packages.lock import Lock
    from cognito_gw.packages.target import Target

    Tell = Callable[[str], None]

_PIP = Path(__file__).with_name("pip_for_target.py")
_SHOWN = 12  # lines of a tool's error
_PATIENCE = 10.0  # seconds between two reports of a slow build
# Settings that send packages elsewhere, or that contradict the options below.
_CONTRARY = ("TARGET", "USER", "PREFIX", "ROOT", "REQUIRE_VIRTUALENV", "NO_BINARY")
_SHARED = ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX")
# What differs by tool and machine, and what Lambda does not use.
_DIFFERS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
_NO_WHEEL = re.compile(
    r"No matching distribution found for (?P<pip>[^\s;]+)"
    r"|Because (?:only )?(?P<uv>[\w.-]+(?:==\S+)?) (?:has no (?:wheels|usable wheels)"
    r"|is available and)"
)

_OFFLINE = re.compile(
    r"ConnectionError|ConnectTimeout|Retrying \(|error sending request"
    r"|[Ff]ailed to fetch|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN"
)


def uv() -> str | None:
    """Return the path of uv: that on PATH, or that of this environment."""
    if found := shutil.which("uv"):
        return found
    if find_spec("uv") is None:
        return None
    with suppress(FileNotFoundError):
        return str(import_module("uv").find_uv_bin())
    return None


def pip() -> str | None:
    """Return a Python that has pip: this one, or that on PATH."""
    if find_spec("pip") is not None:
        return sys.executable
    for name in ("python3", "python", "pip3", "pip"):
        found = shutil.which(name)
        place = Path(found).resolve().parent if found else None
        if place is not None and name.startswith("pip"):
            found = next((str(each) for each in sorted(place.glob("python3*"))), None)
        if found and _has_pip(found):
            return found
    return None


def _has_pip(python: str) -> bool:
    command = [python, "-I", "-c", "import pip"]
    done = subprocess.run(command, check=False, capture_output=True)  # noqa: S603
    return done.returncode == 0


def npm() -> str | None:
    """Return the path of npm."""
    return shutil.which("npm")


def lacking(tool: str) -> CgwError | None:
    """Return the error for a machine that cannot build packages of a language."""
    if tool == "npm":
        found, hint = npm(), "install Node.js with npm"
    else:
        found, hint = uv() or pip(), "`pip install uv`"
    names = "npm" if tool == "npm" else "uv or pip"
    what = f"packages are installed by {names}, and there is none on the PATH"
    return None if found else CgwError(what, hint=hint)


def install(lock: Lock, target: Target, folder: Path, tell: Tell) -> None:
    """Install into `folder`/files; the rest of `folder` is for what the tool needs.

    Raises CgwError with the tool's message. No code of a package runs: there are
    neither builds from source nor scripts.
    """
    if error := lacking(lock.tool):
        raise error
    for name, text in lock.files.items():
        (folder / name).write_text(text, "utf-8")
    files = folder / "files"
    files.mkdir()
    if lock.tool == "npm":
        _run(_npm(target), lock, target, folder, tell)
        if (folder / "node_modules").is_dir():
            (folder / "node_modules").rename(files / "node_modules")
        _check_compiled(lock, files)
    elif any(not line.startswith("-") for line in lock.files[REQUIREMENTS].split("\n")):
        _run([*_python(lock, target, folder)], lock, target, folder, tell)
    _clean(files)


def _python(lock: Lock, target: Target, folder: Path) -> Iterator[str]:
    if found := uv():
        yield from (found, "pip", "install", "--no-build", "--link-mode=copy")
        yield from ("--python", sys.executable, "--no-python-downloads")
        yield from target.uv_options
        if lock.is_complete:  # hashes say what is meant, whichever index has it
            yield "--index-strategy=unsafe-best-match"
    else:
        markers = json.dumps(target.markers)
        yield from (str(pip()), "-I", str(_PIP), markers, "install", "--no-input")
        yield from ("--only-binary=:all:", "--no-compile", "--no-user")
        yield from ("--disable-pip-version-check", "--no-warn-conflicts")
        yield from ("--implementation=cp", "--python-version", target.version)
        yield from (f"--abi={abi}" for abi in (*target.abis, "none"))
        yield from (f"--platform={platform}" for platform in target.platforms)
    if lock.is_complete:
        yield "--no-deps"
    yield from ("--target", str(folder / "files"), "-r", REQUIREMENTS)
    if "constraints.txt" in lock.files:
        yield from ("-c", "constraints.txt")


def _npm(target: Target) -> list[str]:
    options = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    return [str(npm()), "ci", *options, *target.npm_options]


def _environment() -> dict[str, str]:
    """Return our environment, with the same indexes for uv and pip."""
    found = {
        name: value
        for name, value in os.environ.items()
        if name.removeprefix("PIP_") not in _CONTRARY or not name.startswith("PIP_")
    }
    for name in _SHARED:
        for one, other in (("UV_", "PIP_"), ("PIP_", "UV_")):
            if f"{other}{name}" in found and f"{one}{name}" not in found:
                found[f"{one}{name}"] = found[f"{other}{name}"]
    # pip separates folders by spaces, uv by commas.
    if "PIP_FIND_LINKS" in os.environ and "UV_FIND_LINKS" not in os.environ:
        found["UV_FIND_LINKS"] = found["PIP_FIND_LINKS"].replace(" ", ",")
    return found | {"NO_COLOR": "1", "PIP_NO_COLOR": "1"}


def _run(
    command: list[str], lock: Lock, target: Target, folder: Path, tell: Tell
) -> None:
    """Run a tool; report a slow one, and raise its error."""
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our arguments
        command,
        cwd=folder,  # without settings of the code folder
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as running:
        try:
            output = None
            while output is None:
                with suppress(subprocess.TimeoutExpired):
                    output, _ = running.communicate(timeout=_PATIENCE)
                    break
                seconds = round(time.monotonic() - began)
                tell(f"still building the packages of {lock.file}: {seconds} s")
        except BaseException:  # Ctrl-C
            running.kill()
            raise
    if running.returncode:
        raise _failure(redacted(output or ""), lock, target, Path(command[0]).name)


def _failure(output: str, lock: Lock, target: Target, tool: str) -> CgwError:
    if lock.tool == "python":
        tool = "uv" if tool.startswith("uv") else "pip"
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "npm error"))]
    lines = [line for line in lines if not line.startswith(("Using ", "WARNING:"))]
    shown = "\n".join((errors or lines)[-_SHOWN:])
    is_offline = _OFFLINE.search(output)
    if (found := _NO_WHEEL.search(" ".join(output.split()))) and not is_offline:
        package = str(found["pip"] or found["uv"])
        error = no_wheel(lock.file, package, target)
        return CgwError(f"{error.what}\n{shown}", hint=error.hint)
    what = f"{lock.file}: {tool} could not install the packages for {target.name}"
    hint = "check the network; packages are downloaded once, and then kept"
    return CgwError(f"{what}:\n{shown}", hint=hint if is_offline else None)


def _check_compiled(lock: Lock, files: Path) -> None:
    """Raise for packages that their scripts would compile: no script runs."""
    for build in sorted(files.rglob("binding.gyp")):
        package = build.parent
        if not any(package.rglob("*.node")):
            name = package.relative_to(files / "node_modules")
            raise CgwError(
                f"{lock.file}: {name} has to be compiled, and cgw runs no scripts",
                hint="choose a package that comes with its binaries, or deploy a "
                f"node_modules folder: list {lock.file.name} in .cgwignore",
            )


def _clean(files: Path) -> None:
    """Remove what depends on the tool and on this machine."""
    for name in ("bin", "include", ".lock"):
        _remove(files / name)
    for pattern in ("__pycache__", ".bin", ".package-lock.json"):
        for path in [*files.rglob(pattern)]:
            _remove(path)
    for information in files.glob("*.dist-info"):
        for name in _DIFFERS:
            (information / name).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
