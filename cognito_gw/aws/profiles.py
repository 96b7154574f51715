"""The profiles of the AWS configuration files, read without botocore: quickly."""

from __future__ import annotations

from configparser import ConfigParser, Error
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONFIG = ("AWS_CONFIG_FILE", "~/.aws/config")
_CREDENTIALS = ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
_PROFILE = "profile "


def profile_regions(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return every profile with its region, if it has one."""
    found: dict[str, str | None] = {}
    for name, section in _sections(environment, *_CONFIG).items():
        if name == "default" or name.startswith(_PROFILE):
            profile = name.removeprefix(_PROFILE).strip().strip("\"'")
            found[profile] = section.get("region")
    for name in _sections(environment, *_CREDENTIALS):
        found.setdefault(name, None)
    return found


def region_around(environment: Mapping[str, str], profile: str | None) -> str | None:
    """Return the region that a stack without one would go to, if any."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if environment.get(name):
            return environment[name]
    chosen = profile or environment.get("AWS_PROFILE") or "default"
    return profile_regions(environment).get(chosen)


def _sections(
    environment: Mapping[str, str], variable: str, default: str
) -> Mapping[str, Mapping[str, str]]:
    file = environment.get(variable) or default
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(Path(file).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError, Error):
        return {}
    return {name: parser[name] for name in parser.sections()}
