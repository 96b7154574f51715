"""AWS's runtime clients, which run a function: where they are, how they start."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cognito_gw.local.records import Function

_NODE_CLIENT = "aws-lambda-ric"
# As `-m awslambdaric`. From Python 3.12 on, that starts a thread to wait for each job,
# so that signals are heard between jobs: none is sent here, and it doubles the cost.
_PYTHON_CLIENT = """\
import contextlib, os, sys
sys.path[0] = os.getcwd()
from awslambdaric import __main__
with contextlib.suppress(ImportError):  # of an older client
    from awslambdaric.lambda_config import LambdaConfigProvider
    LambdaConfigProvider.SUPPORTED_THREADPOLLING_ENVS = frozenset()
__main__.main(sys.argv)
"""


class Unsupported(Exception):
    """Raised for a function that cannot run here, with the reason."""


@dataclass(frozen=True)
class Client:
    """A runtime client: the command that runs a function by it, and its language."""

    command: list[str]
    version: str


def find_client(
    function: Function, folder: Path, environment: Mapping[str, str]
) -> Client:
    """Return the client for a function whose code lies in `folder`."""
    if function.runtime.startswith("python"):
        command = [sys.executable, "-c", _PYTHON_CLIENT, function.handler]
        return Client(command, f"python:{platform.python_version()}")
    if function.runtime.startswith("nodejs"):
        return _node(function, folder, environment)
    raise Unsupported(
        "the local AWS runs Python and Node.js functions; "
        f"{function.name} has the runtime {function.runtime}"
    )


def _node(function: Function, folder: Path, environment: Mapping[str, str]) -> Client:
    path = environment.get("PATH", "")
    node = shutil.which("node", path=path)
    if node is None:
        raise Unsupported(
            f"{function.name} has the runtime {function.runtime}, and there is no "
            "`node` on the PATH of the local AWS: install Node.js, then "
            f"`npm install --global {_NODE_CLIENT}`"
        )
    for modules in _module_folders(node, folder, environment):
        if (client := modules / _NODE_CLIENT / "package.json").is_file():
            command = [node, str(_entry(client)), function.handler]
            return Client(command, f"nodejs:{_version(node)}")
    raise Unsupported(
        f"{function.name} has the runtime {function.runtime}, and AWS's runtime client "
        f"for Node.js is not installed: `npm install --global {_NODE_CLIENT}`"
    )


def _module_folders(
    node: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[Path]:
    """Give where Node.js finds packages: the function's own, then the user's."""
    yield folder / "node_modules"
    for entry in environment.get("NODE_PATH", "").split(":"):
        if entry:
            yield Path(entry)
    yield Path(node).resolve().parent.parent / "lib/node_modules"
    if npm := shutil.which("npm", path=environment.get("PATH", "")):
        yield Path(_output(npm, "root", "--global"))


def _entry(package: Path) -> Path:
    """Return the program of a package; versions have it at different places."""
    programs: dict[str, str] = json.loads(package.read_text("utf-8"))["bin"]
    return package.parent / programs[_NODE_CLIENT]


def _version(node: str) -> str:
    return _output(node, "--version").removeprefix("v")


@cache
def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()
