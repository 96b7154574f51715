"""One local AWS and one moto_server per test process; a stack's name per test."""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import contextmanager

import pytest
import quick_server
import yaml
from account import Account
from commandline import (
    EXAMPLE,
    PASSWORD,
    QuickTerminal,
    Terminal,
    share_service_models,
)
from flows import Stack
from moto_server import moto_server

from cognito_gw import search_path
from cognito_gw.local import process

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_EC2_METADATA_DISABLED": "true",
    "CGW_ALICE_PASSWORD": PASSWORD,
    "PYTHONWARNINGS": "error",
}


@pytest.fixture
def environment(environment):
    """The environment of tests/conftest.py, in which `cgw` starts fast."""
    share_service_models(environment)
    return environment


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """The home directory of the user who runs `cgw`."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def variables(home):
    """The environment in which `cgw` runs, without the real user's settings."""
    home_variables = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    return _ENVIRONMENT | home_variables


@pytest.fixture
def quick_start(environment):
    """Let a local AWS that this process starts use a few signing keys for all pools."""
    command = [sys.executable, "-P", quick_server.__file__]
    environment.setattr(search_path, "python_module", lambda _: command)


@pytest.fixture(scope="session")
def local(home, variables):
    """The address of a local AWS with few signing keys, stopped by the command line."""
    shell = Terminal(home, environment=variables)
    with pytest.MonkeyPatch.context() as patch:
        quick_start.__wrapped__(patch)
        started = process.start(home / "state" / "cognito-gw")
    yield started.url
    assert shell("local", "stop").err == "stopped\n"
    assert process.running(home / "state" / "cognito-gw") is None
    assert shell("local", "stop").err == "it was not running\n"


@pytest.fixture(scope="session")
def moto_url():
    """The address of a moto_server without changes."""
    with moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def server(local, home):  # noqa: ARG001 - it must be running
    """The local AWS, with its access key."""
    return process.running(home / "state" / "cognito-gw")


@pytest.fixture(scope="session")
def account(server):
    """The account of the local AWS."""
    return Account.of(server)


@pytest.fixture
def stack_name():
    """A name that no other test uses."""
    return f"s{uuid.uuid4().hex[:8]}"


@pytest.fixture
def example(stack_name):
    """The text of config.example.yaml, for a stack of this test."""
    text = EXAMPLE.read_text(encoding="utf-8")
    return text.replace("name: transactions ", f"name: {stack_name} ", 1)


@pytest.fixture
def shell(tmp_path, example, variables, local):  # noqa: ARG001 - it must be running
    """A shell in a folder with the example, in which `cgw` targets the local AWS."""
    terminal = Terminal(tmp_path, ("--local",), variables)
    terminal.write(example)
    return terminal


@pytest.fixture
def cgw(shell, environment):
    """The same, with `cgw` run in this process, for short cases."""
    for name, value in shell.environment.items():
        environment.setenv(name, value)
    environment.chdir(shell.folder)
    return QuickTerminal(shell.folder, shell.options)


@pytest.fixture
def edited(example):
    """Return a maker of the example's text with one thing changed."""

    def make(change):
        data = yaml.safe_load(example)
        change(data)
        return yaml.safe_dump(data)

    return make


class Standing:
    """A stack that is up, for tests that change one thing and revert it."""

    def __init__(self, terminal, name, text):
        self.cgw = terminal
        self.name = name
        self.text = text
        self.outputs = {}
        self.is_changed = False

    def change(self, path, value):
        """Change one value in the file."""
        self.change_all({tuple(path): value})

    def change_all(self, values):
        """Change values in the file, by their paths."""
        data = yaml.safe_load(self.text)
        for path, value in values.items():
            here = data
            for key in path[:-1]:
                here = here[key]
            here[path[-1]] = self._spelled(value)
        self.is_changed = True
        self.cgw.write(yaml.safe_dump(data))

    def restore(self):
        """Restore the file."""
        self.cgw.write(self.text)

    def restored(self):
        """Restore everything."""
        self.restore()
        outcome = self.cgw("up", "-o", "json")
        self.is_changed = False
        return outcome

    def spelled(self, expected):
        """Return expected steps with this stack's name in them."""
        return {self._spelled(key): word for key, word in expected.items()}

    def _spelled(self, value):
        is_text = isinstance(value, str)
        return value.replace("{stack}", self.name) if is_text else value


@contextmanager
def in_process(variables, folder):
    """Run `cgw` in this process, for fixtures of more than one test."""
    with pytest.MonkeyPatch.context() as patch:
        share_service_models(patch)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        yield QuickTerminal(folder, ("--local",), variables)


@pytest.fixture(scope="session")
def standing_stack(tmp_path_factory, variables, local):  # noqa: ARG001
    """One stack for all tests of this process that make small, reverted changes."""
    folder = tmp_path_factory.mktemp("standing")
    name = f"s{uuid.uuid4().hex[:8]}"
    text = EXAMPLE.read_text(encoding="utf-8").replace("transactions ", f"{name} ", 1)
    text += f"domain: {name}-default\n"
    code = folder / "code"
    code.mkdir()
    (code / "lambda_function.py").write_text("def lambda_handler(event, _): pass\n")
    stack = Standing(QuickTerminal(folder, ("--local",), variables), name, text)
    stack.restore()
    with in_process(variables, folder) as terminal:
        stack.outputs = terminal("up", "-o", "json").document["outputs"]
    yield stack
    with in_process(variables, folder) as terminal:
        terminal("down", "--yes")


@pytest.fixture
def standing(standing_stack, environment):
    """The same, as its file describes it."""
    for name, value in standing_stack.cgw.environment.items():
        environment.setenv(name, value)
    environment.chdir(standing_stack.cgw.folder)
    if standing_stack.is_changed:  # left by a test that failed, or only planned
        standing_stack.restored()
    return standing_stack


@pytest.fixture(scope="session")
def standing_flows(tmp_path_factory, variables, local, home):  # noqa: ARG001
    """One stack for all tests of this process."""
    folder = tmp_path_factory.mktemp("flows")
    with in_process(variables, folder):
        stack = Stack(folder, f"f{os.getpid()}", variables, home)
    yield stack
    with in_process(variables, folder):
        stack.quick("down", "--yes")


@pytest.fixture
def signed_in(standing_flows, environment):
    """The same, with tokens left by an earlier test."""
    for name, value in standing_flows.shell.environment.items():
        environment.setenv(name, value)
    environment.setattr("webbrowser._tryorder", None)  # or it reads BROWSER only once
    environment.chdir(standing_flows.shell.folder)
    return standing_flows


@pytest.fixture
def stack(signed_in):
    """The same, without tokens."""
    signed_in.quick("token", "--forget")
    return signed_in
