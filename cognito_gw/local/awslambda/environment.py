"""What a function finds where it runs: folders, packages, environment variables."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from contextlib import suppress
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cognito_gw.search_path import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.local.awslambda.lambda_store import Function


# Variables of the server that a process needs to run.
_PASSED_ON = ("LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")


def function_variables(
    environment: Mapping[str, str], function: Function, place: Place, stream: str
) -> dict[str, str]:
    """Return the environment of a function in `place` that logs to `stream`.

    It has Lambda's variables, except those of this start, and the function's own. Of
    the server's `environment` it has only what a process needs to run: none leads to
    the user's settings, least of all to those for the real AWS.
    """
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    path = absolute(environment.get("PATH", ""))
    return passed_on | {
        "PATH": path,
        **function.layers.variables(function.runtime, path),
        "HOME": str(place.home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "LAMBDA_TASK_ROOT": str(place.code),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        **function.environment,
    }


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
    """Yield the names of a distribution's requirements here, without extras."""
    for line in distribution.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def _top_level(distribution: metadata.Distribution) -> set[str]:
    """Return the names of its modules, packages and metadata on the path."""
    if distribution.files is not None:
        return {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}
    # The packages of Linux distributions do not list their files.
    modules = (distribution.read_text("top_level.txt") or distribution.name).split()
    place = Path(str(distribution.locate_file("")))
    patterns = [f"{name}{end}" for name in modules for end in ("", ".*", "-*")]
    return {path.name for pattern in patterns for path in place.glob(pattern)}


_PREFIX = "cgw-functions-"


class Place:
    """The folder of one revision of a function, until its last worker has ended."""

    def __init__(self, parent: str, code: bytes) -> None:
        """Unpack the code, read-only as on Lambda, and create an empty home."""
        self._folder = _temporary("function-", parent)
        self.code = Path(self._folder.name, "code")
        self.home = Path(self._folder.name, "home")
        try:
            _unpack(code, self.code)
        except BaseException:
            self.remove()
            raise
        self.home.mkdir(mode=0o500)

    def tmp(self) -> tempfile.TemporaryDirectory[str]:
        """Create a folder for the files that one worker writes."""
        return _temporary("tmp-", self._folder.name)

    def remove(self) -> None:
        """Remove all of it."""
        self._folder.cleanup()


class Places:
    """The folders of all functions of one local AWS, created when first needed."""

    def __init__(self, parent: Path | None) -> None:
        """Use `parent`, which no one else uses, or the folder for temporary files."""
        self._parent = parent

    def make(self, code: bytes) -> Place:
        """Create the folder of a new revision of a function."""
        return Place(self._folder.name, code)

    def remove(self) -> None:
        """Remove all of it."""
        if "_folder" in vars(self):
            self._folder.cleanup()

    @cached_property
    def packages(self) -> Path:
        """The packages that Python functions can import besides their code."""
        return link_packages(Path(self._folder.name, "python"))

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        if self._parent is not None:
            _remove_leftovers(self._parent)
        return _temporary(_PREFIX, self._parent)


def _temporary(
    prefix: str, parent: str | Path | None
) -> tempfile.TemporaryDirectory[str]:
    # A process that left its function's process group may still write there.
    return tempfile.TemporaryDirectory(
        prefix=prefix, dir=parent, ignore_cleanup_errors=True
    )


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of a server that was killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        for path, _, _ in os.walk(folder):
            Path(path).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(code: bytes, folder: Path) -> None:
    folder.mkdir()
    modes = {folder: 0o500}
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for entry in archive.infolist():  # extract() keeps every path inside
            path = Path(archive.extract(entry, folder))
            modes |= dict.fromkeys(path.parents[: -len(folder.parents)], 0o500)
            modes[path] = (entry.external_attr >> 16) & 0o555 | 0o400
    for path, mode in modes.items():
        path.chmod(mode | 0o100 if path.is_dir() else mode)
