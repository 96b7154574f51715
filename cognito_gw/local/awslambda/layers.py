"""The folders that stand in for a function's layers.

A function has them in a variable of its environment, which the function does not see:
so they change, drift and are saved with the function. Lambda unpacks layers into /opt;
here their folders are on the search paths instead. Lambda guide, "Packaging your layer
content".
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VARIABLE = "CGW_LOCAL_LAYERS"


def variable_of(folders: Iterable[Path]) -> dict[str, str]:
    """Return the variable for these folders; it changes when their files do."""
    found = [*folders]
    if not found:
        return {}
    newest = max(path.stat().st_mtime_ns for path in _all(found))
    return {VARIABLE: "\n".join([str(newest), *map(str, found)])}


def _all(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for at, _, names in os.walk(folder):
            yield Path(at)
            yield from (path for name in names if (path := Path(at, name)).exists())


@dataclass(frozen=True)
class Layers:
    """The folders of a function's layers, in its order: later ones come first."""

    folders: tuple[Path, ...] = ()
    newest: str = ""  # when a file changed last

    @classmethod
    def taken_from(cls, environment: dict[str, str]) -> Layers:
        """Remove the variable from a function's environment; return its folders."""
        newest, *folders = environment.pop(VARIABLE, "").split("\n")
        return cls(tuple(map(Path, reversed(folders))), newest)

    def python(self, runtime: str) -> list[Path]:
        """Return where Python finds modules."""
        own = f"python/lib/{runtime}/site-packages"
        return self._existing(own, "python")

    def variables(self, runtime: str, path: str) -> dict[str, str]:
        """Return the variables by which programs and libraries are found."""
        if not self.folders:
            return {}
        own = f"nodejs/node{runtime.removeprefix('nodejs').removesuffix('.x')}"
        found = {
            "PATH": [path, *map(str, self._existing("bin"))],
            "LD_LIBRARY_PATH": [
                os.environ.get("LD_LIBRARY_PATH", ""),
                *map(str, self._existing("lib")),
            ],
            "NODE_PATH": [
                *map(str, self._existing(f"{own}/node_modules", "nodejs/node_modules"))
            ],
        }
        return {
            name: os.pathsep.join(filter(None, entries))
            for name, entries in found.items()
            if any(entries)
        }

    def _existing(self, *names: str) -> list[Path]:
        found = [folder / name for name in names for folder in self.folders]
        return [folder for folder in found if folder.is_dir()]
