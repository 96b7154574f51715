"""Pytest fixtures for projects: their API and its tokens, on a local AWS.

pytest loads this wherever cognito-gw is installed, so it imports nothing until a test
asks for a stack.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cognito_gw.testing import LocalStack

_FILE = "cgw.yaml"
_OTHERS = "`--cgw-config FILE` or the `cgw_config` setting of pytest names another"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the setting that choose the file of `cgw_stack`."""
    words = f"the file that describes the stack of the fixture cgw_stack ({_FILE})"
    parser.addini("cgw_config", f"{words}, relative to the rootdir", default=_FILE)
    of_env = "the environment of that file (CGW_ENV)"
    parser.addini("cgw_env", of_env)
    group = parser.getgroup("cognito-gw")
    group.addoption("--cgw-config", metavar="FILE", help=words)
    group.addoption("--cgw-env", metavar="NAME", help=of_env)


@pytest.fixture(scope="session")
def cgw_stack(
    cgw_stack_factory: Callable[..., LocalStack],
    pytestconfig: pytest.Config,
) -> LocalStack:
    """The stack of the project's cgw.yaml, deployed to a private local AWS."""
    return cgw_stack_factory(_chosen(pytestconfig), _chosen_env(pytestconfig))


@pytest.fixture(scope="session")
def cgw_stack_factory(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., LocalStack]]:
    """Return a function that deploys a file's stack to a new private local AWS."""
    with ExitStack() as running:

        def make(file: str | Path, env: str | None = None) -> LocalStack:
            path = pytestconfig.rootpath / file
            folder = tmp_path_factory.mktemp("cgw")
            return _entered(running, path, folder, env)

        yield make


def _chosen(config: pytest.Config) -> Path:
    """Return the file from the command line, or else the project's."""
    given: str | None = config.getoption("--cgw-config")
    if given is None:
        return Path(config.getini("cgw_config"))
    return config.invocation_params.dir / given


def _chosen_env(config: pytest.Config) -> str | None:
    """Return the environment from the command line, CGW_ENV, or the project's."""
    given: str | None = config.getoption("--cgw-env")
    if given is None and not os.environ.get("CGW_ENV"):
        return config.getini("cgw_env") or None
    return given


def _entered(
    running: ExitStack, file: Path, folder: Path, env: str | None
) -> LocalStack:
    """Deploy a stack until `running` ends; report a CgwError as one message."""
    from cognito_gw.errors import CgwError, UsageError
    from cognito_gw.testing import local_stack

    try:
        if not file.exists():
            hint = f"`cgw init` writes one; {_OTHERS}"
            raise UsageError(f"there is no file {file}", hint=hint)
        return running.enter_context(local_stack(file, folder, env))
    except CgwError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        told = f"cognito-gw: {error.what}{hint}"
    pytest.fail(told, pytrace=False)
