"""Search paths for modules and programs: never the current directory."""

from __future__ import annotations

import os
import site
import sys

# The folder from which cgw is imported. `pathlib` is slow to import.
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def absolute(path: str) -> str:
    """Return a search path without relative entries."""
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep)))


def leave_working_folder(*, is_module: bool) -> None:
    """Remove the current directory from the search paths, unless cgw is in it.

    `python -m` puts it first on Python's path. A relative or empty entry of PYTHONPATH
    or PATH means it, too.
    """
    given = os.environ.get("PYTHONPATH")
    entries = given.split(os.pathsep) if given else []
    unsafe = {os.path.abspath(entry) for entry in entries}  # noqa: PTH100
    if is_module and not sys.flags.safe_path:
        unsafe.add(sys.path[0])
    unsafe -= {_HOME, *filter(os.path.isabs, entries)}
    sys.path[:] = [entry for entry in sys.path if entry not in unsafe]
    if "PATH" in os.environ:
        os.environ["PATH"] = absolute(os.environ["PATH"])


def python_module(name: str) -> list[str]:
    """Return the command that runs one of our modules, for use with `environment`."""
    return [sys.executable, "-P", "-m", name]


def environment() -> dict[str, str]:
    """Return our environment with absolute search paths."""
    found = dict(os.environ)
    modules = absolute(found.pop("PYTHONPATH", ""))
    if _HOME not in {*site.getsitepackages(), site.getusersitepackages()}:
        modules = os.pathsep.join(filter(None, (_HOME, modules)))
    if modules:
        found["PYTHONPATH"] = modules
    if "PATH" in found:
        found["PATH"] = absolute(found["PATH"])
    return found
