"""Who may import whom, and what is not imported before it is needed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import cognito_gw

PACKAGE = Path(cognito_gw.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Of our own package, what each layer may import; `resources` means all below it.
MAY_IMPORT = {
    "addresses": set(),
    "aws": {"", "addresses", "aws", "errors", "near"},
    "aws_rules": set(),
    "config": {"addresses", "aws_rules", "config", "errors", "near", "printable"},
    "diagnosis": {
        "diagnosis",
        "aws",
        "errors",
        "near",
        "oauth",
        "once",
        "permission",
        "routing",
    },
    "doctor": {
        "",
        "addresses",
        "aws",
        "doctor",
        "errors",
        "local.daemon",
        "local.runtime",
        "oauth",
        "once",
        "resources",
        "state",
    },
    "engine": {"engine", "errors", "aws.faults"},
    "errors": set(),
    "local.apigw": {
        "local.api_keys",
        "local.apigw",
        "local.faults",
        "local.identity",
        "local.records",
        "local.runtime",
        "local.server_log",
        "permission",
        "routing",
    },
    "local.console": {
        "local.access",
        "local.console",
        "local.emulator",
        "local.hosted_ui",
        "local.identity",
        "local.wire",
    },
    "local.corrections": {
        "aws_rules",
        "local.corrections",
        "local.emulator",
        "local.faults",
        "local.identity",
        "local.runtime",
        "local.snapshot",
    },
    "local.hosted_ui": {
        "local.access",
        "local.faults",
        "local.hosted_ui",
        "local.identity",
    },
    "local.identity": {
        "aws_rules",
        "local.emulator",
        "local.faults",
        "local.identity",
        "srp",
    },
    "local.runtime": {
        "local.faults",
        "local.records",
        "local.runtime",
        "local.server_log",
        "search_path",
    },
    "near": set(),
    "oauth": {"addresses", "oauth", "errors", "state", "aws", "srp"},
    "once": set(),
    "permission": set(),
    "pytest_plugin": {"errors", "testing"},
    "printable": set(),
    "report": {"report", "engine", "errors", "printable"},
    "resources": {"aws_rules", "resources", "engine", "aws", "errors", "config.schema"},
    "routing": set(),
    "search_path": set(),
    "srp": set(),
    "state": set(),
    "testing": {
        "aws",
        "cli",
        "config",
        "engine",
        "errors",
        "local.daemon",
        "near",
        "oauth",
        "report",
        "resources",
        "routing",
        "testing",
    },
}
# What they may name in annotations besides, without importing it when they run.
MAY_NAME = {
    "doctor": {"config"},
    "engine": {"aws.clients"},
    "local.apigw": {"local.activity", "local.snapshot"},
    "local.console": {
        "local.activity",
        "local.control",
        "local.snapshot",
        "local.stages",
    },
    "local.hosted_ui": {"local.control"},
    "local.identity": {"aws_rules", "local.activity"},
    "local.runtime": {"local.access", "local.activity"},
    "resources": {"config.secret"},
}
# What only some layers may import from outside, wherever in a function it stands.
ONLY_IN = {
    "aiohttp": {"local"},
    "boto3": {"aws"},
    "click": {"cli", "report", "testing"},
    "cryptography": {"local", "oauth", "srp"},
    "filelock": {"state"},
    "flask": {"local"},
    "httptools": {"local"},
    "httpx": {"oauth", "cli", "diagnosis", "testing"},
    "jinja2": {"local"},
    "jwt": {"local", "oauth"},
    "moto": {"local"},
    "packaging": {"local"},
    "pydantic": {"config"},
    "pyotp": {"cli", "local"},
    "pytest": {"pytest_plugin"},
    "rich": {"report", "cli"},
    "segno": {"cli", "local"},
    "uvloop": {"local"},
    "watchfiles": {"cli"},
    "werkzeug": {"local"},
    "yaml": {"config", "local"},
}
HEAVY = (
    "aiohttp",
    "boto3",
    "botocore",
    "cryptography",
    "httpx",
    "jwt",
    "moto",
    "pydantic",
    "rich",
    "watchfiles",
    "yaml",
)


class _Imports(ast.NodeVisitor):
    """The modules that a file imports when it runs, and those it only names."""

    def __init__(self, file):
        self.runs, self.names = set(), set()
        self._into = self.runs
        self.visit(ast.parse(file.read_text("utf-8"), str(file)))

    def visit_If(self, node):
        if ast.unparse(node.test) != "TYPE_CHECKING":
            return self.generic_visit(node)
        self._into = self.names
        self.generic_visit(node)
        self._into = self.runs
        return None

    def visit_Import(self, node):
        self._into |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node):
        assert node.level == 0, "imports are absolute"
        base = node.module
        inside = base.startswith("cognito_gw")
        self._into |= {
            _exact(base, each.name) if inside else base for each in node.names
        }


def _exact(base, name):
    """Return the module itself where a name imported from a package is one."""
    path = PACKAGE.parent.joinpath(*base.split("."), name)
    is_module = path.is_dir() or path.with_suffix(".py").is_file()
    return f"{base}.{name}" if is_module else base


def _ours(modules):
    parts = (module.partition(".") for module in modules)
    return {rest for top, _, rest in parts if top == "cognito_gw"}


def _within(module, allowed):
    return any(
        module == each or (each and module.startswith(f"{each}.")) for each in allowed
    )


def _layer(file):
    """Return a file's top package; of the local AWS, the part."""
    top, *rest = file.relative_to(PACKAGE).with_suffix("").parts
    return f"local.{rest[0]}" if top == "local" and rest[1:] else top


