"""AWS's errors, from `tests/recorded/refusals.yaml`."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import yaml

# Of an environment with one variable AB: 4105 bytes, as Lambda counts them.
LONG = "x" * (4105 - len('{"AB":""}'))


def refusals():
    """Return the rows of the table."""
    file = Path(__file__).parent / "recorded" / "refusals.yaml"
    return yaml.safe_load(file.read_text("utf-8"))


def archive(*names):
    """Return a zip with these files, created on Unix, readable by everyone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            file.writestr(entry, "def handler(event, context): return event")
    return buffer.getvalue()


def filled(value, **places):
    """Return a value with its placeholders filled in."""
    if isinstance(value, dict):
        return {key: filled(each, **places) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, **places) for each in value]
    return places.get(value, value) if isinstance(value, str) else value
