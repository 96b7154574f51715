"""What a Python function finds on AWS besides its own code: no more is shown to it."""

from __future__ import annotations

from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ON_LAMBDA = ("awslambdaric", "boto3")


def link_packages(folder: Path) -> Path:
    """Fill a folder with links to Lambda's packages as they are installed here."""
    folder.mkdir()
    for distribution in _with_requirements(_ON_LAMBDA):
        for name in _top_level(distribution):
            target = Path(str(distribution.locate_file(name))).resolve()
            if target.exists() and not (folder / name).is_symlink():
                (folder / name).symlink_to(target)
    return folder


def _with_requirements(names: Iterable[str]) -> list[metadata.Distribution]:
    found: dict[str, metadata.Distribution] = {}
    waiting = [*names]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            with suppress(metadata.PackageNotFoundError):  # its import will say so
                found[name] = metadata.distribution(name)
                waiting += _requirements(found[name])
    return [*found.values()]


def _requirements(distribution: metadata.Distribution) -> Iterator[str]:
    """Give the names of what a distribution requires here, extras aside."""
    for line in distribution.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def _top_level(distribution: metadata.Distribution) -> set[str]:
    """Return its modules, packages and metadata, as they are called on the path."""
    if distribution.files is not None:
        return {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}
    # The packages of Linux distributions do not list their files.
    modules = (distribution.read_text("top_level.txt") or distribution.name).split()
    place = Path(str(distribution.locate_file("")))
    patterns = [f"{name}{end}" for name in modules for end in ("", ".*", "-*")]
    return {path.name for pattern in patterns for path in place.glob(pattern)}