@cache
def _imports():
    """Return what each file imports: they are parsed once, for all tests."""
    return {file: _Imports(file) for file in FILES}


def _astray(modules, allowed):
    """Return the modules of our own package that a layer may not import."""
    return {module for module in _ours(modules) if not _within(module, allowed)}


def _named(found):
    """Return the files with something astray, by their names."""
    return {str(file.relative_to(PACKAGE)): each for file, each in found if each}


def test_every_layer_is_bound():
    """A new layer says what it may import; only the command line and local are free."""
    free = {"__init__", "__main__", "cli", "local"}
    assert {_layer(file) for file in FILES} - free == set(MAY_IMPORT)


def test_layers():
    """A layer imports only those beneath it."""

    def astray(file, found):
        allowed = MAY_IMPORT.get(_layer(file))
        if allowed is None:
            return set()
        named = allowed | MAY_NAME.get(_layer(file), set())
        return _astray(found.runs, allowed) | _astray(found.names, named)

    assert (
        _named((file, astray(file, found)) for file, found in _imports().items()) == {}
    )


def test_nothing_imports_the_command_line():
    """The command line is a library only for `testing`, which does what it does."""
    bound = MAY_IMPORT.keys() - {"testing"} | {"local"}

    def of_cli(found):
        modules = _ours(found.runs | found.names)
        return {module for module in modules if _within(module, {"cli"})}

    found = [
        (file, of_cli(found))
        for file, found in _imports().items()
        if _layer(file) in bound
    ]
    assert _named(found) == {}


def test_outsiders():
    """Each library from outside is used in the layers that are for it."""

    def astray(file, found):
        tops = {module.partition(".")[0] for module in found.runs | found.names}
        layer = _layer(file).partition(".")[0]
        return {top for top in tops if top in ONLY_IN and layer not in ONLY_IN[top]}

    assert (
        _named((file, astray(file, found)) for file, found in _imports().items()) == {}
    )


def _loaded_by(*arguments, **environment):
    """Return the libraries that `cgw` with these arguments has loaded at its end."""
    script = (
        "import sys\n"
        "from cognito_gw.__main__ import main\n"
        f"sys.argv = ['cgw', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print('loaded:', *(m for m in {HEAVY!r} if m in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return done.stdout.splitlines()[-1].removeprefix("loaded:").split()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_quick_start(arguments):
    """What needs no AWS and no file loads nothing heavy."""
    assert _loaded_by(*arguments) == []


def test_a_plugin_that_nobody_uses_costs_nothing():
    """Pytest imports it in every project of the environment."""
    script = (
        "import sys, pytest\n"
        "before = {*sys.modules}\n"
        "import cognito_gw.pytest_plugin\n"
        "print(*sorted({*sys.modules} - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["cognito_gw", "cognito_gw.pytest_plugin"]


def test_quick_completion(tmp_path):
    """Somebody waits for it at each Tab: the file is read, and no more than that."""
    (tmp_path / "cgw.yaml").write_text("functions: {mine: }")
    line = f"cgw -c {tmp_path}/cgw.yaml logs "
    asked = {"_CGW_COMPLETE": "bash_complete", "COMP_LINE": line}
    assert _loaded_by(COMP_WORD="", COMP_QUOTE="", **asked) == ["yaml"]
