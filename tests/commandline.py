"""The command line in tests: in this process, or in a separate one."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import click
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from click.testing import CliRunner
from fakes import is_read

from cognito_gw.aws.botocore_files import Files, Models
from cognito_gw.aws.clients import Aws
from cognito_gw.cli import cgw
from cognito_gw.cli.command import options_of
from cognito_gw.resources.stack import STEPS

PASSWORD = "Correct-horse-7"
EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"
_COMMAND = re.compile(r"(?:^|[\s($/])cgw ([^|;&#<>)\n`]*)", re.MULTILINE)
_HINT = re.compile(r"^ +hint: .*", re.MULTILINE)
_OPTION = re.compile(r"`(--[a-z][a-z-]*)")
_ELLIPSES = {"…", "..."}
_CALL = re.compile(r"^  [\w-]+ (\w+): \S+, \d+ ms", re.MULTILINE)


def commands_in(line):
    """Return the arguments of every `cgw` in a line of shell."""
    for arguments in _COMMAND.findall(f"{line.partition(' #')[0]}\n"):
        words = shlex.split(arguments.replace('"$(', ""))
        yield [word for word in words if word not in _ELLIPSES]


def parse(words):
    """Parse a command line without running it; return its command."""
    parent, name, command, rest = None, "cgw", cgw, list(words)
    while rest and isinstance(command, click.Group):
        parent = click.Context(command, parent, name, **command.context_settings)
        rest = command.make_parser(parent).parse_args(rest)[1]
        if rest:
            name, command, rest = command.resolve_command(parent, rest)
    with suppress(click.exceptions.Exit):  # --help and --version exit here
        command.make_context(name, rest, parent=parent)
    return command


def strange_options(arguments, text):
    """Return the options in a text's commands that the command does not have."""
    command = cgw
    for word in arguments:
        if isinstance(command, click.Group):
            command = command.get_command(None, word) or command
    hints = "\n".join(_HINT.findall(text))
    return {*_OPTION.findall(hints)} - options_of(command)


@dataclass(frozen=True)
class Outcome:
    """The result of a command: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def calls(self):
        """The AWS operations that `-v` showed."""
        return _CALL.findall(self.err)

    @property
    def writes(self):
        """The operations that write."""
        return [name for name in self.calls if not is_read(name)]

    @property
    def actions(self):
        """The action on each resource, by kind and name."""
        steps = self.document["steps"]
        return {f"{step['kind']} {step['name']}": step["action"] for step in steps}

    @property
    def changed(self):
        """The resources that changed, with their action."""
        kept = ("unchanged", "keep")
        return {key: did for key, did in self.actions.items() if did not in kept}


@dataclass
class Terminal:
    """Runs `cgw` in a separate folder, and checks the exit code each time."""

    folder: Path
    options: tuple[str, ...] = ()  # added to every command
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, text, name="cgw.yaml"):
        """Write the file that describes the stack."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments, typed=None):
        """Run the command line in a separate process."""
        done = subprocess.run(
            [sys.executable, "-m", "cognito_gw", *self.options, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=typed or "",
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def __call__(self, *arguments, code=0, typed=None):
        """Run the command line; check for the exit code and against tracebacks."""
        outcome = self.run(*arguments, typed=typed)
        assert "Traceback" not in outcome.err, outcome.err
        assert not strange_options(arguments, outcome.err), outcome.err
        assert outcome.code == code, f"{outcome.code}\n{outcome.out}\n{outcome.err}"
        return outcome


_read = cache(Files().load_file)
_alias = cache(partial(EventAliaser._alias_event_name, EventAliaser(None)))  # noqa: SLF001
_make_methods = ClientCreator._create_methods  # noqa: SLF001
_list = Models.list_available_services
_methods, _services = {}, {}


def share_service_models(monkeypatch):
    """Let all clients share the models and methods that botocore creates.

    Creating them takes more than half the time of a quick command.
    """
    monkeypatch.setattr(Files, "load_file", staticmethod(_read))
    monkeypatch.setattr(Models, "list_available_services", _services_of)
    monkeypatch.setattr(EventAliaser, "_alias_event_name", staticmethod(_alias))
    monkeypatch.setattr(ClientCreator, "_create_methods", _methods_of)


def _services_of(models, kind):
    """Return the services that botocore has models for, cached."""
    folders = tuple(models.search_paths)
    if folders not in _services:
        _services[folders] = _list(models, kind)
    return _services[folders]


def _methods_of(creator, model):
    """Return the methods of a service's clients, cached."""
    if model.service_name not in _methods:
        _methods[model.service_name] = _make_methods(creator, model)
    return dict(_methods[model.service_name])


class QuickTerminal(Terminal):
    """Runs `cgw` in this process with its folder and environment; raises errors."""

    def run(self, *arguments, typed=None):
        """Run the command line in this process."""
        done = CliRunner().invoke(
            cgw,
            [*self.options, *arguments],
            input=typed,
            prog_name="cgw",
            catch_exceptions=False,
        )
        return Outcome(done.exit_code, done.stdout, done.stderr)


def at_home(home, environment, *options):
    """Return a shell of a user with a separate home, in which AWS needs no waiting."""
    folder = home / "shop"
    folder.mkdir(exist_ok=True)
    environment.setenv("XDG_STATE_HOME", str(home))
    environment.setenv("HOME", str(home))
    environment.chdir(folder)
    share_service_models(environment)
    environment.setitem(Aws.__init__.__kwdefaults__, "sleep", lambda _: None)
    return QuickTerminal(folder, options)


def brought_up(cgw):
    """Create a stack, check that nothing is left to do, and return the `up`."""
    assert set(cgw("plan", "-o", "json").actions.values()) == {"create"}
    up = cgw("up", "-o", "json")
    assert set(up.actions.values()) == {"created"}
    again = cgw("up", "-o", "json", "-v")
    assert set(again.actions.values()) == {"unchanged"}
    assert again.writes == []
    for step in STEPS:
        assert cgw(step, "-o", "json").changed == {}, step
    cgw("plan", "--detailed-exitcode")
    rows = cgw("status", "-o", "json").document["resources"]
    assert {row["state"] for row in rows} == {"ok"}
    return up
