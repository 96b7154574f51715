"""AWS's runtime clients: which runtimes this machine can run, and how."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cognito_gw.errors import CgwError
from cognito_gw.packages.build import build_here
from cognito_gw.packages.target import Target
from cognito_gw.search_path import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cognito_gw.local.awslambda.environment import Places
    from cognito_gw.local.awslambda.lambda_store import Function


_NODE_CLIENT = "aws-lambda-ric"
# Sends our key, for which the client has no setting.
_PRELOADED = Path(__file__).with_name("node_client.cjs")


class FunctionConfig(Protocol):
    """A function of the project file."""

    @property
    def runtime(self) -> str:
        """Lambda's identifier, such as `python3.13`."""

    @property
    def code(self) -> Path | None:
        """The folder of its code, if there is one."""


class Unsupported(Exception):
    """Raised for a function that cannot run here, with the reason."""


@dataclass(frozen=True)
class Client:
    """A runtime client: how it is started (see `confined.py`), and its language."""

    command: list[str]  # the handler follows
    version: str
    needed: tuple[Path, ...]  # paths that it reads besides the function's code


def find_client(
    function: Function,
    folder: Path,
    environment: Mapping[str, str],
    places: Places,
) -> Client:
    """Return the client for a function whose code is in `folder`."""
    if function.runtime.startswith("python"):
        targets = {link.resolve().parent for link in places.packages.iterdir()}
        version = f"python:{platform.python_version()}"
        here = _packages(function, folder)
        command = ["python", str(places.packages), *map(str, here)]
        return Client(command, version, (places.packages, *targets, *here))
    if function.runtime.startswith("nodejs"):
        return _node(function.name, function.runtime, folder, environment)
    raise _unsupported(function.name, function.runtime)


def _packages(function: Function, folder: Path) -> list[Path]:
    """Return where the packages of Python code are that run here, if not in the code.

    `up` has built them, so this finds them at once unless they were pruned.
    """
    if not any(folder.glob("*.dist-info")):  # none are deployed
        return []
    target = Target.on_lambda(function.runtime, function.architecture)
    try:
        here = build_here(folder, target)
    except CgwError as error:
        raise Unsupported(f"{error.what} ({error.hint})") from None
    return [here] if here else []


def _unsupported(name: str, runtime: str) -> Unsupported:
    """Return the error for a language that cgw cannot run."""
    return Unsupported(
        f"the local AWS runs Python and Node.js functions; {name} has the runtime "
        f"{runtime}"
    )


def _node(
    name: str, runtime: str, folder: Path, environment: Mapping[str, str]
) -> Client:
    """Return AWS's client for Node.js, from a function's folder or the user's."""
    path = absolute(environment.get("PATH", ""))
    node = shutil.which("node", path=path)
    if node is None:
        raise Unsupported(
            f"{name} has the runtime {runtime}, and there is no "
            "`node` on the PATH of the local AWS: install Node.js, then "
            f"`npm install --global {_NODE_CLIENT}`"
        )
    for modules in _module_folders(node, folder, environment):
        if (client := modules / _NODE_CLIENT / "package.json").is_file():
            preload, entry = f"--require={_PRELOADED}", _entry(client)
            command = ["program", node, preload, str(entry)]
            version = _output(node, "--version").removeprefix("v")
            needed = (_prefix(node), modules, entry.resolve().parent)
            return Client(command, f"nodejs:{version}", needed)
    raise Unsupported(
        f"{name} has the runtime {runtime}, and AWS's runtime client "
        f"for Node.js is not installed: `npm install --global {_NODE_CLIENT}`"
    )


def _module_folders(
    node: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[Path]:
    """Yield where Node.js finds packages: the function's own, then the user's."""
    yield folder / "node_modules"
    for entry in absolute(environment.get("NODE_PATH", "")).split(":"):
        if entry:
            yield Path(entry)
    yield _prefix(node) / "lib/node_modules"
    if npm := shutil.which("npm", path=absolute(environment.get("PATH", ""))):
        yield Path(_output(npm, "root", "--global"))


def _prefix(node: str) -> Path:
    return Path(node).resolve().parent.parent


def _entry(package: Path) -> Path:
    """Return the program of a package, whose place depends on the version."""
    programs: dict[str, str] = json.loads(package.read_text("utf-8"))["bin"]
    return package.parent / programs[_NODE_CLIENT]


@cache
def _output(*command: str) -> str:
    # npm reads the settings of its working folder and of the folders above.
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, cwd="/"
    )
    return done.stdout.strip()


def shortcomings(
    functions: Mapping[str, FunctionConfig], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return by name why a function does not run here as on AWS; omit those that do."""
    found = {
        name: _shortcoming(name, function, environment)
        for name, function in functions.items()
    }
    return {name: why for name, why in found.items() if why}


def _shortcoming(
    name: str, function: FunctionConfig, environment: Mapping[str, str]
) -> str | None:
    try:
        here = _runtime(name, function, environment)
    except Unsupported as reason:
        return f"does not run locally: {reason}"
    if here == function.runtime:
        return None
    return (
        f"function `{name}` has the runtime {function.runtime}, "
        f"and runs on {here} locally"
    )


def _runtime(
    name: str, function: FunctionConfig, environment: Mapping[str, str]
) -> str:
    """Return the runtime used here, as Lambda spells it; may raise Unsupported."""
    if function.runtime.startswith("python"):
        return "python{}.{}".format(*platform.python_version_tuple()[:2])
    if function.runtime.startswith("nodejs"):
        folder = function.code or Path(os.devnull)
        client = _node(name, function.runtime, folder, environment)
        return f"nodejs{client.version.removeprefix('nodejs:').partition('.')[0]}.x"
    raise _unsupported(name, function.runtime)
