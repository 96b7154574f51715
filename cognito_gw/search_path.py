"""Where modules and programs are looked for: never in the folder that cgw is run in."""

from __future__ import annotations

import os
import site
import sys

# The folder that cgw itself is imported from. `pathlib` is slow to import.
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def absolute(path: str) -> str:
    """Return a search path without the entries that lead into the working folder."""
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep)))


def leave_working_folder(*, is_module: bool) -> None:
    """Look for nothing more in the working folder, unless cgw itself is there.

    With `python -m` it comes first on Python's path. A relative or an empty entry of
    PYTHONPATH or PATH leads there, too.
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
    """Return the command that runs a module of ours, to be run in `environment`."""
    return [sys.executable, "-P", "-m", name]


def environment() -> dict[str, str]:
    """Return our environment, with search paths that lead to the same everywhere."""
    found = dict(os.environ)
    modules = absolute(found.pop("PYTHONPATH", ""))
    if _HOME not in {*site.getsitepackages(), site.getusersitepackages()}:
        modules = os.pathsep.join(filter(None, (_HOME, modules)))
    if modules:
        found["PYTHONPATH"] = modules
    if "PATH" in found:
        found["PATH"] = absolute(found["PATH"])
    return found
