"""What a function sees: environment variables and packages."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cognito_gw.search_path import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.local.awslambda.functions import Function


# Of the server's own, just what a process needs to run.
_PASSED_ON = ("LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")


def surroundings(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return what of the server's environment a function may see, and its own home.

    Nothing leads it to the user's settings, least of all to those for the real AWS.
    """
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    return passed_on | {
        "PATH": absolute(environment.get("PATH", "")),
        "HOME": str(home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def variables(
    function: Function, folder: Path, *, url: str, port: int, stream: str
) -> dict[str, str]:
    """Return Lambda's variables but for the access key, and the function's own."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(folder),
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
