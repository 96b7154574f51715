"""Whether what is installed is what cgw was made for."""

from __future__ import annotations

import operator
import platform
import re
from importlib import metadata
from typing import TYPE_CHECKING

from cognito_gw import __version__
from cognito_gw.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Installed = Callable[[str], str]

_OURS = "cognito-gw"
_SHOWN = ("boto3", "botocore")
_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?P<bounds>[^;]*?)\s*"
    r"(?:;\s*extra == ['\"](?P<extra>\w+)['\"])?",
)
# Enough for our own requirements, which have no others.
_BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
_HOLDS = {">=": operator.ge, "<": operator.lt}


def versions(*, is_local: bool) -> Finding:
    """Compare this environment with what the package says that it needs."""
    try:
        python = metadata.metadata(_OURS)["Requires-Python"]
        requirements = metadata.requires(_OURS) or []
    except metadata.PackageNotFoundError:  # it is run from its source
        python, requirements = "", []
    return judged(requirements, python, metadata.version, is_local=is_local)


def judged(
    requirements: Iterable[str],
    python: str,
    installed: Installed,
    *,
    is_local: bool,
) -> Finding:
    """Judge what is `installed`; the local AWS needs more."""
    extras = {None, "local"} if is_local else {None}
    complaints = [*_unfit("Python", python, platform.python_version())]
    for each in requirements:
        wanted = _REQUIREMENT.fullmatch(each)
        if wanted and wanted["extra"] in extras:
            there = _version(wanted["name"], installed)
            complaints += _unfit(wanted["name"], wanted["bounds"], there)
    found = f"cgw {__version__}, Python {platform.python_version()}"
    for name in (*_SHOWN, "moto") if is_local else _SHOWN:
        found += f", {name} {_version(name, installed) or 'absent'}"
    if complaints:
        fix = "pip install --upgrade 'cognito-gw[local]'"
        fix = fix if is_local else fix.replace("'cognito-gw[local]'", _OURS)
        return Finding("fail", f"{found}; {', '.join(complaints)}", fix)
    return Finding("ok", found)


def _version(name: str, installed: Installed) -> str | None:
    try:
        return installed(name)
    except metadata.PackageNotFoundError:
        return None


def _unfit(name: str, bounds: str, version: str | None) -> Iterator[str]:
    if version is None:
        yield f"{name} is not installed"
    elif not all(
        _HOLDS[sign](_numbers(version), _numbers(bound))
        for sign, bound in _BOUND.findall(bounds)
    ):
        yield f"{name} {version} is not {bounds}"


def _numbers(version: str) -> list[int]:
    """Return the numbers a version begins with; 2.0 is 2."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(each) for each in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers
