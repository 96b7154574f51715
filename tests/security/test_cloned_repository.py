"""Read-only commands run nothing from a cloned repository.

The folder holds a module for every name that cgw, its server, or its workers could
import, and a program for every name that they could look for. Each leaves a mark when
it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from cognito_gw.local import process

pytestmark = pytest.mark.server
CGW = Path(sys.executable).with_name("cgw")  # as installed
FILE = """\
name: cloned
users: [{username: alice@example.com, password: "${CGW_ALICE_PASSWORD}"}]
functions: {hello: {timeout: 29}}
api: {routes: {GET /hello: {}, GET /open: {auth: none}}}
"""
PROGRAMS = ("node", "npm", "git", "uname", "sh", "env", "ldconfig", "gcc", "xdg-open")
PROGRAMS += ("python", "python3", "www-browser", "firefox", "x-www-browser")
# These look for programs, start processes, or run functions. One command has no other
# way to run files from the folder than the rest, so the rest run nightly.
LOOKS = [
    ("--local", "up"),
    ("--local", "call", "/hello"),
    ("--local", "open"),
    ("--local", "doctor"),
]
OTHER_LOOKS = [
    ("plan", "--help"),
    ("--local", "plan"),
    ("--local", "test-method", "/hello"),
    ("--local", "check"),
    ("--local", "explain", "/hello"),
    ("--local", "logs"),
    ("demo",),
]
# Without these the other commands would read nothing, and no worker would start.
MUST_WORK = LOOKS[:2]


def module_names():
    """Every importable name, and the names that Python itself looks for."""
    names = {*sys.stdlib_module_names, *metadata.packages_distributions()}
    names |= {"sitecustomize", "usercustomize", "moto", "uvloop", "jwt", "cognito_gw"}
    return sorted(name for name in names if name.isidentifier())


class Repository:
    """A working folder cloned from a stranger, and the user that inspects it."""

    def __init__(self, folder):
        self.folder = folder / "repository"
        self.witness = folder / "witness"
        self.state = folder / "state"
        self.folder.mkdir()
        (folder / "home").mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "XDG_STATE_HOME": str(self.state),
            "AWS_EC2_METADATA_DISABLED": "true",
            "CGW_ALICE_PASSWORD": "Correct-horse-7",
            "DISPLAY": ":99",  # no browser is installed, but cgw looks for one
        }

    def plant(self, names):
        """Make a module, or a package with its parts, leave a mark when it runs."""
        word = f"import os\nopen({str(self.witness)!r}, 'a').write(__file__ + '\\n')\n"
        for name in names:
            (self.folder / f"{name}.py").write_text(word)
        for part in ("cognito_gw", "cognito_gw/local", "awslambdaric"):
            if part.partition("/")[0] in names:
                (self.folder / part).mkdir(exist_ok=True)
                (self.folder / part / "__init__.py").write_text(word)
                (self.folder / part / "__main__.py").write_text(word)

    def plant_programs(self):
        """Make programs leave a mark, here and in `bin` and `node_modules/.bin`."""
        for place in (".", "bin", "node_modules/.bin"):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
            for name in PROGRAMS:
                program = self.folder / place / name
                program.write_text(f'#!/bin/sh\necho "$0" >> {self.witness}\n')
                program.chmod(0o755)

    def write(self, name, text):
        """Write a file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *command, code=0, **environment):
        """Run a command in the folder."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert code is None or done.returncode == code, done.stderr
        return done

    @property
    def ran(self):
        """The files of the folder that ran."""
        return self.witness.read_text().splitlines() if self.witness.exists() else []


@pytest.fixture
def repository(tmp_path):
    """A cloned repository whose server stops at the end."""
    made = Repository(tmp_path)
    made.write("cgw.yaml", FILE)
    yield made
    process.stop(made.state / "cognito-gw")


@pytest.mark.parametrize(
    "others",
    [[], pytest.param(OTHER_LOOKS, marks=pytest.mark.nightly)],
    ids=["some", "every"],
)
def test_read_only_commands_run_nothing_from_the_folder(repository, others):
    """All modules of Python, of cgw, and of its libraries are planted."""
    repository.plant(module_names())
    repository.plant_programs()
    repository.write(".npmrc", f"prefix={repository.folder}\n")
    repository.write("package.json", '{"name": "cloned"}')
    repository.write(".aws/config", "[default]\ncredential_process = ./git\n")
    path = f".::bin:node_modules/.bin:{os.environ['PATH']}:"
    for arguments in (*LOOKS, *others):
        done = repository.run(str(CGW), *arguments, PATH=path, code=None)
        assert (arguments, repository.ran) == (arguments, [])
        assert done.returncode == 0 or arguments not in MUST_WORK, done.stderr


SETTINGS = {
    "PYTHONPATH": "::.:..:./:/nowhere:",
    "PYTHONUSERBASE": ".",
    "PYTHONSTARTUP": "sitecustomize.py",
    "PYTHONINSPECT": "1",
}
ALONE = [
    *({name: value} for name, value in SETTINGS.items()),
    {"PYTHONPYCACHEPREFIX": "."},  # not above: the server would compile all it imports
    *({"PYTHONPATH": value} for value in ("", ":", ".")),
]


def spelled(settings):
    """Return how a test names its settings."""
    return "=".join(*settings.items()) if len(settings) == 1 else "all"


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        *(pytest.param(each, marks=pytest.mark.nightly) for each in ALONE),
    ],
    ids=spelled,
)
def test_the_server_takes_no_path_into_the_folder_from_its_caller(repository, settings):
    """The variables that Python reads contain relative or empty entries.

    Each variable that leads into the folder is first shown to run the planted files,
    so testing all at once finds what separate tests would find.
    """
    repository.plant(module_names())
    folder = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = repository.folder / f"lib/{folder}/site-packages"
    site.mkdir(parents=True)
    (site / "evil.pth").write_text(f"import os; open({str(repository.witness)!r}, 'a')")
    script = "import sys, pathlib; from cognito_gw.local import process\n"
    script += "where = pathlib.Path(sys.argv[1])\n"
    script += "server = process.start(where)\n"
    script += "own = pathlib.Path(f'/proc/{server.pid}/cwd')\n"
    script += "print(server.url, own.readlink() if own.exists() else where.resolve())\n"
    script += "print(server == process.running(where), process.stop(where))"
    # `-I`: this process stands in for a cgw that was found without that path.
    command = [sys.executable, "-I", "-c", script, "relative/state"]
    started, stopped = repository.run(*command, **settings).stdout.splitlines()
    state = repository.folder / "relative/state"
    # The server works in a separate folder and starts nothing in the caller's.
    assert started.startswith("http://127.0.0.1:")
    assert started.endswith(f" {state}")
    assert stopped == "True True"
    assert (state / "local.log").exists()
    assert (repository.ran, repository.witness.exists()) == ([], False)


def test_python_m_leaves_the_folder_before_it_imports_more(repository):
    """Python puts the folder first; cgw removes it before it imports third-party code.

    As the documentation says, safe path keeps all of it out of `python -m`.
    """
    names = {*metadata.packages_distributions()} - {"cognito_gw"}
    repository.plant(name for name in names if name.isidentifier())
    python = [sys.executable, "-m", "cognito_gw"]
    repository.run(*python, "--local", "plan")
    assert repository.ran == []
    repository.plant(module_names())
    python = [sys.executable, "-P", "-m", "cognito_gw"]
    repository.run(*python, "--local", "plan")
    assert repository.ran == []
