"""Which package may import which, and which modules load only when needed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import cognito_gw

PACKAGE = Path(cognito_gw.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
BELOW = {"", "aws_rules", "errors", "gateway_rules", "text"}

# Allowed imports of each package from our code, besides itself and BELOW,
# also for annotations. "" is the version; `local` is the root of the local AWS.
MAY_IMPORT = {
    **{module: set() for module in BELOW},
    "__main__": {"cli", "search_path"},
    "app": {
        "aws",
        "config",
        "diagnosis",
        "engine",
        "local",
        "local.awslambda",
        "oauth",
        "resources",
        "state",
    },
    "aws": set(),
    "cli": {
        "app",
        "aws",
        "config",
        "diagnosis",
        "doctor",
        "engine",
        "local",
        "local.awslambda",
        "oauth",
        "resources",
    },
    "config": set(),
    "diagnosis": {"aws", "oauth"},
    "doctor": {
        "aws",
        "config",
        "local",
        "local.awslambda",
        "oauth",
        "resources",
        "state",
    },
    "engine": {"aws"},
    "local": {
        "aws",
        "local.apigateway",
        "local.awslambda",
        "local.cognito",
        "search_path",
        "state",
    },
    "local.apigateway": {"local", "local.awslambda", "local.cognito"},
    "local.awslambda": {"local", "packages", "search_path"},
    "local.cognito": {"local", "oauth"},
    "oauth": {"aws", "state"},
    "packages": {"state"},
    "pytest_plugin": {"testing"},
    "resources": {"aws", "config", "engine", "packages", "state"},
    "search_path": set(),
    "state": set(),
    "testing": {
        "app",
        "aws",
        "config",
        "engine",
        "local",
        "oauth",
        "resources",
    },
}
# Third-party libraries that only some packages may import, also inside functions.
ONLY_IN = {
    "aiohttp": {"local"},
    "boto3": {"aws"},
    "click": {"cli"},
    "cryptography": {"local", "oauth"},
    "filelock": {"local", "state"},
    "flask": {"local"},
    "httptools": {"local"},
    "httpx": {"app", "cli", "diagnosis", "oauth", "testing"},
    "jinja2": {"local"},
    "jwt": {"local", "oauth"},
    "moto": {"local"},
    "packaging": {"doctor", "local", "packages"},
    "pydantic": {"config"},
    "pyotp": {"app", "cli", "local"},
    "pytest": {"pytest_plugin"},
    "rich": {"cli"},
    "segno": {"app", "cli", "local"},
    "uvloop": {"local"},
    "watchfiles": {"app", "cli"},
    "werkzeug": {"local"},
    "yaml": {"config", "diagnosis", "local"},
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


@cache
def _imports():
    """Return each module's imports, also in functions and for annotations."""
    return {_name(file): _imported(file) for file in FILES}


def _imported(file):
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {_module(node.module, alias.name) for alias in node.names}
    return found


def _name(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _module(base, name):
    """Return the module `name` of a package, or the module that defines it."""
    path = PACKAGE.parent.joinpath(*base.split("."), name)
    is_module = path.is_dir() or path.with_suffix(".py").is_file()
    return f"{base}.{name}" if is_module else base


def _layer(module):
    """Return a module's top-level package; for the local AWS, the part."""
    _, top, *rest = [*module.split("."), ""]
    is_part = top == "local" and rest[0] and (PACKAGE / top / rest[0]).is_dir()
    return f"local.{rest[0]}" if is_part else top


def _is_ours(module):
    return module.partition(".")[0] == "cognito_gw"


def test_every_package_is_bound():
    """A new package must declare its imports."""
    assert {_layer(module) for module in _imports()} == set(MAY_IMPORT)


def test_packages_import_only_those_below():
    """The command line is at the top; only the program itself imports it."""
    astray = {
        (module, other)
        for module, found in _imports().items()
        for other in filter(_is_ours, found)
        if _layer(other) not in MAY_IMPORT[_layer(module)] | BELOW | {_layer(module)}
    }
    assert astray == set()


def test_no_module_imports_itself_through_others():
    """A cycle would make its modules impossible to read or test one by one."""
    graph = {module: found & _imports().keys() for module, found in _imports().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_libraries_stay_in_their_packages():
    """Each library is used only in the packages that need it."""
    astray = {
        (module, top)
        for module, found in _imports().items()
        for top in {other.partition(".")[0] for other in found}
        if _layer(module).partition(".")[0]
        not in ONLY_IN.get(top, {_layer(module).partition(".")[0]})
    }
    assert astray == set()


def _loaded_by(*arguments, **environment):
    """Return the libraries that `cgw` with these arguments loads."""
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
    """Commands that need neither AWS nor a file load no slow library."""
    assert _loaded_by(*arguments) == []


def test_an_unused_plugin_costs_nothing():
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
    """The user waits for each Tab: only the file is read."""
    (tmp_path / "cgw.yaml").write_text("functions: {mine: }")
    line = f"cgw -c {tmp_path}/cgw.yaml logs "
    asked = {"_CGW_COMPLETE": "bash_complete", "COMP_LINE": line}
    assert _loaded_by(COMP_WORD="", COMP_QUOTE="", **asked) == ["yaml"]
